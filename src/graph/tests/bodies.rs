//! Bodies for the properties: anything, what is nearly an answer, and answers with something done to them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// Ids that decisions are about, and one that nobody sent.
pub(super) const IDS: [&str; 3] = ["YQ==", "Yg==", "Yw=="];
const FOREIGN: &str = "Zm9yZWlnbg==";

const NAMES: [&str; 14] = [
    "approved_join_requests",
    "rejected_join_requests",
    "failed_join_requests",
    "join_request_id",
    "errors",
    "error",
    "code",
    "is_transient",
    "data",
    "paging",
    "next",
    "cursors",
    "after",
    "creation_timestamp",
];

/// A body of any kind.
pub(super) fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        nearly_an_answer().prop_map(|value| value.to_string().into_bytes()),
        answer().prop_map(|value| value.to_string().into_bytes()),
        damaged(),
        with_a_repeated_member(),
    ]
}

/// A status of any kind, the usual ones often.
pub(super) fn status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200), select(vec![200, 204, 206, 302, 400, 401, 403, 408, 429, 500, 503]), 100_u16..1000]
}

/// JSON with Graph's names and anything in any place.
fn nearly_an_answer() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        id().prop_map(Value::from),
        "[A-Za-z0-9=]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let members = vec((select(&NAMES[..]), inner.clone()), 0..6);
        prop_oneof![vec(inner, 0..6).prop_map(Value::from), members.prop_map(object)]
    })
}

/// What Graph documents, or nearly: lists, an error, a page, in any combination.
fn answer() -> impl Strategy<Value = Value> {
    let ids = || vec(id(), 0..4).prop_map(|ids| json!(ids));
    let error = || {
        let code = prop_oneof![select(vec![1, 4, 100, 190, 131_203, 131_213, 999_999]), any::<i32>()];
        (code, any::<bool>()).prop_map(|(code, transient)| {
            if transient {
                json!({ "code": code, "is_transient": true })
            } else {
                json!({ "code": code.to_string() })
            }
        })
    };
    let failed = (id(), vec(error(), 0..3))
        .prop_map(|(id, errors)| json!({ "join_request_id": id, "errors": errors }));
    let request = id().prop_map(|id| json!({ "join_request_id": id, "creation_timestamp": "1755548877" }));
    let member = prop_oneof![
        ids().prop_map(|ids| ("approved_join_requests", ids)),
        ids().prop_map(|ids| ("rejected_join_requests", ids)),
        vec(failed, 0..4).prop_map(|failed| ("failed_join_requests", json!(failed))),
        vec(error(), 0..2).prop_map(|errors| ("errors", json!(errors))),
        error().prop_map(|error| ("error", error)),
        Just(("error", Value::Null)),
        vec(request, 0..4).prop_map(|data| ("data", json!(data))),
        "[ -z]{0,30}".prop_map(|next| ("paging", json!({ "next": next, "cursors": { "after": next } }))),
    ];
    vec(member, 0..5).prop_map(object)
}

/// An answer with bytes changed, cut off, put in or taken out.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<Index>(), any::<u8>(), 0..4);
    (answer(), vec(damage, 1..4)).prop_map(|(value, damages)| {
        let mut bytes = value.to_string().into_bytes();
        for (at, byte, kind) in damages {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, byte),
                2 => drop((at < bytes.len()).then(|| bytes.remove(at))),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
            }
        }
        bytes
    })
}

/// An answer in which one member stands twice in one object.
pub(super) fn with_a_repeated_member() -> impl Strategy<Value = Vec<u8>> {
    let other = prop_oneof![Just(Value::Null), Just(json!([])), Just(json!([IDS[0]])), answer()];
    (answer(), any::<Index>(), select(&NAMES[..]), other).prop_map(|(value, at, name, other)| {
        let text = value.to_string();
        // Right behind any brace that opens an object (no text in here has one), in front of what it holds.
        let braces = text.match_indices('{').map(|(at, _)| at + 1).collect::<Vec<_>>();
        let at = braces[at.index(braces.len())];
        let comma = if text[at..].starts_with('}') { "" } else { "," };
        let twice = format!("\"{name}\":{other},\"{name}\":null{comma}");
        format!("{}{twice}{}", &text[..at], &text[at..]).into_bytes()
    })
}

fn id() -> impl Strategy<Value = &'static str> {
    select(vec![IDS[0], IDS[1], IDS[2], FOREIGN])
}

fn object(members: Vec<(&str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
