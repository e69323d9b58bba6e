//! The skip setting.

use device_core::strategies::{owner, skip};
use device_core::{DeviceSet, Skip, rules};
use proptest::prelude::*;

use crate::{any_set, moment};

proptest! {
    #[test]
    fn skip_changes_the_setting((_, set) in any_set(), owner in owner(), skip in skip()) {
        let Some(write) = rules::set_skip(&set, &owner, skip, moment(1)).write else {
            prop_assert_eq!(set.skip, skip);
            return Ok(());
        };
        let revision = set.revision.next(0);
        prop_assert_eq!(&write.next, &DeviceSet { skip, revision, ..set }, "nothing but the setting");
        prop_assert_eq!(write.skip, Some(skip));
        prop_assert!(write.devices.is_empty());
        prop_assert_eq!(rules::may_skip(&write.next), skip == Skip::Skippable);
    }

    #[test]
    fn a_user_without_devices_may_have_a_setting(owner in owner(), random in any::<u128>()) {
        let step = rules::set_skip(&DeviceSet::default(), &owner, Skip::Skippable, moment(random));
        prop_assert_eq!(step.write.unwrap().next.owner, Some(owner));
    }
}
