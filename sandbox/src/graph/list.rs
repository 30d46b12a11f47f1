//! `GET`: the open requests of a group, page by page.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::graph::call::Call;
use crate::graph::cursor::Cursor;
use crate::graph::error::GraphError;
use crate::graph::page::Page;
use crate::world::group::{Group, OpenRequest};
use crate::world::styles::{AbsentWaId, Styles};

/// What links to other pages are made of.
pub(crate) struct Links<'a> {
    /// The absolute address of the list.
    pub(crate) edge: String,
    /// The caller's token.
    pub(crate) token: &'a str,
}

/// One page. `paging.next` is there only when more follows; an empty list has no paging at all.
pub(crate) fn answer(
    styles: Styles,
    page_size: usize,
    group: &Group,
    call: &Call,
    links: &Links<'_>,
) -> Result<Value, GraphError> {
    let version = group.list_version();
    let requests = group.open();
    let page = Page::read(call, page_size, requests.len(), &version)?;
    let shown = requests.get(page.range.clone()).unwrap_or_default();
    let data: Vec<Value> = shown.iter().map(|request| item(request, styles)).collect();
    if requests.is_empty() {
        return Ok(json!({"data": data}));
    }
    let cursor = |offset| Cursor { offset, version_id: version.clone() }.encode();
    let (before, after) = (cursor(page.range.start), cursor(page.range.end));
    let link = |side: &str, cursor: &str| {
        let token = utf8_percent_encode(links.token, NON_ALPHANUMERIC);
        let token = if styles.token_in_paging { format!("access_token={token}&") } else { String::new() };
        json!(format!("{}?{token}limit={}&{side}={cursor}", links.edge, page.limit))
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

fn item(request: &OpenRequest, styles: Styles) -> Value {
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
        } else if name == "wa_id" && styles.absent_wa_id == AbsentWaId::Empty {
            fields.insert(name.to_owned(), json!(""));
        }
    }
    let created = if styles.timestamps_as_strings {
        json!(request.created_at.to_string())
    } else {
        json!(request.created_at)
    };
    fields.insert("creation_timestamp".to_owned(), created);
    Value::Object(fields)
}
