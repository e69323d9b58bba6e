//! Can the refusals of a refresh be told apart by their time? Unknown user, unknown mechanism, bad signature: in process, from the cache and from the files, beside one HMAC; and over HTTP on loopback. The classes take turns,
//! sample by sample, and medians are compared (abuse case 28: whoever asks without a token must not learn which users exist).

use std::error::Error;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use device_core::{DeviceKind, RefreshMessage, SetKey, Show};
use device_registry::{Policy, Registry};
use device_server::callers::Callers;
use device_server::http::{Service, router, serve};
use device_server::settings::{Flags, Settings};
use device_server::source::Proxies;
use device_store::DeviceStore as _;
use device_store_journal::{JournalStore, Options};
use device_wire::call::Reading;
use devreg_benches::messages::{signed, tag};
use devreg_benches::population::{Population, mechanism, signing_key, token, username};
use devreg_benches::random::SplitMix;
use devreg_benches::ready;

const USERS: usize = 100_000;

/// Enough for all sets.
const CACHE_BYTES: u64 = 1 << 30;

/// Samples of each class.
const SAMPLES: usize = 10_000;

/// In process more are cheap.
const SAMPLES_IN_PROCESS: usize = 50_000;

#[derive(Debug, Clone, Copy)]
enum Class {
    UnknownUser,
    UnknownMechanism,
    BadSignature,
}

const CLASSES: [Class; 3] = [Class::UnknownUser, Class::UnknownMechanism, Class::BadSignature];

impl Class {
    /// A message of this class about a random user; messages of all classes are equally long.
    fn message(self, random: &mut SplitMix) -> Vec<u8> {
        let user = random.below(USERS);
        let (name, mechanism, key) = match self {
            Self::UnknownUser => (USERS + user, mechanism(user, 0), signing_key(user, 0)),
            Self::UnknownMechanism => (user, mechanism(USERS + user, 0), signing_key(user, 0)),
            Self::BadSignature => (user, mechanism(user, 0), signing_key(USERS + user, 0)),
        };
        signed(username(name).as_str(), &mechanism, &token(user, 1), &key)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))?;
    let population = Population::of(USERS);
    let mut options = Options::default();
    options.cache_bytes = CACHE_BYTES;
    population.store_in(&JournalStore::open(folder.path(), &options)?);
    println!("one HMAC of the signed part: {} ns\n", median(hmac()));
    println!("| where | unknown user | unknown mechanism | bad signature |\n|---|--:|--:|--:|");
    for (place, cache_bytes) in
        [("in process, from the cache", CACHE_BYTES), ("in process, from the files", 0)]
    {
        options.cache_bytes = cache_bytes;
        let registry =
            Registry::new(JournalStore::open(folder.path(), &options)?, Policy::default());
        warm(&registry, &population)?;
        let refuse = |body: &[u8]| {
            let message = RefreshMessage::parse(body).expect("a message");
            ready(registry.refresh(&population.realm, &message, None)).expect_err("a refusal");
        };
        row(place, SAMPLES_IN_PROCESS, refuse);
    }
    options.cache_bytes = CACHE_BYTES;
    let registry = Registry::new(JournalStore::open(folder.path(), &options)?, Policy::default());
    warm(&registry, &population)?;
    over_http(registry)
}

/// Loads every set once, so that those are cached that are to be.
fn warm(registry: &Registry<JournalStore>, population: &Population) -> Result<(), Box<dyn Error>> {
    for user in 0..USERS {
        let key = SetKey::new(&population.realm, &username(user), DeviceKind::Push);
        black_box(ready(registry.store().load(&key))?);
    }
    Ok(())
}

fn hmac() -> Vec<u64> {
    let mut random = SplitMix::new(5);
    let time = |_| {
        let body = Class::BadSignature.message(&mut random);
        let text: serde_json::Value = serde_json::from_slice(&body).expect("a body");
        let signed = text["jwt"].as_str().and_then(|jwt| jwt.rsplit_once('.')).expect("a JWS").0;
        let key = signing_key(1, 1);
        let started = Instant::now();
        black_box(tag(&key, signed.as_bytes()));
        nanoseconds(started)
    };
    (0..SAMPLES_IN_PROCESS).map(time).collect()
}

/// Refuses `samples` messages of each class and prints the medians in nanoseconds. Each class is first, second and last equally often.
fn row(place: &str, samples: usize, mut refuse: impl FnMut(&[u8])) {
    let mut random = SplitMix::new(3);
    let mut times = [const { Vec::new() }; 3];
    for sample in 0..samples {
        for turn in 0..CLASSES.len() {
            let class = (sample + turn) % CLASSES.len();
            let body = CLASSES[class].message(&mut random);
            let started = Instant::now();
            refuse(&body);
            times[class].push(nanoseconds(started));
        }
    }
    let [user, mechanism, signature] = times.map(median);
    println!("| {place} | {user} ns | {mechanism} ns | {signature} ns |");
}

fn over_http(registry: Registry<JournalStore>) -> Result<(), Box<dyn Error>> {
    let settings = Settings::load(&Flags::default())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = runtime.enter();
    let realms = settings.realms()?;
    let callers = Callers::new(&settings, &realms, None)?;
    let service = Arc::new(Service {
        registry,
        reading: Reading { realms, contexts: settings.contexts(), require_if_match: false },
        callers,
        show: Show::AnswerRedacted,
        // What is measured is what the limit lets through.
        refresh_limit: None,
        proxies: Proxies::default(),
        cors: None,
    });
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(serve(listener, router(service), std::future::pending()));
    let mut client = Client::connect(address)?;
    row("over HTTP", SAMPLES, |body| {
        client.refresh(body).expect("an answer");
    });
    Ok(())
}

/// A connection that is kept. All refusals are equally long; how long is seen in the first one.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
    length: Option<usize>,
}

impl Client {
    fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 4096], length: None })
    }

    fn refresh(&mut self, body: &[u8]) -> std::io::Result<()> {
        let mut request = format!(
            "POST /am/json/alpha/push/sns/message?_action=refresh HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        match self.length {
            Some(length) => self.stream.read_exact(&mut self.answer[..length])?,
            None => self.length = Some(self.stream.read(&mut self.answer)?),
        }
        assert!(self.answer.starts_with(b"HTTP/1.1 400 "), "a refusal");
        Ok(())
    }
}

fn nanoseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}
