//! From the `_id` in a URL to the key of a set, and what may not be called the same.
//!
//! The alias decides first, else the user whose name is the id. A set whose owner has another id is not the user's: a stale alias, or a
//! username that is not its user's `_id`, finds nothing. Source: `decisions.md` (Naming a user), `architecture.md` (Names of a user).

use std::sync::Arc;

use device_core::{DeviceKind, DeviceSet, Owner, Realm, Revision, SetKey, UserId, Username};
use device_store::DeviceStore;

use crate::error::Error;
use crate::registry::{Registry, User};

impl<S: DeviceStore> Registry<S> {
    /// The username under which a user's sets are kept.
    pub(crate) async fn username_of(&self, user: &User) -> Result<Username, Error> {
        let alias = self.store().resolve(&user.realm, &user.user_id).await?;
        Ok(alias.unwrap_or_else(|| Username::from(&user.user_id)))
    }

    /// The key of one of the user's sets.
    pub(crate) async fn key_of(&self, user: &User, kind: DeviceKind) -> Result<SetKey, Error> {
        Ok(SetKey::new(&user.realm, &self.username_of(user).await?, kind))
    }

    /// The user's set of one kind; the empty one where there is none, or where it is somebody else's.
    pub(crate) async fn set_of(
        &self,
        user: &User,
        kind: DeviceKind,
    ) -> Result<Arc<DeviceSet>, Error> {
        let set = self.store().load(&self.key_of(user, kind).await?).await?;
        Ok(if is_of(&set, &user.user_id) { set } else { DeviceSet::unknown() })
    }

    /// Refuses names that belong to somebody else, as far as that can be seen: before a set is stored for the first time.
    pub(crate) async fn refuse_taken_names(
        &self,
        realm: &Realm,
        owner: &Owner,
    ) -> Result<(), Error> {
        // The same username under another id.
        let of_name = SetKey::new(realm, &owner.username, DeviceKind::Oath);
        for kind in DeviceKind::ALL {
            let set = self.store().load(&of_name.of_kind(kind)).await?;
            if !is_of(&set, &owner.user_id) {
                return Err(Error::NameTaken(owner.username.as_str().into()));
            }
        }
        // The same id as the alias of another username.
        let alias = self.store().resolve(realm, &owner.user_id).await?;
        if alias.is_some_and(|username| !username.matches(owner.username.as_str())) {
            return Err(Error::NameTaken(owner.user_id.as_str().into()));
        }
        // The same id as the username of somebody whose id it is too.
        if owner.needs_alias() {
            let of_id = SetKey::new(realm, &Username::from(&owner.user_id), DeviceKind::Oath);
            for kind in DeviceKind::ALL {
                let set = self.store().load(&of_id.of_kind(kind)).await?;
                if set.revision != Revision::NONE && is_of(&set, &owner.user_id) {
                    return Err(Error::NameTaken(owner.user_id.as_str().into()));
                }
            }
        }
        Ok(())
    }
}

/// Whether a loaded set is that user's: a set nobody stored is anybody's.
pub(crate) fn is_of(set: &DeviceSet, user_id: &UserId) -> bool {
    set.owner.as_ref().is_none_or(|owner| owner.user_id.matches(user_id.as_str()))
}
