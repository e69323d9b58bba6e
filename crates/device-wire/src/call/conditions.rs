//! Conditions: `If-Match`, `If-None-Match` and those that this server does not have. They are looked at last: of a request that cannot be read they are ignored (RFC 9110,
//! 13.2.1).
//!
//! Sources: `am-behaviour.md` 4.5; `decisions.md` (`_rev`, ETag, If-Match). Quotes are optional, as in Common REST.

use device_core::{IfMatch, Revision};

use super::{Fault, RawRequest};

/// The condition of a GET: nothing is sent if the revision is one that the client has (`If-None-Match`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoneMatch(Vec<String>);

impl NoneMatch {
    /// Whether the client has the revision.
    #[must_use]
    pub fn names(&self, revision: Revision) -> bool {
        // Nearly nobody asks: then nothing is written to be compared.
        !self.0.is_empty() && self.0.contains(&revision.to_string())
    }
}

/// What a PUT may do.
pub(super) enum Put {
    /// Change what is there.
    Update(IfMatch),
    /// Make what is not there (`If-None-Match: *`).
    Create,
}

/// The condition of a request that looks, called `what`.
pub(super) fn of_look(request: &RawRequest<'_>, what: &str) -> Result<NoneMatch, Fault> {
    refuse_dates(request)?;
    refuse(request, "if-match", what)?;
    let Some(text) = request.header("if-none-match")? else { return Ok(NoneMatch::default()) };
    if text.trim() == "*" {
        return Err(Fault::Condition(format!(
            "If-None-Match: * not supported for {what} requests"
        )));
    }
    let tags = text.split(',').map(|tag| {
        let tag = tag.trim();
        // A weak tag is as good here: a client compares what it got.
        bare(tag.strip_prefix("W/").unwrap_or(tag)).to_owned()
    });
    Ok(NoneMatch(tags.collect()))
}

/// The condition of a change other than by PUT.
pub(super) fn of_change(
    request: &RawRequest<'_>,
    what: &str,
    required: bool,
) -> Result<IfMatch, Fault> {
    refuse_dates(request)?;
    refuse(request, "if-none-match", what)?;
    if_match(request, required)
}

/// Refuses conditions where nothing has a revision.
pub(super) fn of_action(request: &RawRequest<'_>) -> Result<(), Fault> {
    refuse_dates(request)?;
    refuse(request, "if-match", "action")?;
    refuse(request, "if-none-match", "action")
}

/// The condition of a PUT.
pub(super) fn of_put(request: &RawRequest<'_>, required: bool) -> Result<Put, Fault> {
    refuse_dates(request)?;
    let Some(none_match) = request.header("if-none-match")?.map(str::trim) else {
        return if_match(request, required).map(Put::Update);
    };
    refuse(request, "if-match", "conditional create")?;
    if none_match != "*" {
        return Err(Fault::bad("Only `*` is a supported value for If-None-Match on PUT"));
    }
    Ok(Put::Create)
}

fn if_match(request: &RawRequest<'_>, required: bool) -> Result<IfMatch, Fault> {
    match request.header("if-match")?.map(str::trim) {
        None if required => Err(Fault::NoCondition),
        None | Some("*") => Ok(IfMatch::Any),
        Some(text) => Revision::parse(bare(text))
            .map(IfMatch::Exactly)
            .map_err(|_| Fault::bad("`If-Match` must be `*` or one revision")),
    }
}

/// Refuses the conditions that Common REST does not have.
fn refuse_dates(request: &RawRequest<'_>) -> Result<(), Fault> {
    for (header, shown) in
        [("if-modified-since", "If-Modified-Since"), ("if-unmodified-since", "If-Unmodified-Since")]
    {
        if request.headers.iter().any(|(name, _)| *name == header) {
            return Err(Fault::Conflict(format!("Header {shown} not supported")));
        }
    }
    Ok(())
}

fn refuse(request: &RawRequest<'_>, header: &str, what: &str) -> Result<(), Fault> {
    let shown = if header == "if-match" { "If-Match" } else { "If-None-Match" };
    match request.header(header)? {
        None => Ok(()),
        Some(_) => Err(Fault::Condition(format!("{shown} not supported for {what} requests"))),
    }
}

fn bare(tag: &str) -> &str {
    tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag)
}
