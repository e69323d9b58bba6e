//! From a target, a method, headers and a body to an operation.

use device_core::rules::OnLimit;
use device_core::{DeviceId, DeviceKind, IfMatch, RefreshMessage, Revision, UserId, Username};

use super::body;
use super::target::{Resource, Target};
use super::{Fault, Operation, RawRequest};

/// Parameters that would change what a list shows, which this version does not have.
const NOT_YET: [&str; 6] = [
    "_fields",
    "_sortKeys",
    "_pageSize",
    "_pagedResultsCookie",
    "_pagedResultsOffset",
    "_countOnly",
];

pub(super) fn read(
    request: &RawRequest<'_>,
    target: &Target,
    require_if_match: bool,
) -> Result<Operation, Fault> {
    if !matches!(request.method, "GET" | "HEAD" | "POST" | "PUT" | "DELETE") {
        return Err(unsupported());
    }
    let action = target.parameter("_action")?;
    if action.is_some() && request.method != "POST" {
        return Err(Fault::bad(format!("`_action` belongs to POST, not to {}", request.method)));
    }
    body::check_content_type(request)?;
    match &target.resource {
        Resource::PushMessage => push_message(request, action),
        Resource::Sessions => session(request, action),
        Resource::User { user_id } => match (request.method, action) {
            ("POST", Some("purge")) => Ok(Operation::Purge { user_id: user(user_id)? }),
            _ => Err(unsupported()),
        },
        Resource::Collection { user_id, kind } => {
            let user_id = user(user_id)?;
            match request.method {
                "GET" | "HEAD" => list(target, user_id, *kind),
                "POST" => {
                    collection_action(request, target, action, user_id, *kind, require_if_match)
                }
                "PUT" => Err(collection_cannot_be(*kind, "updated")),
                _ => Err(collection_cannot_be(*kind, "deleted")),
            }
        }
        Resource::Instance { user_id, kind, id } => {
            let (user_id, kind) = (user(user_id)?, *kind);
            let id = DeviceId::parse(id)
                .map_err(|error| Fault::bad(format!("The device id {error}")))?;
            match request.method {
                "GET" | "HEAD" => match is_query(target)? {
                    true => Err(Fault::bad(format!(
                        "The resource instance {} cannot be queried",
                        kind.row().collection
                    ))),
                    false => Ok(Operation::Read { user_id, kind, id }),
                },
                "PUT" => {
                    let if_match = if_match(request, require_if_match)?;
                    let name = body::name(request, kind)?;
                    Ok(Operation::Rename { user_id, kind, id, name, if_match })
                }
                "DELETE" => Ok(Operation::Delete {
                    user_id,
                    kind,
                    id,
                    if_match: if_match(request, require_if_match)?,
                }),
                _ if action == Some("recordUse") => {
                    let if_match = if_match(request, false)?;
                    Ok(Operation::RecordUse {
                        user_id,
                        kind,
                        id,
                        used: body::used(request)?,
                        if_match,
                    })
                }
                _ => Err(unsupported()),
            }
        }
    }
}

fn push_message(request: &RawRequest<'_>, action: Option<&str>) -> Result<Operation, Fault> {
    match (request.method, action) {
        ("POST", Some("refresh")) => {
            let message = RefreshMessage::parse(request.body).map_err(Fault::Refresh)?;
            Ok(Operation::Refresh(Box::new(message)))
        }
        // `register` and `authenticate` belong to a login journey, which this server does not have.
        _ => Err(unsupported()),
    }
}

/// What mobile clients ask before anything else (`clients.md` 4). A body could only name somebody else's session, which this server does not show.
fn session(request: &RawRequest<'_>, action: Option<&str>) -> Result<Operation, Fault> {
    match (request.method, action) {
        ("POST", Some("getSessionInfo")) => {
            body::check_no_member(request, "tokenId")?;
            Ok(Operation::SessionInfo)
        }
        _ => Err(unsupported()),
    }
}

fn is_query(target: &Target) -> Result<bool, Fault> {
    Ok(target.parameter("_queryFilter")?.is_some()
        || target.parameter("_queryId")?.is_some()
        || target.parameter("_queryExpression")?.is_some())
}

fn list(target: &Target, user_id: UserId, kind: DeviceKind) -> Result<Operation, Fault> {
    for parameter in NOT_YET {
        if target.parameter(parameter)?.is_some() {
            return Err(Fault::Unsupported(format!(
                "The parameter '{parameter}' is not supported"
            )));
        }
    }
    let nothing = match (target.parameter("_queryFilter")?, target.parameter("_queryId")?) {
        (Some(_), Some(_)) => {
            return Err(Fault::bad(
                "The parameters _queryId and _queryFilter are mutually exclusive",
            ));
        }
        (Some(filter), None) if filter.trim_matches(' ').eq_ignore_ascii_case("true") => false,
        (Some(filter), None) if filter.trim_matches(' ').eq_ignore_ascii_case("false") => true,
        (Some(_), None) => {
            return Err(Fault::Unsupported(
                "Filters other than 'true' and 'false' are not supported".into(),
            ));
        }
        (None, Some(_)) => false,
        (None, None) => return Err(collection_cannot_be(kind, "read")),
    };
    Ok(Operation::List { user_id, kind, nothing })
}

fn collection_action(
    request: &RawRequest<'_>,
    target: &Target,
    action: Option<&str>,
    user_id: UserId,
    kind: DeviceKind,
    require_if_match: bool,
) -> Result<Operation, Fault> {
    match action {
        Some("reset") => {
            body::check_action_body(request)?;
            Ok(Operation::Reset { user_id, kind, if_match: if_match(request, require_if_match)? })
        }
        Some("skip") => Ok(Operation::Skip { user_id, kind, value: body::skip_value(request)? }),
        Some("check") => {
            body::check_action_body(request)?;
            Ok(Operation::Check { user_id, kind })
        }
        Some("create") => {
            let on_limit = match target.parameter("_onLimit")? {
                None | Some("refuse") => OnLimit::Refuse,
                Some("replace") => OnLimit::Replace,
                Some(_) => return Err(Fault::bad("`_onLimit` must be `refuse` or `replace`")),
            };
            let username = target.parameter("username")?.map(Username::parse).transpose();
            let username = username.map_err(|error| Fault::bad(format!("`username` {error}")))?;
            let draft = Box::new(body::draft(request, kind)?);
            Ok(Operation::Enrol { user_id, username, kind, draft, on_limit })
        }
        _ => Err(unsupported()),
    }
}

fn user(user_id: &Result<UserId, device_core::NameError>) -> Result<UserId, Fault> {
    user_id.clone().map_err(|error| Fault::bad(format!("The user's id {error}")))
}

/// The condition of a change. Quotes are optional, as in CREST.
fn if_match(request: &RawRequest<'_>, required: bool) -> Result<IfMatch, Fault> {
    match request.header("if-match")?.map(str::trim) {
        None if required => Err(Fault::NoCondition),
        None | Some("*") => Ok(IfMatch::Any),
        Some(text) => {
            let bare =
                text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
            let revision = Revision::parse(bare);
            revision
                .map(IfMatch::Exactly)
                .map_err(|_| Fault::bad("`If-Match` must be `*` or one revision"))
        }
    }
}

fn collection_cannot_be(kind: DeviceKind, what: &str) -> Fault {
    Fault::bad(format!("The resource collection {} cannot be {what}", kind.row().collection))
}

fn unsupported() -> Fault {
    Fault::Unsupported("Operation is not supported.".into())
}
