//! `GET`: the open requests of a group, page by page.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::graph::call::Call;
use crate::graph::cursor::Cursor;
use crate::graph::error::GraphError;
use crate::graph::page::Page;
use crate::options::SandboxOptions;
use crate::world::group::{Group, OpenRequest};

/// One page. `paging.next` is there only when more follows; an empty list has no paging at all.
pub(crate) fn answer(
    options: &SandboxOptions,
    group: &Group,
    call: &Call,
    edge: &str,
    token: &str,
) -> Result<Value, GraphError> {
    let version = group.list_version();
    let requests = group.open();
    let page = Page::read(call, options.page_size, requests.len(), &version)?;
    let shown = requests.get(page.range.clone()).unwrap_or_default();
    let data: Vec<Value> = shown.iter().map(|request| item(request, options)).collect();
    if requests.is_empty() {
        return Ok(json!({"data": data}));
    }
    let cursor = |offset| Cursor { offset, version_id: version.clone() }.encode();
    let (before, after) = (cursor(page.range.start), cursor(page.range.end));
    let link = |side: &str, cursor: &str| {
        let token = utf8_percent_encode(token, NON_ALPHANUMERIC);
        let token = if options.token_in_paging { format!("access_token={token}&") } else { String::new() };
        json!(format!("{edge}?{token}limit={}&{side}={cursor}", page.limit))
    };
    let mut paging = json!({"cursors": {"before": before, "after": after}});
    if let Some(paging) = paging.as_object_mut() {
        if page.range.start > 0 {
            paging.insert("previous".to_owned(), link("before", &before));
        }
        if page.range.end < requests.len() {
            paging.insert("next".to_owned(), link("after", &after));
        }
    }
    Ok(json!({"data": data, "paging": paging}))
}

fn item(request: &OpenRequest, options: &SandboxOptions) -> Value {
    let mut fields = Map::new();
    fields.insert("join_request_id".to_owned(), json!(request.id));
    let optional = [
        ("wa_id", &request.wa_id),
        ("user_id", &request.user_id),
        ("parent_user_id", &request.parent_user_id),
        ("username", &request.username),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    let created = if options.timestamps_as_strings {
        json!(request.created_at.to_string())
    } else {
        json!(request.created_at)
    };
    fields.insert("creation_timestamp".to_owned(), created);
    Value::Object(fields)
}
