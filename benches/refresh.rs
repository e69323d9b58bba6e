//! A push refresh in process on the memory store, beside what cannot be left out: one HMAC of the signed bytes, and reading the JSON.

use criterion::{BatchSize, Bencher, BenchmarkGroup, Criterion, measurement::WallTime};
use device_core::RefreshMessage;
use device_registry::{Policy, Registry};
use device_store::MemoryStore;
use devreg_benches::figures::{FLOOR, MEASURED};
use devreg_benches::messages::{Message, Phones, tag};
use devreg_benches::population::{DEVICES, fill, realm, signing_key};
use devreg_benches::ready;
use devreg_benches::refreshes::{BATCH, read_json, signed_part};
use devreg_benches::scale::Scale;
use std::hint::black_box;

/// Measures one call a message; `prepare` makes of it what is at hand when the clock starts.
fn each<T>(
    bencher: &mut Bencher<'_>,
    phones: &mut Phones,
    prepare: impl Fn(Message) -> T,
    call: impl FnMut(&mut T),
) {
    let next = || prepare(phones.sign());
    bencher.iter_batched_ref(next, call, BatchSize::NumIterations(BATCH as u64));
}

fn floor_json(group: &mut BenchmarkGroup<'_, WallTime>, phones: &mut Phones) {
    group.bench_function(format!("{FLOOR}JSON"), |bencher| {
        let mut claims = Vec::with_capacity(1024);
        let read = |body: &mut Vec<u8>| {
            black_box(read_json(body, &mut claims));
        };
        each(bencher, phones, |message| message.body, read);
    });
}

fn floor_hmac(group: &mut BenchmarkGroup<'_, WallTime>, phones: &mut Phones) {
    group.bench_function(format!("{FLOOR}HMAC"), |bencher| {
        let prepare = |message: Message| {
            (signing_key(message.user, message.device), signed_part(&message.body))
        };
        each(bencher, phones, prepare, |(key, signed)| {
            black_box(tag(key, signed.as_bytes()));
        });
    });
}

fn main() {
    let scale = Scale::from_environment();
    let mut criterion: Criterion = scale.criterion();
    let users = scale.users_many;
    let realm = realm();
    let store = MemoryStore::default();
    // Nobody else holds the sets: a superseded device that stays would cost its successor new memory.
    fill(&store, users, DEVICES);
    let registry = Registry::new(store, Policy::default());
    let mut phones = Phones::of(users);

    let mut group = criterion.benchmark_group("refresh, message read");
    floor_json(&mut group, &mut phones);
    group.bench_function(MEASURED, |bencher| {
        let read = |body: &mut Vec<u8>| {
            black_box(RefreshMessage::parse(body).expect("a message"));
        };
        each(bencher, &mut phones, |message| message.body, read);
    });
    group.finish();

    let mut group = criterion.benchmark_group(format!("refresh, whole, {users} users, memory"));
    floor_hmac(&mut group, &mut phones);
    floor_json(&mut group, &mut phones);
    group.bench_function(MEASURED, |bencher| {
        let refresh = |body: &mut Vec<u8>| {
            let message = RefreshMessage::parse(body).expect("a message");
            ready(registry.refresh(&realm, &message, None)).expect("a refresh");
        };
        each(bencher, &mut phones, |message| message.body, refresh);
    });
    group.finish();
    criterion.final_summary();
}
