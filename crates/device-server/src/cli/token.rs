//! `devreg token`: a token of the local signing key. Works beside a running server.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use device_core::{Realm, UserId};

use super::{Exit, Failure};
use crate::settings::{Flags, Settings};
use crate::signing_key::{SigningKey, Subject};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The data folder [default: ./devreg-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The realm in which the token is valid
    #[arg(long, value_name = "PATH", value_parser = Realm::parse)]
    realm: Realm,
    /// For an administrator of the realm
    #[arg(long, conflicts_with = "user", required_unless_present = "user")]
    admin: bool,
    /// For the user with this `_id`
    #[arg(long, value_name = "NAME", value_parser = UserId::parse)]
    user: Option<UserId>,
    /// How long it is valid: 90s, 15m, 12h
    #[arg(long, default_value = "1h", value_parser = duration)]
    ttl: Duration,
    /// How the user logged in: oath, push, webauthn, binding
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    amr: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = Settings::load(&Flags { data: arguments.data.clone(), ..Flags::default() })?;
    let key = SigningKey::open_or_create(&settings.data)?;
    let subject = arguments.user.clone().map_or(Subject::Administrator, Subject::User);
    println!("{}", key.sign(&arguments.realm, &subject, &arguments.amr, arguments.ttl)?);
    Ok(Exit::Done)
}

/// Reads `90s`, `15m` or `12h`.
fn duration(text: &str) -> Result<Duration, String> {
    let unit =
        |suffix| text.strip_suffix(suffix).and_then(|number: &str| number.parse::<u64>().ok());
    let seconds =
        unit('s').or_else(|| unit('m')?.checked_mul(60)).or_else(|| unit('h')?.checked_mul(3600));
    let seconds = seconds.filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "a duration is written as 90s, 15m or 12h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("12h", 43_200)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "h", "1", "1d", "-1h", "0s", "1.5h", "99999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
