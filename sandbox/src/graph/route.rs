//! Which edge a path means.

use std::time::Instant;

use crate::codes;
use crate::graph::answer::Success;
use crate::graph::call::Call;
use crate::graph::error::{GraphError, METHOD_EXCEPTION};
use crate::graph::list::Links;
use crate::graph::{debug_token, decide, list};
use crate::world::styles::UnknownGroupStyle;
use crate::world::verb::Decision;
use crate::world::{Shared, World};

/// Answers a call that was let in with this token.
pub(crate) fn dispatch(
    shared: &Shared,
    world: &mut World,
    call: &Call,
    token: &str,
) -> Result<Success, GraphError> {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        // Graph would serve a path without a version as its oldest one; a client under test must not rely on it.
        [version, ..] if !is_version(version) => Err(unknown_path(call)),
        [_, "debug_token"] => match call.method.as_str() {
            "GET" => debug_token::answer(world, call).map(Success::from),
            method => Err(unsupported(method)),
        },
        [version, group_id, "join_requests"] => {
            let edge = format!("{}/{version}/{group_id}/join_requests", shared.base_url);
            join_requests(shared, world, call, group_id, &Links { edge, token })
        }
        [_, object] if !object.is_empty() => Err(GraphError::no_object(&call.method, object)),
        _ => Err(unknown_path(call)),
    }
}

fn join_requests(
    shared: &Shared,
    world: &mut World,
    call: &Call,
    group_id: &str,
    links: &Links<'_>,
) -> Result<Success, GraphError> {
    let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=".contains(&byte);
    if group_id.is_empty() || !group_id.bytes().all(well_formed) {
        return Err(GraphError::no_object(&call.method, group_id));
    }
    let group = world.groups.get(group_id).ok_or_else(|| match world.styles.unknown_group {
        UnknownGroupStyle::GroupCode => GraphError::of(codes::UNKNOWN_GROUP),
        UnknownGroupStyle::ObjectCode => GraphError::no_object(&call.method, group_id),
    })?;
    if group.suspended {
        return Err(GraphError::of(codes::GROUP_SUSPENDED));
    }
    let decision = match call.method.as_str() {
        "GET" => {
            let page_size = shared.options.page_size;
            return list::answer(world.styles, page_size, group, call, links).map(Success::from);
        }
        "POST" => Decision::Approve,
        "DELETE" => Decision::Reject,
        method => return Err(unsupported(method)),
    };
    world.meter.take_phone(&group.owner_phone, Instant::now()).map_err(GraphError::over)?;
    decide::answer(shared, world, group_id, decision, call)
}

fn unsupported(method: &str) -> GraphError {
    let message = format!("Unsupported request - method type: {}", method.to_ascii_lowercase());
    GraphError::plain(codes::INVALID_PARAMETER, METHOD_EXCEPTION, message)
}

fn unknown_path(call: &Call) -> GraphError {
    GraphError::plain(
        codes::UNKNOWN_PATH,
        "OAuthException",
        format!("Unknown path components: {}", call.path()),
    )
}

/// Whether a path segment names a version, such as `v23.0`.
pub(crate) fn is_version(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    segment
        .strip_prefix('v')
        .and_then(|numbers| numbers.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}
