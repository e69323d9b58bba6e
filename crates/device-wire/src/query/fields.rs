//! `_fields`: a part of an answer.

use device_core::DeviceKind;

use super::json::Members;
use super::pointer::{Pointer, PointerError};

/// Fields that `_fields` may name.
pub const FIELDS_MAX: usize = 64;

/// The fields of devices that an answer shows. `_id` and `_rev` are always among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<Pointer>);

impl Fields {
    /// Reads names of fields that lists of this kind show; `None` if there are none, which means all.
    ///
    /// # Errors
    /// [`PointerError`].
    pub fn parse<'n>(
        names: impl Iterator<Item = &'n str>,
        kind: DeviceKind,
    ) -> Result<Option<Self>, PointerError> {
        let fields: Vec<Pointer> =
            names.map(|name| Pointer::parse(name, kind)).collect::<Result<_, _>>()?;
        Ok(if fields.is_empty() { None } else { Some(Self(fields)) })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The chosen members of an object, as they are written there and in that order.
    #[must_use]
    pub fn of(&self, object: &str) -> String {
        let own = ["_id".to_owned(), "_rev".to_owned()];
        let chosen = self.0.iter().map(Pointer::tokens).chain([&own[..1], &own[1..]]);
        let mut out = String::with_capacity(object.len());
        push_chosen(&mut out, object, &chosen.collect::<Vec<_>>());
        out
    }
}

/// Appends an object with the members that the paths lead to.
fn push_chosen(out: &mut String, object: &str, paths: &[&[String]]) {
    out.push('{');
    // The text is an answer of ours, and an object.
    let Members(members) = serde_json::from_str(object).unwrap_or_default();
    for (name, value) in members {
        let below = paths.iter().filter_map(|path| path.split_first());
        let below: Vec<&[String]> =
            below.filter(|(first, _)| **first == *name).map(|(_, below)| below).collect();
        let whole = below.iter().any(|path| path.is_empty());
        if below.is_empty() || (!whole && !value.get().starts_with('{')) {
            continue;
        }
        if !out.ends_with('{') {
            out.push(',');
        }
        // A string always has a JSON form.
        out.push_str(&serde_json::to_string(&name).unwrap_or_default());
        out.push(':');
        if whole {
            out.push_str(value.get());
        } else {
            push_chosen(out, value.get(), &below);
        }
    }
    out.push('}');
}
