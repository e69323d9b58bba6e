//! One entry of a list of settings: reading its values, and errors that name it.

use std::io::Read as _;
use std::path::Path;

use device_core::{Realm, Secret};
use device_wire::realms::Realms;

use super::CallersError;
use crate::callers::client::EndPoint;
use crate::callers::limits::SECRET_FILE_BYTES_MAX;

/// An entry.
pub(super) struct Entry<'a> {
    pub(super) name: String,
    pub(super) realms: &'a Realms,
    pub(super) plain_http: bool,
}

impl Entry<'_> {
    pub(super) fn wrong(&self, why: impl Into<String>) -> CallersError {
        CallersError { what: self.name.clone(), why: why.into() }
    }

    pub(super) fn realm(&self, path: &str) -> Result<Realm, CallersError> {
        let realm = Realm::parse(path).ok().filter(|realm| self.realms.contains(realm));
        realm.ok_or_else(|| self.wrong(format!("`{path}` is not one of the `realms`")))
    }

    pub(super) fn administers(
        &self,
        paths: Option<&[String]>,
        own: &Realm,
    ) -> Result<Vec<Realm>, CallersError> {
        match paths {
            Some(paths) => paths.iter().map(|path| self.realm(path)).collect(),
            None => Ok(vec![own.clone()]),
        }
    }

    pub(super) fn end_point(&self, setting: &str, url: &str) -> Result<EndPoint, CallersError> {
        EndPoint::parse(url, self.plain_http)
            .map_err(|why| self.wrong(format!("`{setting}`: `{url}` {why}")))
    }

    /// A secret from one of two places; `None` if neither is set.
    pub(super) fn secret(
        &self,
        name: &str,
        file: Option<&Path>,
        variable: Option<&str>,
    ) -> Result<Option<Secret>, CallersError> {
        let text = match (file, variable) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(
                    self.wrong(format!("`{name}_file` and `{name}_env` exclude each other"))
                );
            }
            (Some(path), None) => {
                let mut text = String::new();
                let read = std::fs::File::open(path)
                    .and_then(|file| file.take(SECRET_FILE_BYTES_MAX).read_to_string(&mut text));
                let place = path.display();
                read.map_err(|error| self.wrong(format!("`{name}_file` {place}: {error}")))?;
                text
            }
            (None, Some(variable)) => std::env::var(variable).map_err(|_| {
                self.wrong(format!("`{name}_env`: the variable `{variable}` is not set"))
            })?,
        };
        // Editors end files with a line break.
        let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
        if secret.is_empty() {
            Err(self.wrong(format!("`{name}` is empty")))
        } else {
            Ok(Some(secret))
        }
    }
}
