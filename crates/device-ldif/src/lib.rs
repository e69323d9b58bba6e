//! Reading what directories export: LDIF (RFC 2849), entry by entry, and distinguished names (RFC 4514).
//!
//! Such a file may be larger than memory, cut off, or not what it is said to be. So one entry is held at a time, everything that grows has
//! a limit ([`limits`]), and what cannot be read is a [`Fault`] with its line, after which the reader goes on. Nothing here does I/O beyond the
//! [`std::io::BufRead`] that it is given, and all of it is fuzzed.
//!
//! ```
//! use device_ldif::{Dn, Reader};
//!
//! let file = "version: 1\n\ndn: uid=bjensen,ou=People, dc=alpha\nUID: bjen\n sen\ncn:: QmFicw==\n\n";
//! let mut reader = Reader::new(file.as_bytes(), |attribute| attribute.eq_ignore_ascii_case("uid"));
//! let entry = reader.next_entry()?.expect("an entry").expect("which can be read");
//! assert!(Dn::parse(&entry.dn)?.is_below(&Dn::parse("OU=people,dc=alpha")?));
//! assert_eq!((entry.values[0].line, &*entry.values[0].text), (4, "bjensen"));
//! assert!(reader.next_entry()?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod dn;
pub mod entry;
#[cfg(feature = "fuzz")]
pub mod fuzz_target;
pub mod limits;
mod line;
mod lines;
pub mod reader;

pub use dn::{Dn, DnError};
pub use entry::{Entry, Fault, Reason, Value};
pub use reader::Reader;
