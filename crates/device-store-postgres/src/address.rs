//! Where the database is.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use device_core::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long one host may take to answer, unless the URL says otherwise (`connect_timeout`).
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// What the server is told who is there, unless the URL says otherwise.
const APPLICATION_NAME: &str = "devreg";

/// The URL of a database: `postgres://user:password@host:5432/database`, with several hosts where one of them is the primary (`host-1,host-2`), and with libpq's parameters as far as
/// tokio-postgres knows them. What is printed of it has no password.
#[derive(Clone)]
pub struct Address(Box<Config>);

/// Why a text is no [`Address`]. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the URL of the database cannot be read: {0}")]
pub struct AddressError(Box<str>);

impl Address {
    /// Whether a text means a database rather than a store by name.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// [`AddressError`] if it is none, or names no host.
    pub fn parse(url: &Secret) -> Result<Self, AddressError> {
        if !Self::is_meant_by(url.expose()) {
            return Err(AddressError("it begins with `postgres://`".into()));
        }
        let mut config = Config::from_str(url.expose()).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            AddressError(cause.unwrap_or_else(|| error.to_string()).into())
        })?;
        if config.get_hosts().is_empty() {
            return Err(AddressError("it names no host".into()));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIME_MAX);
        }
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION_NAME);
        }
        // Of several hosts the one that takes writes; after a failover that is another one.
        if config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(Self(Box::new(config)))
    }

    /// For connections whose statements the server is to end by itself after `time_max`, so that what was given up does not go on for long.
    pub(crate) fn config(&self, time_max: Option<Duration>) -> Config {
        let mut config = Config::clone(&self.0);
        if let Some(time_max) = time_max {
            let own = format!("-c statement_timeout={}", time_max.as_millis());
            let options =
                config.get_options().map_or(own.clone(), |given| format!("{own} {given}"));
            config.options(options);
        }
        config
    }

    /// Whether a connection may be encrypted.
    pub(crate) fn may_use_tls(&self) -> bool {
        self.0.get_ssl_mode() != SslMode::Disable
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("postgres://")?;
        if let Some(user) = self.0.get_user() {
            write!(formatter, "{user}@")?;
        }
        let ports = self.0.get_ports();
        for (at, host) in self.0.get_hosts().iter().enumerate() {
            let port = ports.get(at).or(ports.first()).unwrap_or(&5432);
            let comma = if at > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(formatter, "{comma}{name}:{port}")?,
                Host::Unix(folder) => write!(formatter, "{comma}{}:{port}", folder.display())?,
            }
        }
        write!(formatter, "/{}", self.0.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, AddressError> {
        Address::parse(&Secret::new(url))
    }

    #[test]
    fn a_password_is_not_printed() {
        let address =
            parse("postgres://devreg:canary@one:5433,two:5434/mfa?password=canary").unwrap();
        for printed in [format!("{address}"), format!("{address:?}")] {
            assert_eq!(printed, "postgres://devreg@one:5433,two:5434/mfa");
        }
        for bad in [
            "postgres://u:canary@host/db?nosuch=canary",
            "postgres://u:canary@host:canary/db",
            "postgres://u:canary@/db",
            "postgre://u:canary@host/db",
            "postgres://u:canary@host/db?sslmode=canary",
        ] {
            let error = parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_host_that_takes_writes_is_meant() {
        let address = parse("postgresql://one,two/mfa").unwrap();
        assert_eq!(address.0.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(address.to_string(), "postgres://one:5432,two:5432/mfa");
        let config = address.config(Some(Duration::from_secs(2)));
        assert_eq!(config.get_options(), Some("-c statement_timeout=2000"));
    }
}
