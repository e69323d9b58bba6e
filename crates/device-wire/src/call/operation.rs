//! From a target, a method, headers and a body to an operation.

use device_core::rules::OnLimit;
use device_core::{DeviceId, DeviceKind, RefreshMessage, UserId, Username};

use super::conditions::{self, Put};
use super::target::{Resource, Target};
use super::{Fault, Operation, RawRequest, body, versions};
use crate::query::{self, Query, Subject};

pub(super) fn read<'a>(
    request: &RawRequest<'a>,
    target: &Target<'_>,
    require_if_match: bool,
) -> Result<Operation<'a>, Fault> {
    if !matches!(request.method, "GET" | "HEAD" | "POST" | "PUT" | "DELETE") {
        return Err(unsupported());
    }
    let action = target.parameter("_action")?;
    if action.is_some() && request.method != "POST" {
        return Err(Fault::bad(format!("`_action` belongs to POST, not to {}", request.method)));
    }
    body::check_content_type(request)?;
    versions::check(request, &target.resource)?;
    target.parameter("_prettyPrint")?;
    match &target.resource {
        Resource::PushMessage => push_message(request, action),
        Resource::Sessions => session(request, action),
        Resource::User { user_id } => match (request.method, action) {
            ("POST", Some("purge")) => {
                body::check_action_body(request)?;
                conditions::of_action(request)?;
                Ok(Operation::Purge { user_id: user(user_id)? })
            }
            _ => Err(unsupported()),
        },
        Resource::Collection { user_id, kind } => {
            let user_id = user(user_id)?;
            match request.method {
                "GET" | "HEAD" => list(request, target, user_id, *kind),
                "POST" => {
                    collection_action(request, target, action, user_id, *kind, require_if_match)
                }
                "PUT" => Err(collection_cannot_be(*kind, "updated")),
                _ => Err(collection_cannot_be(*kind, "deleted")),
            }
        }
        Resource::Instance { user_id, kind, id } => {
            let id = DeviceId::parse(id)
                .map_err(|error| Fault::bad(format!("The device id {error}")))?;
            let device = (user(user_id)?, *kind, id);
            of_device(request, target, action, device, require_if_match)
        }
    }
}

fn of_device(
    request: &RawRequest<'_>,
    target: &Target<'_>,
    action: Option<&str>,
    (user_id, kind, id): (UserId, DeviceKind, DeviceId),
    require_if_match: bool,
) -> Result<Operation<'static>, Fault> {
    match request.method {
        "GET" | "HEAD" if is_query(target)? => Err(Fault::bad(format!(
            "The resource instance {} cannot be queried",
            kind.row().collection
        ))),
        "GET" | "HEAD" => {
            let fields = query::fields(target, kind)?;
            let none_match = conditions::of_look(request, "read")?;
            Ok(Operation::Read { user_id, kind, id, fields, none_match })
        }
        "PUT" => match conditions::of_put(request, require_if_match)? {
            Put::Create => Ok(Operation::Put { user_id, kind, id }),
            Put::Update(if_match) => {
                let name = body::name(request, kind)?;
                let fields = query::fields(target, kind)?;
                Ok(Operation::Rename { user_id, kind, id, name, if_match, fields })
            }
        },
        "DELETE" => {
            let fields = query::fields(target, kind)?;
            let if_match = conditions::of_change(request, "delete", require_if_match)?;
            Ok(Operation::Delete { user_id, kind, id, if_match, fields })
        }
        _ if action == Some("recordUse") => {
            let used = body::used(request)?;
            let if_match = conditions::of_change(request, "action", false)?;
            Ok(Operation::RecordUse { user_id, kind, id, used, if_match })
        }
        _ => Err(unsupported()),
    }
}

fn push_message<'a>(
    request: &RawRequest<'a>,
    action: Option<&str>,
) -> Result<Operation<'a>, Fault> {
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
fn session(request: &RawRequest<'_>, action: Option<&str>) -> Result<Operation<'static>, Fault> {
    match (request.method, action) {
        ("POST", Some("getSessionInfo")) => {
            body::check_no_member(request, "tokenId")?;
            Ok(Operation::SessionInfo)
        }
        _ => Err(unsupported()),
    }
}

fn is_query(target: &Target<'_>) -> Result<bool, Fault> {
    Ok(target.parameter("_queryFilter")?.is_some()
        || target.parameter("_queryId")?.is_some()
        || target.parameter("_queryExpression")?.is_some())
}

fn list(
    request: &RawRequest<'_>,
    target: &Target<'_>,
    user_id: UserId,
    kind: DeviceKind,
) -> Result<Operation<'static>, Fault> {
    let given = |name| target.parameter(name).map(|value| value.map(|value| (name, value)));
    let queries = [given("_queryFilter")?, given("_queryId")?, given("_queryExpression")?];
    let mut queries = queries.into_iter().flatten();
    let filter = match (queries.next(), queries.next()) {
        (None, _) => return Err(collection_cannot_be(kind, "read")),
        (Some((first, _)), Some((second, _))) => {
            return Err(Fault::bad(format!(
                "The parameters {second} and {first} are mutually exclusive"
            )));
        }
        (Some(("_queryFilter", filter)), None) => Some(filter),
        // Device resources take any id, as in AM: it names all devices.
        (Some(("_queryId", _)), None) => None,
        (Some((name, _)), None) => {
            return Err(Fault::Unsupported(format!("The parameter '{name}' is not supported")));
        }
    };
    let subject = Subject { realm: &target.realm, user_id: &user_id, kind };
    let query = Query::read(target, subject, filter)?;
    let none_match = conditions::of_look(request, "query")?;
    Ok(Operation::List { user_id, kind, query, none_match })
}

fn collection_action(
    request: &RawRequest<'_>,
    target: &Target<'_>,
    action: Option<&str>,
    user_id: UserId,
    kind: DeviceKind,
    require_if_match: bool,
) -> Result<Operation<'static>, Fault> {
    match action {
        Some("reset") => {
            body::check_action_body(request)?;
            let if_match = conditions::of_change(request, "action", require_if_match)?;
            Ok(Operation::Reset { user_id, kind, if_match })
        }
        Some("skip") => {
            let value = body::skip_value(request)?;
            conditions::of_action(request)?;
            Ok(Operation::Skip { user_id, kind, value })
        }
        Some("check") => {
            body::check_action_body(request)?;
            conditions::of_action(request)?;
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
            conditions::of_action(request)?;
            Ok(Operation::Enrol { user_id, username, kind, draft, on_limit })
        }
        _ => Err(unsupported()),
    }
}

fn user(user_id: &Result<UserId, device_core::NameError>) -> Result<UserId, Fault> {
    user_id.clone().map_err(|error| Fault::bad(format!("The user's id {error}")))
}

fn collection_cannot_be(kind: DeviceKind, what: &str) -> Fault {
    Fault::bad(format!("The resource collection {} cannot be {what}", kind.row().collection))
}

fn unsupported() -> Fault {
    Fault::Unsupported("Operation is not supported.".into())
}
