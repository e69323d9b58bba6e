//! The import itself: many users on their way to the store at once, with the outcome of one after the other.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use device_core::Realm;
use device_core::limits::PUSH_KEY_BYTES_MIN;
use device_core::rules::Restored;
use device_registry::Registry;
use device_store::DeviceStore;
use device_wire::realms::Realms;
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use indicatif::ProgressBar;

use super::Arguments;
use super::counts::Counts;
use super::source::Source;
use super::user::{Job, Set};
use crate::cli::Failure;

/// Users, sets and devices on their way to the store at once: they share its syncs, and the more there are, the longer it may wait for a busy disk or processor. Some thousand users;
/// devices count, so that the memory they take is bounded (256 MiB at their hard limit). Below what may wait for a store's disk.
const IN_FLIGHT_MAX: usize = 4_096;

/// An import. What is counted and said is what would be if one user came in after the other.
pub(super) struct Import<'a, S> {
    registry: Arc<Registry<S>>,
    arguments: &'a Arguments,
    realms: Realms,
    new_realms: HashSet<Realm>,
    counts: Counts,
    progress: ProgressBar,
    /// Names of users under way. Who has one of them waits: whether a user is new, and whose a name is, can only be seen once it is stored.
    names: HashSet<Box<[u8]>>,
    in_flight: usize,
}

/// What became of each set of a job.
type Done = (Job, Vec<Result<Restored, String>>);

impl<'a, S: DeviceStore> Import<'a, S> {
    pub(super) fn new(
        registry: Arc<Registry<S>>,
        arguments: &'a Arguments,
        realms: Realms,
        progress: ProgressBar,
    ) -> Self {
        Self {
            registry,
            arguments,
            realms,
            new_realms: HashSet::new(),
            counts: Counts::default(),
            progress,
            names: HashSet::new(),
            in_flight: 0,
        }
    }

    /// Brings everything in, and counts. If the source fails, what it gave before is in.
    pub(super) async fn read(mut self, source: &mut dyn Source) -> Result<Counts, Failure> {
        let mut under_way = FuturesOrdered::new();
        let read = loop {
            let piece = match source.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            };
            let job = Job::new(piece, self.arguments.replace);
            let name_is_under_way = job.names.iter().any(|name| self.names.contains(name));
            let room = if name_is_under_way { 0 } else { IN_FLIGHT_MAX };
            while self.in_flight > 0 && self.in_flight + job.weight() > room {
                let Some(done) = under_way.next().await else { break };
                self.count(done);
            }
            self.in_flight += job.weight();
            self.names.extend(job.names.iter().cloned());
            under_way.push_back(self.bring_in(job));
        };
        while let Some(done) = under_way.next().await {
            self.count(done);
        }
        self.progress.finish_and_clear();
        read?;
        for remark in source.remarks() {
            self.say(&remark);
        }
        Ok(self.counts)
    }

    fn bring_in(&self, job: Job) -> impl Future<Output = Done> + use<S> {
        let (registry, dry_run) = (Arc::clone(&self.registry), self.arguments.dry_run);
        async move {
            let outcomes = job.bring_in(&registry, dry_run).await;
            (job, outcomes)
        }
    }

    fn count(&mut self, (job, outcomes): Done) {
        self.in_flight -= job.weight();
        for name in &job.names {
            self.names.remove(name);
        }
        self.counts.users += u64::from(!job.silent);
        self.progress.set_message(self.counts.users.to_string());
        for (kind, devices) in &job.devices {
            *self.counts.devices.entry(*kind).or_default() += *devices as u64;
        }
        self.mention_realm(&job);
        for rejected in &job.rejected {
            self.reject(rejected.line.unwrap_or(job.line), &rejected.what, &rejected.reason);
        }
        for (set, outcome) in job.sets.iter().zip(outcomes) {
            self.count_set(&job, set, outcome);
        }
    }

    fn mention_realm(&mut self, job: &Job) {
        let Some(realm) = job.realm.as_ref().filter(|_| !job.silent) else { return };
        if !self.realms.contains(realm) && self.new_realms.insert(realm.clone()) {
            let line = job.line;
            self.say(&format!(
                "line {line}: realm `{realm}` is not configured; its users are brought in all the same"
            ));
        }
    }

    fn count_set(&mut self, job: &Job, set: &Set, outcome: Result<Restored, String>) {
        if set.cannot_refresh > 0 && matches!(outcome, Ok(Restored::Written | Restored::Unchanged))
        {
            let (line, name, devices) = (job.line, set.name(), set.cannot_refresh);
            self.say(&format!(
                "line {line}: {name}: {devices} devices have no key, or one of less than {PUSH_KEY_BYTES_MIN} bytes in Base64: they are kept, but their refreshes will be refused"
            ));
        }
        match outcome {
            Ok(Restored::Written) => self.counts.written += 1,
            Ok(Restored::Unchanged) => self.counts.unchanged += u64::from(!job.silent),
            Ok(Restored::Differs) => {
                self.counts.left_alone += 1;
                let why = if set.incomplete {
                    ", for not all of it could be read"
                } else {
                    " (--replace overwrites)"
                };
                let (line, name) = (job.line, set.name());
                self.say(&format!(
                    "line {line}: {name}: differs from what is stored and was left alone{why}"
                ));
            }
            Err(reason) => self.reject(job.line, &set.name(), &reason),
        }
    }

    fn reject(&mut self, line: u64, what: &str, reason: &str) {
        self.counts.rejected += 1;
        self.say(&format!("line {line}: {what}: {reason}"));
    }

    fn say(&self, message: &str) {
        self.progress.suspend(|| eprintln!("{message}"));
    }
}
