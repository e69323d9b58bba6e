//! OpenLDAP as AM uses a directory: a device is a value of an attribute of the user's entry, found by `uid`.
//!
//! A change is one Modify that deletes the value that was read and adds the new one. The server refuses it where that value is gone (RFC 4511, 4.6), which is
//! LDAP's compare-and-swap; AM writes the whole attribute without one.

use std::collections::HashSet;
use std::fmt;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};

use device_core::profile::write_profile;
use device_core::{
    Device, DeviceKind, DeviceSet, Draft, Owner, Revision, SetKey, Show, Skip, Username,
};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, Mod, Scope, SearchEntry, StdStream, dn_escape, drive,
    ldap_escape,
};

use crate::Failure;
use crate::store::Store;

/// Connections to the server, on each of which several requests may be under way.
pub const CONNECTIONS: usize = 16;

/// Who writes, as `scripts/throw-away-slapd` sets it up: the server's own manager, whose rights are not looked up.
const MANAGER: &str = "cn=manager,dc=example,dc=com";
const PASSWORD: &str = "throw-away";
const PEOPLE: &str = "ou=people,dc=example,dc=com";
const ATTRIBUTE: &str = "pushDeviceProfiles";
const CLASSES: [&str; 2] = ["inetOrgPerson", "pushDeviceProfilesContainer"];

/// A directory has no revisions: the rules get one, which is not stored.
const UNSTORED: Revision = Revision::NONE;

/// Result codes that say that somebody else was faster (RFC 4511, appendix A.1).
const NO_SUCH_ATTRIBUTE: u32 = 16;
const VALUE_EXISTS: u32 = 20;
const ENTRY_EXISTS: u32 = 68;

/// Connections that take turns.
pub struct Directory {
    connections: Vec<Ldap>,
    next: AtomicUsize,
}

impl Directory {
    /// Connects to `ldap://HOST:PORT` as the manager.
    ///
    /// # Errors
    /// If the server is not there or does not let the manager in.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        let place = url.strip_prefix("ldap://").ok_or("an LDAP URL is ldap://HOST:PORT")?;
        let place = place.trim_end_matches('/');
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(place)?;
            // A request would otherwise wait for the answer to the one before.
            stream.set_nodelay(true)?;
            let settings = LdapConnSettings::new().set_std_stream(StdStream::Tcp(stream));
            let (connection, mut ldap) = LdapConnAsync::with_settings(settings, url).await?;
            drive!(connection);
            ldap.simple_bind(MANAGER, PASSWORD).await?.success()?;
            connections.push(ldap);
        }
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    fn connection(&self) -> Ldap {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.connections[turn % self.connections.len()].clone()
    }
}

impl Store for Directory {
    async fn load(&self, key: &SetKey) -> Result<DeviceSet, Failure> {
        let username = username(key)?;
        let filter = format!("(uid={})", ldap_escape(username.as_str()));
        let search = self.connection().search(PEOPLE, Scope::Subtree, &filter, [ATTRIBUTE]).await?;
        let (entries, _) = search.success()?;
        let Some(entry) = entries.into_iter().next() else { return Ok(DeviceSet::default()) };
        let values = SearchEntry::construct(entry).attrs.remove(ATTRIBUTE).unwrap_or_default();
        let devices: Result<_, Failure> = values.iter().map(|value| device(value)).collect();
        Ok(DeviceSet {
            revision: UNSTORED,
            owner: Some(Owner::named(username)),
            skip: Skip::NotSkippable,
            devices: devices?,
        })
    }

    async fn swap(
        &self,
        key: &SetKey,
        current: &DeviceSet,
        next: &DeviceSet,
    ) -> Result<bool, Failure> {
        let username = username(key)?;
        let name = format!("uid={},{PEOPLE}", dn_escape(username.as_str()));
        let mut connection = self.connection();
        let added = differing(next, current);
        let done = if current.owner.is_none() {
            let named = HashSet::from([username.as_str().into()]);
            let attributes: Vec<(String, HashSet<String>)> = vec![
                ("objectClass".into(), CLASSES.map(String::from).into()),
                ("uid".into(), named.clone()),
                ("cn".into(), named.clone()),
                ("sn".into(), named),
                (ATTRIBUTE.into(), added),
            ];
            connection.add(&name, attributes).await?
        } else {
            let deleted = Mod::Delete(ATTRIBUTE.into(), differing(current, next));
            let added = Mod::Add(ATTRIBUTE.into(), added);
            let changes = [deleted, added].into_iter().filter(|change| !is_empty(change));
            connection.modify(&name, changes.collect()).await?
        };
        match done.rc {
            NO_SUCH_ATTRIBUTE | VALUE_EXISTS | ENTRY_EXISTS => Ok(false),
            _ => Ok(done.success().map(|_| true)?),
        }
    }
}

/// To delete no value in particular is to delete them all.
fn is_empty(change: &Mod<String>) -> bool {
    matches!(change, Mod::Add(_, values) | Mod::Delete(_, values) if values.is_empty())
}

/// The values of devices that are in `one` and not so in `other`.
fn differing(one: &DeviceSet, other: &DeviceSet) -> HashSet<String> {
    let changed = |device: &&Device| other.devices.iter().all(|same| same != *device);
    one.devices.iter().filter(changed).map(value).collect()
}

fn value(device: &Device) -> String {
    let mut text = String::from("{");
    write_profile(&mut text, DeviceKind::Push, device, Show::Stored);
    text.push('}');
    text
}

fn device(value: &str) -> Result<Device, Failure> {
    let draft = Draft::parse(DeviceKind::Push, value)?;
    let id = draft.id.clone().ok_or("a stored device has an id")?;
    Ok(draft.into_device(id, UNSTORED, 0))
}

fn username(key: &SetKey) -> Result<Username, Failure> {
    let (_, name, _) = key.parts().ok_or("a key has its parts")?;
    Ok(Username::parse(name)?)
}

impl fmt::Debug for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Directory").finish_non_exhaustive()
    }
}
