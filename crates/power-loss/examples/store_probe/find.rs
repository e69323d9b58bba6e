//! What is in a store, and how many of each writer's operations explain it.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_core::{DeviceSet, SetKey, UserId};
use device_store::{DeviceStore, SequencedChange};
use futures_executor::block_on;
use power_loss::Verdict;

use crate::ack::Ack;
use crate::options::Options;
use crate::plan::{Operation, Writer, realm};

/// What was judged, or why the folder fails.
pub(crate) type Judged<T> = Result<T, (Verdict, String)>;

/// Everything that a full scan and a walk through the log give.
pub(crate) struct Found {
    sets: BTreeMap<SetKey, Arc<DeviceSet>>,
    changes: Vec<SequencedChange>,
}

/// Reads everything.
pub(crate) fn read(store: &impl DeviceStore) -> Judged<Found> {
    block_on(async {
        let mut sets: BTreeMap<SetKey, Arc<DeviceSet>> = BTreeMap::new();
        loop {
            let after = sets.last_key_value().map(|(key, _)| key);
            let page = store.scan(after, PAGE).await.map_err(because(Verdict::Unusable))?;
            if page.is_empty() {
                break;
            }
            for entry in page {
                let set = entry.set.map_err(because(Verdict::Garbage))?;
                let loaded = store.load(&entry.key).await.map_err(because(Verdict::Garbage))?;
                ensure(loaded == set, Verdict::Garbage, || {
                    format!("{} is loaded otherwise than scanned", entry.key)
                })?;
                sets.insert(entry.key, set);
            }
        }
        let mut changes: Vec<SequencedChange> = vec![];
        loop {
            let after = changes.last().map(|change| change.cursor);
            let page = store.changes(after, PAGE).await.map_err(because(Verdict::Garbage))?;
            if page.is_empty() {
                return Ok(Found { sets, changes });
            }
            changes.extend(page);
        }
    })
}

impl Found {
    /// What a process that finds this has to count as acknowledged: what it can read is durable.
    pub(crate) fn past(&self, acked: &Ack, options: &Options) -> Ack {
        let mut past = acked.clone();
        for (number, done) in past.operations.iter_mut().enumerate() {
            let logged = self.changes.iter().map(|change| Writer::operation_of(&change.change));
            let last =
                logged.filter(|(writer, _)| *writer == number).map(|(_, last)| last).next_back();
            *done = match last {
                Some(last) => last.max(*done),
                // All its changes were forgotten.
                None => *done + self.steps_from(number, *done, options).unwrap_or(0),
            };
        }
        let forgotten = self.changes.first().map_or(0, |change| change.cursor.sequence() - 1);
        past.trimmed = past.trimmed.max(forgotten);
        past
    }

    fn steps_from(&self, number: usize, done: usize, options: &Options) -> Option<usize> {
        let mut writer = Writer::new(number, options);
        while writer.done < done {
            writer.step();
        }
        (0..=options.operations).find(|steps| {
            if *steps > 0 {
                writer.step();
            }
            explains(&writer, self)
        })
    }
}

/// The writers as they were when they left what was found: with what was acknowledged done, and
/// perhaps the one operation more that each of them may have under way.
pub(crate) fn explain(
    store: &impl DeviceStore,
    found: &Found,
    acked: &Ack,
    options: &Options,
) -> Judged<Vec<Writer>> {
    let mut logged = vec![vec![]; options.writers];
    for change in &found.changes {
        let (writer, operation) = Writer::operation_of(&change.change);
        let logged = logged.get_mut(writer);
        logged.ok_or((Verdict::Garbage, "a foreign change".to_owned()))?.push(operation);
    }
    let mut writers = vec![];
    for (number, logged) in logged.iter().enumerate() {
        let mut writer = Writer::new(number, options);
        while writer.done < acked.operations[number] {
            writer.step();
        }
        let before = writer.clone();
        if logged.last().is_none_or(|last| *last <= writer.done) && explains(&writer, found) {
            writers.push(writer);
            continue;
        }
        writer.step();
        if explains(&writer, found) {
            writers.push(writer);
            continue;
        }
        return Err(differs(&before, &writer, found, options));
    }
    let known = writers.iter().map(|writer| writer.sets.len()).sum::<usize>();
    ensure(known == found.sets.len(), Verdict::Garbage, || "a foreign set".to_owned())?;
    check_aliases(store, &writers)?;
    check_changes(&found.changes, &writers, acked, options)?;
    Ok(writers)
}

fn explains(writer: &Writer, found: &Found) -> bool {
    sets_of(writer, found).eq(writer.sets.iter())
}

fn sets_of<'a>(
    writer: &Writer,
    found: &'a Found,
) -> impl Iterator<Item = (&'a SetKey, &'a Arc<DeviceSet>)> {
    let prefix = format!("user-{}-", writer.number);
    let is_ours =
        move |key: &SetKey| key.parts().is_some_and(|(_, name, _)| name.starts_with(&prefix));
    found.sets.iter().filter(move |(key, _)| is_ours(key))
}

/// What is wrong with the sets of a writer, if it is neither `before` nor `after` its next operation.
fn differs(before: &Writer, after: &Writer, found: &Found, options: &Options) -> (Verdict, String) {
    let there: BTreeMap<_, _> = sets_of(before, found).collect();
    let keys = before.sets.keys().chain(after.sets.keys()).chain(there.keys().copied());
    for key in keys {
        let set = there.get(key).copied();
        if set == before.sets.get(key) || set == after.sets.get(key) {
            continue;
        }
        let revision = |set: Option<&Arc<DeviceSet>>| {
            set.map_or("none".to_owned(), |set| set.revision.to_string())
        };
        let is_older = set.is_none_or(|set| was_once(before, key, set, options));
        let verdict = if is_older { Verdict::Lost } else { Verdict::Garbage };
        let (there, wanted) = (revision(set), revision(before.sets.get(key)));
        let done = before.done;
        let text = format!("{key} has revision {there}, not {wanted}, after {done} operations");
        return (verdict, text);
    }
    (Verdict::Torn, format!("half of operation {} of writer {}", after.done, after.number))
}

fn was_once(now: &Writer, key: &SetKey, set: &Arc<DeviceSet>, options: &Options) -> bool {
    let mut writer = Writer::new(now.number, options);
    while writer.done < now.done {
        writer.step();
        if writer.sets.get(key) == Some(set) {
            return true;
        }
    }
    false
}

fn check_aliases(store: &impl DeviceStore, writers: &[Writer]) -> Judged<()> {
    for (id, username) in writers.iter().flat_map(|writer| &writer.aliases) {
        let id = UserId::parse(id).expect("the plan has valid ids");
        let found = block_on(store.resolve(&realm(), &id)).map_err(because(Verdict::Garbage))?;
        // The sets are as they should be, so it is not older: it does not fit them.
        ensure(found == *username, Verdict::Torn, || {
            format!("alias `{id}` leads to {found:?} instead of {username:?}")
        })?;
    }
    Ok(())
}

/// The log has a change of each operation that is there, in one order without gaps, but for the
/// oldest, and no other.
fn check_changes(
    changes: &[SequencedChange],
    writers: &[Writer],
    acked: &Ack,
    options: &Options,
) -> Judged<()> {
    let wrong = |text: String| Err((Verdict::Torn, text));
    let total = writers.iter().map(|writer| writer.done as u64).sum::<u64>();
    let first = changes.first().map_or(total + 1, |change| change.cursor.sequence());
    let numbers = changes.iter().map(|change| change.cursor.sequence());
    if !numbers.eq(first..=total) {
        return wrong(format!("the log does not have the changes {first} to {total}"));
    }
    if first <= acked.trimmed {
        return Err((Verdict::Lost, format!("the trim through {} is undone", acked.trimmed)));
    }
    let kept = total + 1 - first;
    if kept > options.kept || kept < total.min(options.kept / 2) {
        return wrong(format!("{kept} changes are kept"));
    }
    // The changes of each writer are its last ones.
    let mut logged = vec![vec![]; writers.len()];
    for change in changes {
        logged[Writer::operation_of(&change.change).0].push(&change.change);
    }
    for (writer, logged) in writers.iter().zip(logged) {
        let mut model = Writer::new(writer.number, options);
        while model.done + logged.len() < writer.done {
            model.step();
        }
        for change in logged {
            let (Operation::Swap { change: planned, .. }
            | Operation::Purge { change: planned, .. }) = model.step();
            if *change != planned || model.done > writer.done {
                return wrong(format!("writer {}: change {} differs", writer.number, model.done));
            }
        }
    }
    Ok(())
}

/// An error of the store as the reason of a verdict.
pub(crate) fn because<E: std::fmt::Display>(verdict: Verdict) -> impl Fn(E) -> (Verdict, String) {
    move |error| (verdict, error.to_string())
}

fn ensure(holds: bool, verdict: Verdict, text: impl FnOnce() -> String) -> Judged<()> {
    if holds { Ok(()) } else { Err((verdict, text())) }
}

const PAGE: usize = 100;
