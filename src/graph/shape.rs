//! What the gateway knows of Graph's JSON: every member that it reads, and those that it knows and passes over. What is not
//! in these tables, or is of another type, is told as drift; `meta-contract` holds them against a document of Meta's.

use crate::domain::Action;
use crate::json::{Object as Members, Value};
use crate::telemetry::Drift;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text.
    Text,
    /// A whole number, or one written as text: Meta's documents show both.
    Whole,
    /// True or false.
    Flag,
    /// Whatever there is; nothing in it is read.
    Anything,
    /// An object with these members.
    Object(&'static [Member]),
    /// A list of such values.
    List(&'static Self),
}

/// A member of an object. Any may be missing or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub form: Form,
    /// Whether the gateway does anything with it.
    pub read: bool,
}

const fn reads(name: &'static str, form: Form) -> Member {
    Member { name, form, read: true }
}

const fn knows(name: &'static str, form: Form) -> Member {
    Member { name, form, read: false }
}

use Form::{Anything, Flag, List, Object, Text, Whole};

/// An error, of a whole answer or of one id.
const ERROR: Form = Object(&[
    reads("code", Whole),
    reads("error_subcode", Whole),
    reads("fbtrace_id", Text),
    reads("is_transient", Flag),
    reads("message", Text),
    knows("details", Text),
    knows("error_data", Anything),
    knows("error_user_msg", Text),
    knows("error_user_title", Text),
    knows("href", Text),
    knows("title", Text),
    knows("type", Text),
]);

const REQUEST: Form = Object(&[
    reads("creation_timestamp", Whole),
    reads("join_request_id", Text),
    reads("parent_user_id", Text),
    reads("user_id", Text),
    reads("username", Text),
    reads("wa_id", Text),
]);

const PAGING: Form = Object(&[
    reads("cursors", Object(&[reads("after", Text), knows("before", Text)])),
    reads("next", Text),
    knows("previous", Text),
]);

const FAILED: Form = List(&Object(&[reads("errors", List(&ERROR)), reads("join_request_id", Text)]));

/// What every answer may have beside what was asked for.
const BESIDE: &[Member] =
    &[reads("error", ERROR), knows("__www_request_id__", Text), knows("__fb_trace_id__", Text)];

const PAGE: &[Member] = &[reads("data", List(&REQUEST)), reads("paging", PAGING)];

const DECISION: &[Member] = &[
    reads("approved_join_requests", List(&Text)),
    reads("errors", List(&ERROR)),
    reads("failed_join_requests", FAILED),
    reads("rejected_join_requests", List(&Text)),
    knows("messaging_product", Text),
];

/// What an answer is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A page of open requests.
    Page,
    /// A decision.
    Decision,
    /// What a token is worth: an edge of its own, whose fields are many and change often.
    Token,
}

impl Asked {
    /// The members of a good answer; the same for both verbs, since each list is read for what it says of the other.
    pub const fn members(self) -> &'static [Member] {
        match self {
            Self::Page => PAGE,
            Self::Decision => DECISION,
            Self::Token => &[],
        }
    }

    /// The list of what was done.
    pub const fn done(action: Action) -> &'static str {
        match action {
            Action::Approve => "approved_join_requests",
            Action::Reject => "rejected_join_requests",
        }
    }
}

/// One place where an answer is not as the tables have it. Names only, never what stood there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Difference {
    /// Whether it is no member of the tables, or one of another type.
    pub kind: Drift,
    /// The way to it: `data[].name`. A name that could be more than a name is `?`.
    pub field: String,
}

/// Where an answer differs from the tables, at most eight places.
#[derive(Debug, Default)]
pub struct Differences(Vec<Difference>);

/// Places told of one answer at most.
const MOST: usize = 8;
/// Longest name told, in bytes.
const LONGEST_NAME: usize = 40;

/// The way to a value, put together only when it has to be told.
#[derive(Clone, Copy)]
struct Place<'p> {
    within: Option<&'p Self>,
    name: &'p str,
}

impl Place<'_> {
    fn told(self) -> String {
        // Whatever is not plainly the name of a field could be data: a phone number as a key.
        let plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'[' | b']');
        let name =
            if self.name.len() <= LONGEST_NAME && self.name.bytes().all(plain) { self.name } else { "?" };
        match self.within {
            None => name.to_owned(),
            Some(within) if name == ENTRY => within.told() + ENTRY,
            Some(within) => format!("{}.{name}", within.told()),
        }
    }
}

/// Stands for every entry of a list.
const ENTRY: &str = "[]";

impl Differences {
    /// The places found.
    pub fn found(&self) -> &[Difference] {
        &self.0
    }

    /// Looks through an answer.
    pub(super) fn look(&mut self, body: &Members<'_>, asked: Asked) {
        if asked == Asked::Token {
            return;
        }
        for (name, value) in body.iter() {
            let member = asked.members().iter().chain(BESIDE).find(|member| member.name == name);
            self.member(member, value, Place { within: None, name });
        }
    }

    fn member(&mut self, member: Option<&Member>, value: &Value<'_>, place: Place<'_>) {
        match member {
            None => self.add(Drift::UnknownField, place),
            Some(Member { form, .. }) => self.value(form, value, place),
        }
    }

    fn value(&mut self, form: &Form, value: &Value<'_>, place: Place<'_>) {
        match (form, value) {
            // What is in a text, the reader of the number looks at.
            (_, Value::Null) | (Anything, _) | (Text | Whole, Value::String(_)) | (Flag, Value::Bool(_)) => {}
            (Whole, Value::Number(number)) if number.is_i64() || number.is_u64() => (),
            (Object(members), Value::Object(object)) => {
                for (name, value) in object.iter() {
                    let member = members.iter().find(|member| member.name == name);
                    self.member(member, value, Place { within: Some(&place), name });
                }
            }
            (List(form), Value::Array(list)) => {
                for value in list {
                    self.value(form, value, Place { within: Some(&place), name: ENTRY });
                }
            }
            (Text | Flag | Whole | Object(_) | List(_), _) => self.add(Drift::MistypedField, place),
        }
    }

    fn add(&mut self, kind: Drift, place: Place<'_>) {
        let difference = Difference { kind, field: place.told() };
        if self.0.len() < MOST && !self.0.contains(&difference) {
            self.0.push(difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::json;

    fn found(asked: Asked, body: &serde_json::Value) -> Vec<(&'static str, String)> {
        let mut differences = Differences::default();
        differences.look(&json::repeating_object(body.to_string().as_bytes()).unwrap(), asked);
        let found = differences.found().iter();
        found.map(|difference| (difference.kind.as_str(), difference.field.clone())).collect()
    }

    #[test]
    fn what_graph_documents_is_no_difference() {
        let page = json!({
            "data": [
                { "join_request_id": "MTY", "wa_id": "1", "creation_timestamp": 1, "username": null },
                { "join_request_id": "MTY", "creation_timestamp": "1" },
            ],
            "paging": { "cursors": { "before": "a", "after": "b" }, "next": "https://graph.invalid" },
        });
        assert_eq!(found(Asked::Page, &page), []);
        let decision = json!({
            "messaging_product": "whatsapp", "approved_join_requests": ["MTY"],
            "failed_join_requests": [{ "join_request_id": "MTY", "errors": [{ "code": "131203", "error_data": { "x": 1 } }] }],
            "error": { "message": "m", "type": "t", "code": 1, "is_transient": true },
        });
        assert_eq!(found(Asked::Decision, &decision), []);
    }

    #[test]
    fn what_is_new_or_of_another_type_is_named_by_its_way_and_once() {
        let page = json!({
            "data": [{ "join_request_id": 7, "color": "red" }, { "join_request_id": 8, "color": "blue" }, "MTY"],
            "paging": [], "summary": {},
        });
        let expected = [
            ("unknown_field", "data[].color"),
            ("mistyped_field", "data[].join_request_id"),
            ("mistyped_field", "data[]"),
            ("mistyped_field", "paging"),
            ("unknown_field", "summary"),
        ];
        let expected = expected.map(|(kind, field)| (kind, field.to_owned()));
        assert_eq!(found(Asked::Page, &page), expected);
    }

    #[test]
    fn what_could_be_data_is_no_name() {
        let body = json!({ "15550100001": 1, "approved_join_requests": [1], "failed_join_requests": [{ "Some Body": 1 }] });
        let fields = found(Asked::Decision, &body).into_iter().map(|(_, field)| field).collect::<Vec<_>>();
        assert_eq!(fields, ["?", "approved_join_requests[]", "failed_join_requests[].?"]);
    }

    proptest! {
        #[test]
        fn whatever_graph_sends_is_told_in_few_short_words(names in prop::collection::vec("\\PC{0,60}|[a-z_]{1,60}", 0..40)) {
            let body = serde_json::Value::Object(names.into_iter().map(|name| (name, json!({ "a": [1] }))).collect());
            let found = found(Asked::Page, &body);
            prop_assert!(found.len() <= MOST);
            let plain = |byte: u8| byte.is_ascii_lowercase() || b"_?.[]".contains(&byte);
            prop_assert!(found.iter().all(|(_, field)| field.len() <= 100 && field.bytes().all(plain)), "{found:?}");
        }
    }
}
