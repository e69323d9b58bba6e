//! Users from the entries of a directory, as LDIF.

use std::io::BufRead;

use clap::Args;
use device_ldif::Reader;

use super::source::{Piece, Source};
use crate::cli::{Exit, Failure};
use crate::directory::{BaseMap, Directory, Found, Keys, key_file};
use crate::interchange::Rejected;

/// The flags that only LDIF needs.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// LDIF: entries below BASE are users of REALM, named by ATTRIBUTE; may be repeated, the deepest base decides
    #[arg(long = "map", value_name = "BASE=REALM:ATTRIBUTE")]
    maps: Vec<BaseMap>,
    /// LDIF: a private key (PEM or DER) that opens encrypted profiles; may be repeated
    #[arg(long = "jwe-key", value_name = "FILE")]
    jwe_keys: Vec<std::path::PathBuf>,
}

impl Flags {
    /// Refuses them where they would be passed over.
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        if self.maps.is_empty() && self.jwe_keys.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Exit::Usage, "--map and --jwe-key are for --format ldif"))
    }

    pub(super) fn directory(&self) -> Result<Directory, Failure> {
        if self.maps.is_empty() {
            let message = "LDIF needs at least one --map, such as --map 'ou=people,dc=alpha,ou=identities=/alpha:fr-idm-uuid'";
            return Err(Failure::new(Exit::Usage, message));
        }
        for (at, map) in self.maps.iter().enumerate() {
            if self.maps[..at].iter().any(|other| other.has_base_of(map)) {
                let message =
                    format!("--map {}: there is another --map of this base", map.as_str());
                return Err(Failure::new(Exit::Usage, message));
            }
        }
        let mut keys = Vec::new();
        for path in &self.jwe_keys {
            let read = key_file::read(path).map_err(|error| {
                Failure::new(Exit::Failed, format!("{}: {error}", path.display()))
            })?;
            keys.extend(read);
        }
        Ok(Directory::new(self.maps.clone(), Keys::new(keys)))
    }
}

/// The entries of a directory.
pub(super) struct Entries<'a, R, W> {
    directory: &'a Directory,
    reader: Reader<R, W>,
    /// Entries with devices below no base, and the line of the first.
    elsewhere: u64,
    elsewhere_line: u64,
    /// For each map, whether an entry is below its base.
    used: Vec<bool>,
    /// The last entry, if the file ends before it does.
    not_ended: Option<u64>,
}

/// Reads the entries of `input`.
pub(super) fn entries<'a, R: BufRead + 'a>(input: R, directory: &'a Directory) -> impl Source + 'a {
    Entries {
        directory,
        reader: Reader::new(input, |attribute: &str| directory.wants(attribute)),
        elsewhere: 0,
        elsewhere_line: 0,
        used: vec![false; directory.maps().len()],
        not_ended: None,
    }
}

impl<R: BufRead, W: Fn(&str) -> bool> Source for Entries<'_, R, W> {
    fn next(&mut self) -> Result<Option<Piece>, Failure> {
        while let Some(entry) = self.reader.next_entry()? {
            let entry = match entry {
                Ok(entry) => entry,
                Err(fault) => {
                    let what = "entry".to_owned();
                    let reason = fault.reason.to_string();
                    let rejected = Rejected { line: None, what, reason };
                    return Ok(Some(Piece { line: fault.line, user: Err(vec![rejected]) }));
                }
            };
            let line = entry.line;
            self.not_ended = (!entry.ended).then_some(line);
            let (map, found) = self.directory.read(&entry);
            if let Some(map) = map {
                self.used[map] = true;
            }
            match found {
                Found::User(user) => return Ok(Some(Piece { line, user: Ok(user) })),
                Found::Rejected(rejected) => {
                    return Ok(Some(Piece { line, user: Err(rejected) }));
                }
                Found::Elsewhere => {
                    if self.elsewhere == 0 {
                        self.elsewhere_line = line;
                    }
                    self.elsewhere += 1;
                }
                Found::Nobody => {}
            }
        }
        Ok(None)
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(line) = self.not_ended {
            remarks.push(format!("line {line}: the file ends with this entry, without an empty line: if it was cut off there, devices may be missing"));
        }
        if self.elsewhere > 0 {
            remarks.push(format!(
                "line {}: entries with devices below no base of a --map were passed over: {}, of which this is the first",
                self.elsewhere_line, self.elsewhere
            ));
        }
        for (map, _) in self.directory.maps().iter().zip(&self.used).filter(|(_, used)| !**used) {
            remarks.push(format!("--map {}: no entry is below this base", map.as_str()));
        }
        remarks
    }
}
