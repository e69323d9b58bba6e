//! The change log beside the sets: what the newest kept change of each says it must be. Memory grows with the changes that are kept, which stores bound.

use std::collections::HashMap;

use device_core::{
    Action, Change, DeviceChange, DeviceChanges, DeviceKind, DeviceSet, Revision, SetKey, Skip,
    Support, What,
};
use device_store::{Cursor, SequencedChange};

use super::{Problem, Wrong};

/// The newest kept change of each set.
#[derive(Debug, Default)]
pub(super) struct Log {
    newest: HashMap<SetKey, (Cursor, Newest)>,
}

#[derive(Debug)]
enum Newest {
    Stored { revision: Revision, devices: DeviceChanges, skip: Option<Skip> },
    Purged,
}

impl Log {
    /// Takes the next change. Gives back what is wrong with it.
    pub(super) fn add(
        &mut self,
        SequencedChange { cursor, change }: &SequencedChange,
    ) -> Vec<Problem> {
        let cursor = *cursor;
        let mut problems = Vec::new();
        let Change { realm, username, what, .. } = change;
        let What::Set { kind, revision, devices, skip } = what else {
            for kind in DeviceKind::ALL {
                let key = SetKey::new(realm, username, kind);
                self.newest.insert(key, (cursor, Newest::Purged));
            }
            return problems;
        };
        let key = SetKey::new(realm, username, *kind);
        let mut problem = |what| problems.push(Problem::Change { cursor, key: key.clone(), what });
        if devices.iter().any(|device| !is_possible(*kind, device.action)) {
            problem("it did to a device what its kind does not allow");
        }
        if skip.is_some() && !kind.row().skip {
            problem("it changed a skip setting, which its kind has not");
        }
        if let Some((_, Newest::Stored { revision: before, .. })) = self.newest.get(&key)
            && revision <= before
        {
            problem("its revision is not beyond that of the change before it");
        }
        let newest = Newest::Stored { revision: *revision, devices: devices.clone(), skip: *skip };
        self.newest.insert(key, (cursor, newest));
        problems
    }

    /// Not all changes could be read: nothing can be compared, since a newer one may be among the others.
    pub(super) fn give_up(&mut self) {
        self.newest.clear();
    }

    /// Leaves a set out that cannot be compared.
    pub(super) fn forget(&mut self, key: &SetKey) {
        self.newest.remove(key);
    }

    /// What is not as the newest change of the set left it.
    pub(super) fn compare(&mut self, key: &SetKey, set: &DeviceSet) -> Vec<Wrong> {
        match self.newest.remove(key) {
            None => Vec::new(),
            Some((cursor, Newest::Purged)) => vec![Wrong::Purged(cursor)],
            Some((cursor, Newest::Stored { revision, .. })) if revision != set.revision => {
                vec![Wrong::OtherRevision { is: set.revision, should: revision, cursor }]
            }
            Some((cursor, Newest::Stored { devices, skip, .. })) => {
                let mut wrong: Vec<Wrong> = devices
                    .iter()
                    .enumerate()
                    // A device that made room for one of the same id is spoken of twice.
                    .filter(|(at, device)| {
                        devices[at + 1..].iter().all(|later| later.id != device.id)
                    })
                    .filter_map(|(_, device)| not_as_changed(set, device, cursor))
                    .collect();
                if skip.is_some_and(|skip| skip != set.skip) {
                    wrong.push(Wrong::SkipNotAsChanged(cursor));
                }
                wrong
            }
        }
    }

    /// The sets that should be there and did not come by, in key order.
    pub(super) fn rest(self) -> Vec<(SetKey, Wrong)> {
        let missing = self.newest.into_iter().filter_map(|(key, (cursor, newest))| {
            matches!(newest, Newest::Stored { .. }).then_some((key, Wrong::Missing(cursor)))
        });
        let mut missing: Vec<_> = missing.collect();
        missing.sort_by(|(left, _), (right, _)| left.cmp(right));
        missing
    }
}

/// Whether devices of a kind can undergo that at all.
fn is_possible(kind: DeviceKind, action: Action) -> bool {
    let row = kind.row();
    match action {
        Action::TokenRefreshed | Action::Refreshed => kind == DeviceKind::Push,
        Action::Renamed => row.rename != Support::No,
        Action::Reset => row.reset != Support::No,
        Action::RecoveryCodeUsed => row.members.iter().any(|member| member.name == "recoveryCodes"),
        Action::Enrolled | Action::Replaced | Action::Deleted | Action::Used | Action::Imported => {
            true
        }
    }
}

fn not_as_changed(set: &DeviceSet, change: &DeviceChange, cursor: Cursor) -> Option<Wrong> {
    let is_removal = matches!(change.action, Action::Replaced | Action::Deleted | Action::Reset);
    let what = match set.device(&change.id) {
        None if is_removal => return None,
        None => "it is not there",
        Some(_) if is_removal => "it is still there",
        Some(device) if device.name != change.name => "it has another name",
        Some(_) => return None,
    };
    Some(Wrong::NotAsChanged { id: change.id.clone(), cursor, what })
}
