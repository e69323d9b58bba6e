//! `devreg purge`: everything of a user is forgotten.

use clap::Args;
use device_core::{Realm, UserId};
use device_registry::{Request, User};

use super::{Exit, Failure, StoreArguments, operator, registry, runtime};
use crate::on_store;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// The user's realm
    #[arg(long, value_name = "PATH", value_parser = Realm::parse)]
    realm: Realm,
    /// The user's `_id`
    #[arg(long, value_name = "NAME", value_parser = UserId::parse)]
    user: UserId,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, opened) = arguments.store.open()?;
    let user = User { realm: arguments.realm.clone(), user_id: arguments.user.clone() };
    let purged = on_store!(opened, |store| {
        let registry = registry(store, &settings)?;
        runtime()?.block_on(registry.purge(&Request::by(&operator("purge")), &user))
    })?;
    if purged.sets == 0 {
        let message = format!("there is no user `{}` in realm `{}`", user.user_id, user.realm);
        return Err(Failure::new(Exit::NotFound, message));
    }
    eprintln!("forgot {} devices of `{}` in realm `{}`", purged.devices, user.user_id, user.realm);
    Ok(Exit::Done)
}
