//! One public operation a rule. Each asks first whether the caller may, then whether the kind has the operation.

use std::sync::Arc;

use device_core::rules::{self, OnLimit, Restored, Room, Use};
use device_core::{
    Device, DeviceId, DeviceKind, DeviceName, DeviceSet, Draft, Facts, IfMatch, Moment, Owner,
    Realm, RefreshMessage, Refusal, Revision, SetKey, Skip, Step, Support, Username, What,
};
use device_store::{DeviceStore, Purged};
use smol_str::SmolStr;

use crate::authorise::{Caller, Operation, may_manage};
use crate::error::Error;
use crate::locate::is_of;
use crate::registry::{Registry, Request, User};

/// A user's devices of one kind, for a caller.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The set, as it is stored; its revision is the list's `ETag`.
    pub set: Arc<DeviceSet>,
    /// Whether the caller's session may delete and rename (`deviceManagementStatus`).
    pub may_manage: bool,
}

/// A whole set to be brought in.
#[derive(Debug, Clone)]
pub struct Restore {
    /// The user's realm.
    pub realm: Realm,
    /// The user.
    pub owner: Owner,
    /// Which kind.
    pub kind: DeviceKind,
    /// The devices, each with its id.
    pub devices: Vec<Draft>,
    /// The skip setting.
    pub skip: Skip,
    /// Whether a stored set that differs is overwritten.
    pub replace: bool,
}

/// All operations fail with [`Error::Denied`] if the caller may not, whether the user exists or not, and with [`Error::Store`] if the store fails.
impl<S: DeviceStore> Registry<S> {
    /// The user's devices of one kind. An unknown user has none.
    ///
    /// # Errors
    /// As all operations.
    pub async fn list(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
    ) -> Result<Listing, Error> {
        self.allow(request, Operation::List, user, Some(kind))?;
        let may_manage = may_manage(request.caller, user, kind, self.policy());
        Ok(Listing { set: self.set_of(user, kind).await?, may_manage })
    }

    /// One device, by its id; a WebAuthn device by its credential's id too, as in AM 8.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn read(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        id: &DeviceId,
    ) -> Result<(Device, bool), Error> {
        self.allow(request, Operation::Read, user, Some(kind))?;
        let set = self.set_of(user, kind).await?;
        let by_credential = |device: &&Device| matches!(&device.facts, Facts::WebAuthn { credential_id, .. } if **credential_id == *id.as_str());
        let device = set.device(id).or_else(|| set.devices.iter().find(by_credential));
        let device = device.ok_or_else(|| Refusal::NotFound(id.clone()))?;
        Ok((device.clone(), may_manage(request.caller, user, kind, self.policy())))
    }

    /// Registers a device for a user, whose username is the id unless another is given. Administrators only.
    ///
    /// # Errors
    /// [`Refusal::LimitReached`], [`Refusal::Exists`], [`Refusal::NoId`], [`Error::NameTaken`].
    pub async fn enrol(
        &self,
        request: &Request<'_>,
        user: &User,
        username: Option<Username>,
        kind: DeviceKind,
        draft: Draft,
        on_limit: OnLimit,
    ) -> Result<Device, Error> {
        self.allow(request, Operation::Enrol, user, Some(kind))?;
        let owner = self.owner(user, username).await?;
        let key = self.key_for(&user.realm, &owner, kind).await?;
        let room = Room { limit: self.policy().limit(&user.realm, kind), on_limit };
        let rule = |set: &DeviceSet, moment| {
            refuse_others(set, &owner)?;
            Ok::<_, Error>(rules::enrol(set, kind, &owner, draft.clone(), room, moment)?)
        };
        self.change(request, &user.realm, &key, rule).await
    }

    /// Gives a device another name. The answer is the device with it.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Refusal::NotFound`], [`Refusal::Stale`].
    pub async fn rename(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        id: &DeviceId,
        name: DeviceName,
        if_match: IfMatch,
    ) -> Result<Device, Error> {
        self.allow(request, Operation::Rename, user, Some(kind))?;
        supported(kind.row().rename, self.policy().rename_oath_push, kind, "rename")?;
        let rule = |set: &DeviceSet, moment| rules::rename(set, id, name.clone(), if_match, moment);
        self.change_of(request, user, kind, rule).await
    }

    /// Removes a device. The answer is the device as it last was.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Stale`].
    pub async fn delete(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        id: &DeviceId,
        if_match: IfMatch,
    ) -> Result<Device, Error> {
        self.allow(request, Operation::Delete, user, Some(kind))?;
        let rule = |set: &DeviceSet, moment| rules::delete(set, kind, id, if_match, moment);
        self.change_of(request, user, kind, rule).await
    }

    /// Removes all devices of a kind and puts the skip setting to Not Set. Of a user without any that is no change.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Refusal::Stale`].
    pub async fn reset(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        if_match: IfMatch,
    ) -> Result<(), Error> {
        self.allow(request, Operation::Reset, user, Some(kind))?;
        supported(kind.row().reset, self.policy().reset_binding, kind, "reset")?;
        self.change_of(request, user, kind, |set, moment| rules::reset(set, kind, if_match, moment))
            .await
    }

    /// Records whether the user may pass by a kind at login.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Error::NameTaken`].
    pub async fn skip(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        skip: Skip,
    ) -> Result<(), Error> {
        self.allow(request, Operation::Skip, user, Some(kind))?;
        has_skip(kind, "skip")?;
        let owner = self.owner(user, None).await?;
        let key = self.key_for(&user.realm, &owner, kind).await?;
        let rule = |set: &DeviceSet, moment| {
            refuse_others(set, &owner)?;
            Ok::<_, Error>(rules::set_skip(set, &owner, skip, moment))
        };
        self.change(request, &user.realm, &key, rule).await
    }

    /// Whether the user chose to skip a kind at login.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub async fn check(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
    ) -> Result<bool, Error> {
        self.allow(request, Operation::Check, user, Some(kind))?;
        has_skip(kind, "check")?;
        Ok(rules::may_skip(&*self.set_of(user, kind).await?))
    }

    /// Records that a login used a device. Administrators only: the login journey.
    ///
    /// # Errors
    /// Those of [`rules::record_use`].
    pub async fn record_use(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        id: &DeviceId,
        used: &Use,
        if_match: IfMatch,
    ) -> Result<Device, Error> {
        self.allow(request, Operation::RecordUse, user, Some(kind))?;
        let rule =
            |set: &DeviceSet, moment| rules::record_use(set, kind, id, used, if_match, moment);
        self.change_of(request, user, kind, rule).await
    }

    /// Applies a phone's refresh message: the hot path. The message's signature is the authorisation; the user is found by username.
    ///
    /// # Errors
    /// [`Error::RefreshRefused`], which outsiders must not be able to tell apart.
    pub async fn refresh(
        &self,
        realm: &Realm,
        message: &RefreshMessage<'_>,
        request_id: Option<&str>,
    ) -> Result<(), Error> {
        let phone = Caller::Operator { name: SmolStr::new_static("push-refresh") };
        let request = Request { caller: &phone, id: request_id, reason: None };
        let key = SetKey::new(realm, &message.username, DeviceKind::Push);
        let on_retired = self.policy().on_retired;
        self.change(&request, realm, &key, |set, moment| {
            rules::refresh(set, message, on_retired, moment)
        })
        .await
    }

    /// Brings a whole set in, as imports do. Administrators only.
    ///
    /// # Errors
    /// [`Refusal::TooMany`], [`Refusal::NoId`], [`Refusal::Exists`], [`Error::NameTaken`].
    pub async fn restore(
        &self,
        request: &Request<'_>,
        restore: &Restore,
    ) -> Result<Restored, Error> {
        let Restore { realm, owner, kind, devices, skip, replace } = restore;
        let user = User { realm: realm.clone(), user_id: owner.user_id.clone() };
        self.allow(request, Operation::Restore, &user, Some(*kind))?;
        let key = if devices.is_empty() && *skip == Skip::NotSet {
            // Most sets of most users: nothing where nothing is. No name is taken by it, and no turn is needed to see it.
            let key = SetKey::new(realm, &owner.username, *kind);
            if self.store().load(&key).await?.revision == Revision::NONE {
                return Ok(Restored::Unchanged);
            }
            key
        } else {
            self.key_for(realm, owner, *kind).await?
        };
        let rule = |set: &DeviceSet, moment| {
            refuse_others(set, owner)?;
            let step = rules::restore(set, *kind, owner, devices.clone(), *skip, *replace, moment)?;
            Ok::<_, Error>(step)
        };
        self.change(request, realm, &key, rule).await
    }

    /// Forgets everything of a user. Administrators only. Of an unknown user nothing is stored.
    ///
    /// # Errors
    /// As all operations.
    pub async fn purge(&self, request: &Request<'_>, user: &User) -> Result<Purged, Error> {
        self.allow(request, Operation::Purge, user, None)?;
        let username = self.username_of(user).await?;
        for kind in DeviceKind::ALL {
            let set = self.store().load(&SetKey::new(&user.realm, &username, kind)).await?;
            if !is_of(&set, &user.user_id) {
                return Ok(Purged::default());
            }
        }
        let change =
            self.entry(request, &user.realm, username.clone(), self.moment(), What::Purged);
        Ok(self.store().purge(&user.realm, &username, change).await?)
    }

    /// Changes a set of a user who has one; somebody else's under the same name is as good as none.
    async fn change_of<T>(
        &self,
        request: &Request<'_>,
        user: &User,
        kind: DeviceKind,
        rule: impl Fn(&DeviceSet, Moment) -> Result<Step<T>, Refusal>,
    ) -> Result<T, Error> {
        let key = self.key_of(user, kind).await?;
        let nobody = DeviceSet::unknown();
        let of_user = |set: &DeviceSet, moment| {
            rule(if is_of(set, &user.user_id) { set } else { &nobody }, moment)
        };
        self.change(request, &user.realm, &key, of_user).await
    }

    /// Who a new set would belong to.
    async fn owner(&self, user: &User, username: Option<Username>) -> Result<Owner, Error> {
        let username = match username {
            Some(username) => username,
            None => self.username_of(user).await?,
        };
        Ok(Owner { username, user_id: user.user_id.clone() })
    }

    /// The key of a set that may be stored for the first time.
    async fn key_for(
        &self,
        realm: &Realm,
        owner: &Owner,
        kind: DeviceKind,
    ) -> Result<SetKey, Error> {
        let key = SetKey::new(realm, &owner.username, kind);
        if self.store().load(&key).await?.revision == Revision::NONE {
            self.refuse_taken_names(realm, owner).await?;
        }
        Ok(key)
    }
}

fn refuse_others(set: &DeviceSet, owner: &Owner) -> Result<(), Error> {
    if is_of(set, &owner.user_id) {
        Ok(())
    } else {
        Err(Error::NameTaken(owner.username.as_str().into()))
    }
}

fn supported(
    support: Support,
    configured: bool,
    kind: DeviceKind,
    operation: &'static str,
) -> Result<(), Error> {
    match support {
        Support::Yes => Ok(()),
        Support::IfConfigured if configured => Ok(()),
        Support::IfConfigured | Support::No => Err(Error::Unsupported { kind, operation }),
    }
}

fn has_skip(kind: DeviceKind, operation: &'static str) -> Result<(), Error> {
    if kind.row().skip { Ok(()) } else { Err(Error::Unsupported { kind, operation }) }
}
