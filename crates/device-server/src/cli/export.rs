//! `devreg export`: all users, in key order, one JSON object a line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use device_core::{DeviceKind, DeviceSet, Realm, SetKey, Show};
use device_store::{DeviceStore, PAGE_MAX};

use super::{Exit, Failure, StoreArguments, runtime};
use crate::{interchange, on_store};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// Only users of this realm
    #[arg(long, value_name = "PATH", value_parser = Realm::parse)]
    realm: Option<Realm>,
    /// With shared secrets and recovery codes: only such an export is a backup
    #[arg(long)]
    secrets: bool,
    /// The file to write [default: stdout]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (_, opened) = arguments.store.open()?;
    let output: Box<dyn Write> = match &arguments.file {
        Some(path) if path.as_os_str() != "-" => Box::new(create_private(path)?),
        _ => Box::new(io::stdout().lock()),
    };
    let mut export = Export {
        output: BufWriter::new(output),
        show: if arguments.secrets { Show::Stored } else { Show::StoredWithoutSecrets },
        user: None,
        users: 0,
        damaged: 0,
    };
    on_store!(opened, |store| runtime()?.block_on(export.walk(&store, arguments.realm.as_ref())))?;
    eprintln!("exported {} users", export.users);
    if export.damaged > 0 {
        return Err(Failure::new(
            Exit::Failed,
            format!("not everything is in the export: {} damaged", export.damaged),
        ));
    }
    Ok(Exit::Done)
}

/// A file only its owner may read: it may hold secrets.
fn create_private(path: &PathBuf) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

struct Export<W: Write> {
    output: BufWriter<W>,
    show: Show,
    user: Option<UserSets>,
    users: u64,
    damaged: u64,
}

/// The sets of one user, as they come by: they are next to each other in key order.
struct UserSets {
    realm: Realm,
    folded: String,
    sets: Vec<(DeviceKind, Arc<DeviceSet>)>,
}

impl<W: Write> Export<W> {
    async fn walk<S: DeviceStore>(
        &mut self,
        store: &S,
        only: Option<&Realm>,
    ) -> Result<(), Failure> {
        let mut after: Option<SetKey> = None;
        loop {
            let page = store.scan(after.as_ref(), PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for entry in page {
                let set = match entry.set {
                    Ok(set) => set,
                    Err(error) => {
                        eprintln!("devreg: {error}");
                        self.damaged += 1;
                        continue;
                    }
                };
                let Some((realm, folded, kind)) = entry.key.parts() else { continue };
                if only.is_none_or(|only| *only == realm) {
                    self.take(realm, folded, kind, set)?;
                }
            }
        }
        self.end_user()?;
        Ok(self.output.flush()?)
    }

    fn take(
        &mut self,
        realm: Realm,
        folded: &str,
        kind: DeviceKind,
        set: Arc<DeviceSet>,
    ) -> io::Result<()> {
        if let Some(user) =
            self.user.as_mut().filter(|user| user.realm == realm && user.folded == folded)
        {
            user.sets.push((kind, set));
            return Ok(());
        }
        self.end_user()?;
        self.user = Some(UserSets { realm, folded: folded.to_owned(), sets: vec![(kind, set)] });
        Ok(())
    }

    fn end_user(&mut self) -> io::Result<()> {
        let Some(user) = self.user.take() else { return Ok(()) };
        let sets: Vec<(DeviceKind, &DeviceSet)> =
            user.sets.iter().map(|(kind, set)| (*kind, &**set)).collect();
        // A user whose devices were all deleted has nothing to tell.
        let told = sets
            .iter()
            .any(|(_, set)| !set.devices.is_empty() || set.skip != device_core::Skip::NotSet);
        let Some(owner) = sets.iter().find_map(|(_, set)| set.owner.as_ref()).filter(|_| told)
        else {
            return Ok(());
        };
        self.users += 1;
        writeln!(self.output, "{}", interchange::write(&user.realm, owner, &sets, self.show))
    }
}
