//! The skip setting of oath and push. Source: `am-behaviour.md` 2.5 (actions `skip` and `check`).

use super::{Draftsman, Moment, Step};
use crate::{DeviceSet, Owner, Skip};

/// Records whether the user may pass by this kind at login. What is set already is no change.
#[must_use]
pub fn set_skip(set: &DeviceSet, owner: &Owner, skip: Skip, moment: Moment) -> Step<()> {
    if set.skip == skip {
        return Step::unchanged(());
    }
    let mut draft = Draftsman::new(set, moment);
    draft.own(owner);
    draft.set_skip(skip);
    draft.done(())
}

/// Whether the user chose to skip: the action `check`. Not Set is no.
#[must_use]
pub fn may_skip(set: &DeviceSet) -> bool {
    set.skip == Skip::Skippable
}
