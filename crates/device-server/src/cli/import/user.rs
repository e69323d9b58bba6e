//! One user of an import: the sets that come in, and what is to be said of them.

use device_core::SetKey;
use device_core::rules::{self, Restored};
use device_core::{DeviceKind, Draft, Facts, Moment, Realm, Secret};
use device_registry::{Registry, Request, Restore};
use device_store::DeviceStore;
use futures_util::future::join_all;

use super::source::Piece;
use crate::cli::operator;
use crate::interchange::{Rejected, SetLine, UserLine};

/// What a piece of the input asks for.
pub(super) struct Job {
    /// Its line.
    pub(super) line: u64,
    /// The user's realm; `None` if nobody could be made of the piece.
    pub(super) realm: Option<Realm>,
    /// The names that nobody else may use meanwhile, as keys begin with them: the username's and the id's.
    pub(super) names: Vec<Box<[u8]>>,
    /// There is nothing in the user's sets: they are worth mention only where something is stored.
    pub(super) silent: bool,
    /// The devices of each kind.
    pub(super) devices: Vec<(DeviceKind, usize)>,
    /// What was not taken.
    pub(super) rejected: Vec<Rejected>,
    /// What is to be stored: first what has devices, then what has none.
    pub(super) sets: Vec<Set>,
}

/// A set on its way to the store.
pub(super) struct Set {
    pub(super) restore: Restore,
    /// It is not to replace another one, although that was asked for: not all of it could be read.
    pub(super) incomplete: bool,
    /// Its push devices whose refreshes will all be refused, for want of a key that is long enough.
    pub(super) cannot_refresh: usize,
}

impl Job {
    /// What is to be done with a piece.
    pub(super) fn new(piece: Piece, replace: bool) -> Self {
        let line = piece.line;
        match piece.user {
            Ok(user) => Self::of_user(line, user, replace),
            Err(rejected) => Self {
                line,
                realm: None,
                names: Vec::new(),
                silent: true,
                devices: Vec::new(),
                rejected,
                sets: Vec::new(),
            },
        }
    }

    fn of_user(line: u64, user: UserLine, asked_to_replace: bool) -> Self {
        let UserLine { realm, owner, sets: of_line, mut rejected } = user;
        let silent = of_line.iter().all(SetLine::is_empty);
        let names = [owner.username.as_str(), owner.user_id.as_str()];
        let names = names.map(|name| SetKey::name_bytes(&realm, name).as_slice().into()).into();
        let (mut devices, mut sets) = (Vec::new(), Vec::with_capacity(of_line.len()));
        for set in of_line {
            let SetLine { kind, devices: drafts, skip, complete } = set;
            devices.push((kind, drafts.len()));
            let secretless = drafts.iter().filter(|draft| has_empty_secret(draft)).count();
            if secretless > 0 {
                let reason = format!(
                    "{secretless} devices have an empty secret: an export without --secrets is not a backup, and this set was left out"
                );
                rejected.push(Rejected { line: None, what: kind.row().name.to_owned(), reason });
                continue;
            }
            let (realm, owner) = (realm.clone(), owner.clone());
            let replace = asked_to_replace && complete;
            let cannot_refresh = drafts.iter().filter(|draft| cannot_refresh(draft)).count();
            let restore = Restore { realm, owner, kind, devices: drafts, skip, replace };
            sets.push(Set { restore, incomplete: asked_to_replace && !complete, cannot_refresh });
        }
        sets.sort_by_key(Set::is_without_devices);
        Self { line, realm: Some(realm), names, silent, devices, rejected, sets }
    }

    /// What it counts for in what may be under way: itself, and its sets with their devices. Sets without devices cost nothing unless something is stored.
    pub(super) fn weight(&self) -> usize {
        let sets = self.with_devices().iter().map(|set| 1 + set.restore.devices.len());
        1 + self.rejected.len() + sets.sum::<usize>()
    }

    fn with_devices(&self) -> &[Set] {
        &self.sets[..self.sets.partition_point(|set| !set.is_without_devices())]
    }

    /// Brings the sets in, or says what that would do, each. Those with devices share a wait for the disk; the others seldom wait at all, and are not worth a place in memory each.
    pub(super) async fn bring_in<S: DeviceStore>(
        &self,
        registry: &Registry<S>,
        dry_run: bool,
    ) -> Vec<Result<Restored, String>> {
        let with_devices = self.with_devices();
        let mut outcomes =
            join_all(with_devices.iter().map(|set| set.bring_in(registry, dry_run))).await;
        for set in &self.sets[with_devices.len()..] {
            outcomes.push(set.bring_in(registry, dry_run).await);
        }
        outcomes
    }
}

impl Set {
    fn is_without_devices(&self) -> bool {
        self.restore.devices.is_empty()
    }

    pub(super) fn name(&self) -> String {
        format!("{} of `{}`", self.restore.kind, self.restore.owner.username)
    }

    async fn bring_in<S: DeviceStore>(
        &self,
        registry: &Registry<S>,
        dry_run: bool,
    ) -> Result<Restored, String> {
        if dry_run {
            return self.try_out(registry).await;
        }
        let import = operator("import");
        let restored = registry.restore(&Request::by(&import), &self.restore).await;
        restored.map_err(|error| error.to_string())
    }

    async fn try_out<S: DeviceStore>(&self, registry: &Registry<S>) -> Result<Restored, String> {
        let Restore { realm, owner, kind, devices, skip, replace } = &self.restore;
        let key = SetKey::new(realm, &owner.username, *kind);
        let set = registry.store().load(&key).await.map_err(|error| error.to_string())?;
        let moment = Moment { now_ms: 0, random: 0 };
        let step = rules::restore(&set, *kind, owner, devices.clone(), *skip, *replace, moment);
        step.map(|step| step.answer).map_err(|error| error.to_string())
    }
}

/// An oath or push device whose secret was left out of an export.
fn has_empty_secret(draft: &Draft) -> bool {
    match &draft.facts {
        Facts::Push(push) => push.shared_secret.as_ref().is_some_and(Secret::is_empty),
        Facts::Oath(_) => draft.cold.expose().contains("\"sharedSecret\":\"\""),
        _ => false,
    }
}

fn cannot_refresh(draft: &Draft) -> bool {
    matches!(&draft.facts, Facts::Push(push) if !push.can_refresh())
}
