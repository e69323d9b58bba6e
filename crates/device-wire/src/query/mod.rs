//! What a list is asked for beside all of it: a filter, fields, an order, a page.
//!
//! All of it sees an entry as the list shows it and nothing else: a filter or an order over anything more would tell what it is, bit by bit.
//! Sources: `decisions.md` (What an answer shows), `am-behaviour.md` 4.2 and 4.3.

mod cookie;
pub mod fields;
pub mod filter;
mod json;
pub mod order;
pub mod pointer;

use device_core::{DeviceKind, Realm, UserId};
use serde_json::Value;

use crate::call::{Fault, Target};
use cookie::Binding;
use fields::{FIELDS_MAX, Fields};
use filter::{FILTER_WORK_BYTES_MAX, Filter};
use order::{Position, SORT_KEYS_MAX, SortKey};

/// What makes a list another one than all entries in the usual order, besides the filter.
const PARAMETERS: [&str; 7] = [
    "_fields",
    "_sortKeys",
    "_pageSize",
    "_pagedResultsCookie",
    "_pagedResultsOffset",
    "_totalPagedResultsPolicy",
    "_countOnly",
];

/// Entries of a page.
pub const PAGE_SIZE_MAX: usize = 1000;

/// A list that is not simply all entries in the usual order.
#[derive(Debug, Clone)]
pub struct Query {
    filter: Filter,
    fields: Option<Fields>,
    sort: Vec<SortKey>,
    /// Entries of a page; `None` is all.
    page_size: Option<usize>,
    start: Start,
    /// Whether all matching entries are counted.
    counted: bool,
    /// Whether their number is all that is asked.
    count_only: bool,
    binding: Binding,
}

/// Where a page begins.
#[derive(Debug, Clone)]
enum Start {
    At(usize),
    After(Position),
}

/// A device as the list shows it, before anything is chosen.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// When it was registered, in milliseconds since 1970: the usual order begins with it.
    pub created_ms: u64,
    /// Its id; no other entry has it.
    pub id: &'a str,
    /// The JSON object that the list shows.
    pub json: String,
}

/// What a query chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries, as JSON objects.
    pub entries: Vec<String>,
    /// How many there are; more than [`Self::entries`] where the number is all that was asked.
    pub count: usize,
    /// What leads to the next page, if there is one.
    pub cookie: Option<String>,
    /// All entries that match, if they were counted.
    pub total: Option<usize>,
}

/// Whose devices are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) realm: &'a Realm,
    pub(crate) user_id: &'a UserId,
    pub(crate) kind: DeviceKind,
}

impl Query {
    /// Reads the query of a list from the parameters; `None` is the plain list. `filter` is that of `_queryFilter`, if it was given.
    pub(crate) fn read(
        target: &Target<'_>,
        subject: Subject<'_>,
        filter_text: Option<&str>,
    ) -> Result<Option<Box<Self>>, Fault> {
        let kind = subject.kind;
        let filter = match filter_text {
            None | Some("true") => Filter::Literal(true),
            Some(text) => parse_filter(text, kind)?,
        };
        // Nearly every list: nothing more is looked at.
        let plain = PARAMETERS.iter().all(|name| target.values(name).next().is_none());
        if plain && filter == Filter::Literal(true) {
            return Ok(None);
        }
        let fields = fields(target, kind)?;
        let sort = sort_keys(target, kind)?;
        let page_size = number(target, "_pageSize")?.filter(|size| *size > 0);
        if page_size.is_some_and(|size| size > PAGE_SIZE_MAX) {
            return Err(Fault::bad(format!("`_pageSize` is more than {PAGE_SIZE_MAX}")));
        }
        let binding =
            Binding::of(subject.realm, subject.user_id, kind, filter_text.unwrap_or("*"), &sort);
        let start = start(target, page_size, &binding, &sort)?;
        let counted = counted(target)?;
        let count_only = count_only(target)?;
        if count_only && page_size.is_some() {
            return Err(contradict("_countOnly", "_pageSize"));
        }
        let query = Self { filter, fields, sort, page_size, start, counted, count_only, binding };
        Ok(Some(Box::new(query)))
    }

    /// Chooses among the entries of the list.
    ///
    /// # Errors
    /// [`Fault::Bad`] if the filter has too many comparisons for a list of that size.
    pub fn choose(&self, entries: Vec<Entry<'_>>) -> Result<Page, Fault> {
        let bytes: usize = entries.iter().map(|entry| entry.json.len()).sum();
        if bytes.saturating_mul(self.filter.comparisons()) > FILTER_WORK_BYTES_MAX {
            return Err(Fault::bad("`_queryFilter` has too many comparisons for so large a list"));
        }
        let is_looked_into = !self.sort.is_empty() || !matches!(self.filter, Filter::Literal(_));
        let mut matching: Vec<(Position, String)> = Vec::with_capacity(entries.len());
        for Entry { created_ms, id, json } in entries {
            let value = if is_looked_into { json::value_of(&json) } else { Value::Null };
            if self.filter.matches(&value) {
                matching.push((Position::of(&self.sort, &value, created_ms, id), json));
            }
        }
        let total = matching.len();
        if self.count_only {
            return Ok(Page {
                entries: Vec::new(),
                count: total,
                cookie: None,
                total: Some(total),
            });
        }
        matching.sort_by(|(left, _), (right, _)| left.compare(right, &self.sort));
        let first = match &self.start {
            Start::At(offset) => *offset,
            Start::After(position) => {
                matching.partition_point(|(entry, _)| entry.compare(position, &self.sort).is_le())
            }
        };
        let size = self.page_size.unwrap_or(usize::MAX);
        let mut page = matching.split_off(first.min(total));
        let cookie = match page.get(size..) {
            Some([_, ..]) => page.get(size - 1).map(|(last, _)| self.binding.cookie(last)),
            _ => None,
        };
        page.truncate(size);
        let shown = |(_, json): (Position, String)| match &self.fields {
            Some(fields) => fields.of(&json),
            None => json,
        };
        let entries: Vec<String> = page.into_iter().map(shown).collect();
        Ok(Page { count: entries.len(), entries, cookie, total: self.counted.then_some(total) })
    }
}

/// Reads `_fields`, which may be given several times, each with several names.
pub(crate) fn fields(target: &Target<'_>, kind: DeviceKind) -> Result<Option<Fields>, Fault> {
    let names = target.values("_fields").flat_map(|names| names.split(','));
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let fields =
        Fields::parse(names, kind).map_err(|error| Fault::bad(format!("`_fields`: {error}")))?;
    if fields.as_ref().is_some_and(|fields| fields.count() > FIELDS_MAX) {
        return Err(Fault::bad(format!("`_fields` names more than {FIELDS_MAX} fields")));
    }
    Ok(fields)
}

fn parse_filter(text: &str, kind: DeviceKind) -> Result<Filter, Fault> {
    Filter::parse(text, kind).map_err(|error| {
        Fault::bad(format!(
            "The value for parameter '_queryFilter' could not be parsed as a valid query filter: {error}"
        ))
    })
}

fn sort_keys(target: &Target<'_>, kind: DeviceKind) -> Result<Vec<SortKey>, Fault> {
    let keys = target.parameter("_sortKeys")?.unwrap_or_default().split(',');
    // In a query a plus that was not escaped is a blank: trimming makes of both what was meant.
    let keys = keys.map(str::trim).filter(|key| !key.is_empty());
    let keys: Vec<SortKey> = keys
        .map(|key| SortKey::parse(key, kind))
        .collect::<Result<_, _>>()
        .map_err(|error| Fault::bad(format!("`_sortKeys`: {error}")))?;
    if keys.len() > SORT_KEYS_MAX {
        return Err(Fault::bad(format!("`_sortKeys` has more than {SORT_KEYS_MAX} keys")));
    }
    Ok(keys)
}

fn start(
    target: &Target<'_>,
    page_size: Option<usize>,
    binding: &Binding,
    sort: &[SortKey],
) -> Result<Start, Fault> {
    let offset = number(target, "_pagedResultsOffset")?.filter(|offset| *offset > 0);
    let cookie = target.parameter("_pagedResultsCookie")?.filter(|cookie| !cookie.is_empty());
    let needs_size = |name: &str| match page_size {
        Some(_) => Ok(()),
        None => Err(Fault::bad(format!("`{name}` needs a `_pageSize`"))),
    };
    match (offset, cookie) {
        (None, None) => Ok(Start::At(0)),
        (Some(_), Some(_)) => Err(contradict("_pagedResultsCookie", "_pagedResultsOffset")),
        (Some(offset), None) => {
            needs_size("_pagedResultsOffset")?;
            Ok(Start::At(offset))
        }
        (None, Some(cookie)) => {
            needs_size("_pagedResultsCookie")?;
            let position = binding.position(cookie, sort);
            position.map(Start::After).ok_or_else(|| {
                Fault::bad("`_pagedResultsCookie` is not one that this list has given")
            })
        }
    }
}

/// Reads `_totalPagedResultsPolicy`. A set is small: where an estimate would do, the number is exact as well.
fn counted(target: &Target<'_>) -> Result<bool, Fault> {
    let policy = target.parameter("_totalPagedResultsPolicy")?.unwrap_or("NONE");
    match policy.to_ascii_uppercase().as_str() {
        "NONE" => Ok(false),
        "ESTIMATE" | "EXACT" => Ok(true),
        _ => Err(Fault::bad("`_totalPagedResultsPolicy` must be NONE, ESTIMATE or EXACT")),
    }
}

fn count_only(target: &Target<'_>) -> Result<bool, Fault> {
    let value = target.parameter("_countOnly")?.unwrap_or("false");
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::bad("`_countOnly` must be true or false")),
    }
}

fn number(target: &Target<'_>, name: &str) -> Result<Option<usize>, Fault> {
    let number = target.parameter(name)?.map(str::parse::<u32>).transpose();
    let number = number.map_err(|_| {
        Fault::bad(format!(
            "The value for parameter '{name}' could not be parsed as a valid integer, 0 or more"
        ))
    })?;
    Ok(number.and_then(|number| usize::try_from(number).ok()))
}

fn contradict(left: &str, right: &str) -> Fault {
    Fault::bad(format!("The parameters {left} and {right} are mutually exclusive"))
}
