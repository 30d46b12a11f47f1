//! A document of Meta's against what was sent and what is read.
#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it does not have")]

use std::collections::{BTreeMap, BTreeSet};

use joingate::graph::{Asked, Form, Member};
use joingate_sandbox::RecordedCall;
use serde_json::{Map, Value, json};

/// The end of the edge's path, whatever its parameters are called.
const EDGE: &str = "/join_requests";
/// What the gateway's client adds to every call, and HTTP itself.
const OF_HTTP: &[&str] = &["accept", "accept-encoding", "content-length", "host", "traceparent"];
const METHODS: [(&str, Asked); 3] =
    [("get", Asked::Page), ("post", Asked::Decision), ("delete", Asked::Decision)];

/// Every difference, in the order of the document. Fails when the document has no such edge.
pub(crate) fn compare(document: &Value, calls: &[RecordedCall]) -> Result<Vec<String>, String> {
    let paths = document["paths"].as_object().ok_or("the document has no `paths`")?;
    let (_, edge) =
        paths.iter().find(|(path, _)| path.ends_with(EDGE)).ok_or("the document has no join request edge")?;
    let edge = edge.as_object().ok_or("the edge is no object")?;
    let mut found = Differences { document, list: Vec::new() };
    for method in edge.keys().filter(|name| is_method(name) && METHODS.iter().all(|(known, _)| known != name))
    {
        found.add(format!("{}: in the document, not used by the gateway", method.to_uppercase()));
    }
    for (method, asked) in METHODS {
        let name = method.to_uppercase();
        let Some(operation) = edge.get(method) else {
            found.add(format!("{name}: used by the gateway, not in the document"));
            continue;
        };
        let parameters = [edge.get("parameters"), operation.get("parameters")];
        let parameters = parameters.into_iter().flatten().filter_map(Value::as_array).flatten();
        let parameters = parameters.map(|parameter| found.resolved(parameter)).collect::<Vec<_>>();
        for call in calls.iter().filter(|call| call.method.eq_ignore_ascii_case(method)) {
            found.request(&name, operation, &parameters, call);
        }
        found.answers(&name, operation, asked);
    }
    let mut seen = BTreeSet::new();
    found.list.retain(|difference| seen.insert(difference.clone()));
    Ok(found.list)
}

fn is_method(name: &str) -> bool {
    ["get", "put", "post", "delete", "options", "head", "patch", "trace"].contains(&name)
}

struct Differences<'d> {
    document: &'d Value,
    list: Vec<String>,
}

impl<'d> Differences<'d> {
    fn add(&mut self, difference: String) {
        self.list.push(difference);
    }

    /// What a reference stands for. One that leads nowhere stands for anything.
    fn resolved(&self, value: &'d Value) -> &'d Value {
        let place = value["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
        place.map_or(value, |place| self.document.pointer(place).unwrap_or(&Value::Null))
    }

    /// What is wrong with a value, by a schema of the document.
    fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        match jsonschema::validator_for(&whole) {
            Ok(validator) => validator.iter_errors(value).map(|error| error.to_string()).collect(),
            Err(error) => vec![format!("the schema cannot be read: {error}")],
        }
    }

    fn request(&mut self, method: &str, operation: &'d Value, parameters: &[&'d Value], call: &RecordedCall) {
        let documented = |place: &str, name: &str| {
            parameters.iter().find(|parameter| {
                parameter["in"] == place
                    && parameter["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name))
            })
        };
        let query = call.query.split('&').filter(|pair| !pair.is_empty());
        let query = query.map(|pair| pair.split('=').next().unwrap_or_default()).collect::<Vec<_>>();
        for name in &query {
            if documented("query", name).is_none() {
                self.add(format!("{method} sends ?{name}: not in the document"));
            }
        }
        for (name, value) in call.headers.iter().filter(|(name, _)| !OF_HTTP.contains(&name.as_str())) {
            match documented("header", name) {
                None => self.add(format!("{method} sends {name}: not in the document")),
                // Its value is struck out of the record.
                Some(_) if name == "authorization" => (),
                Some(parameter) => {
                    for error in self.errors(&parameter["schema"], &json!(value)) {
                        self.add(format!("{method} sends {name}: {error}"));
                    }
                }
            }
        }
        for parameter in parameters.iter().filter(|parameter| parameter["required"] == true) {
            let name = parameter["name"].as_str().unwrap_or_default();
            let there = match parameter["in"].as_str() {
                Some("query") => query.contains(&name),
                Some("header") => call.header(&name.to_lowercase()).is_some(),
                _ => true,
            };
            if !there {
                self.add(format!("{method} does not send {name}: required by the document"));
            }
        }
        self.body(method, operation, call);
    }

    fn body(&mut self, method: &str, operation: &'d Value, call: &RecordedCall) {
        let documented = self.resolved(&operation["requestBody"]);
        if call.body.is_empty() {
            if documented["required"] == true {
                self.add(format!("{method} sends no body: required by the document"));
            }
            return;
        }
        let content = &documented["content"]["application/json"];
        if content.is_null() {
            self.add(format!("{method} sends a body of JSON: not in the document"));
            return;
        }
        let body = serde_json::from_str::<Value>(&call.body).unwrap_or_default();
        for error in self.errors(&content["schema"], &body) {
            self.add(format!("{method} body: {error}"));
        }
        let known = self.properties(&content["schema"]);
        for name in
            body.as_object().into_iter().flat_map(Map::keys).filter(|name| !known.contains_key(name.as_str()))
        {
            self.add(format!("{method} body {name}: sent by the gateway, not in the document"));
        }
        for name in known.keys().filter(|name| body.get(**name).is_none()) {
            self.add(format!("{method} body {name}: in the document, not sent by the gateway"));
        }
    }

    fn answers(&mut self, method: &str, operation: &'d Value, asked: Asked) {
        let responses = operation["responses"].as_object();
        for status in responses.into_iter().flat_map(Map::keys).filter(|status| *status != "200") {
            self.add(format!("{method} answer {status}: in the document, and read by its content only"));
        }
        let good = self.resolved(&operation["responses"]["200"]);
        let schema = &good["content"]["application/json"]["schema"];
        if schema.is_null() {
            self.add(format!("{method} answer: the document has none of JSON with status 200"));
            return;
        }
        self.members(&format!("{method} answer "), schema, asked.members());
    }

    fn members(&mut self, place: &str, schema: &'d Value, members: &[Member]) {
        let documented = self.properties(schema);
        for (name, schema) in &documented {
            match members.iter().find(|member| member.name == *name) {
                None => self.add(format!("{place}{name} : in the document, unknown to the gateway")),
                Some(member) => self.form(&format!("{place}{name}"), schema, &member.form),
            }
        }
        for member in members.iter().filter(|member| member.read && !documented.contains_key(member.name)) {
            self.add(format!("{place}{} : read by the gateway, not in the document", member.name));
        }
    }

    fn form(&mut self, place: &str, schema: &'d Value, form: &Form) {
        let schema = self.resolved(schema);
        let types = self.types(schema);
        let expected: &[&str] = match form {
            Form::Text => &["string"],
            Form::Whole => &["integer", "number", "string"],
            Form::Flag => &["boolean"],
            Form::Object(_) => &["object"],
            Form::List(_) => &["array"],
            Form::Anything => return,
        };
        // Without a type the document says nothing; null is as good as missing.
        let other =
            types.iter().filter(|name| **name != "null" && !expected.contains(*name)).collect::<Vec<_>>();
        if !other.is_empty() {
            self.add(format!(
                "{place} : {other:?} in the document, {} to the gateway",
                expected.join(" or ")
            ));
            return;
        }
        match form {
            Form::Object(members) => self.members(&format!("{place}."), schema, members),
            Form::List(entry) => self.form(&format!("{place}[]"), &schema["items"], entry),
            Form::Text | Form::Whole | Form::Flag | Form::Anything => (),
        }
    }

    /// The types that a value may have, those of its parts included.
    fn types(&self, schema: &'d Value) -> Vec<&'d str> {
        let schema = self.resolved(schema);
        let own = match &schema["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        own.into_iter().chain(parts(schema).flat_map(|part| self.types(part))).collect()
    }

    /// The properties of an object, those of its parts included.
    fn properties(&self, schema: &'d Value) -> BTreeMap<&'d str, &'d Value> {
        let schema = self.resolved(schema);
        let own = schema["properties"].as_object().into_iter().flatten();
        let mut all = own.map(|(name, schema)| (name.as_str(), schema)).collect::<BTreeMap<_, _>>();
        for part in parts(schema) {
            all.extend(self.properties(part));
        }
        all
    }
}

/// What a schema is put together from.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small and made up; `DIFFERENT` places are what each test changes.
    const DOCUMENT: &str = r"
paths:
  /{Version}/{id}/join_requests:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: string } }
        - { $ref: '#/components/parameters/Agent' }
      responses:
        '200':
          content:
            application/json:
              schema:
                properties:
                  data:
                    type: array
                    items:
                      allOf:
                        - properties: { join_request_id: { type: string }, wa_id: { type: string } }
                        - properties: { user_id: { type: string }, parent_user_id: { type: string }, username: { type: string } }
                        - properties: { creation_timestamp: { type: integer } }
                  paging:
                    type: object
                    properties: { cursors: { type: object, properties: { after: { type: string } } }, next: { type: string } }
    post: &decision
      requestBody:
        required: true
        content:
          application/json:
            schema:
              required: [messaging_product, join_requests]
              properties:
                messaging_product: { type: string, enum: [whatsapp] }
                join_requests: { type: array, items: { type: string } }
      responses:
        '200':
          content:
            application/json:
              schema:
                properties:
                  approved_join_requests: { type: array, items: { type: string } }
                  rejected_join_requests: { type: array, items: { type: string } }
                  errors: { type: array, items: { $ref: '#/components/schemas/Error' } }
                  failed_join_requests:
                    type: array
                    items:
                      properties:
                        join_request_id: { type: string }
                        errors: { type: array, items: { $ref: '#/components/schemas/Error' } }
    delete: *decision
components:
  parameters:
    Agent: { name: User-Agent, in: header, required: true, schema: { type: string, pattern: '^[a-z]+/[0-9]' } }
  schemas:
    Error:
      properties:
        code: { type: integer }
        error_subcode: { type: integer }
        fbtrace_id: { type: string }
        is_transient: { type: boolean }
        message: { type: string }
";

    fn call(method: &str, query: &str, body: &str) -> RecordedCall {
        RecordedCall {
            sequence: 1,
            received_at: jiff::Timestamp::UNIX_EPOCH,
            method: method.to_owned(),
            path: "/v23.0/Y2FwaTox/join_requests".to_owned(),
            query: query.to_owned(),
            headers: vec![
                ("user-agent".to_owned(), "joingate/0.1.0".to_owned()),
                ("host".to_owned(), "h".to_owned()),
            ],
            body: body.to_owned(),
            status: Some(200),
            fault_order: None,
            fault: None,
        }
    }

    fn calls() -> Vec<RecordedCall> {
        let body = r#"{"messaging_product":"whatsapp","join_requests":["MTY"]}"#;
        let mut calls = vec![call("GET", "limit=1", ""), call("POST", "", body), call("DELETE", "", body)];
        // Decisions document no header here.
        calls.iter_mut().skip(1).for_each(|call| call.headers.retain(|(name, _)| name != "user-agent"));
        calls
    }

    #[track_caller]
    fn expect(changes: &[(&str, &str)], calls: &[RecordedCall], expected: &[&str]) {
        let mut text = DOCUMENT.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let document = serde_saphyr::from_str::<Value>(&text).unwrap();
        assert_eq!(compare(&document, calls).unwrap(), expected);
    }

    #[test]
    fn a_document_of_what_is_done_has_no_difference() {
        expect(&[], &calls(), &[]);
    }

    #[test]
    fn what_answers_have_or_lack_is_named() {
        let changes = [
            ("wa_id: { type: string }", "wa_id: { type: integer }"),
            ("creation_timestamp: { type: integer }", "created: { type: integer }"),
            ("username: { type: string }", "username: { oneOf: [{ type: 'null' }, { type: object }] }"),
            ("fbtrace_id: { type: string }", "href: { type: string }\n        help: { type: string }"),
        ];
        let errors = |method: &str, place: &str| {
            [
                format!("{method} answer {place}[].help : in the document, unknown to the gateway"),
                format!("{method} answer {place}[].fbtrace_id : read by the gateway, not in the document"),
            ]
        };
        let decisions = ["POST", "DELETE"]
            .map(|method| [errors(method, "errors"), errors(method, "failed_join_requests[].errors")]);
        let decisions = decisions.into_iter().flatten().flatten().collect::<Vec<_>>();
        let mut expected = vec![
            "GET answer data[].created : in the document, unknown to the gateway",
            "GET answer data[].username : [\"object\"] in the document, string to the gateway",
            "GET answer data[].wa_id : [\"integer\"] in the document, string to the gateway",
            "GET answer data[].creation_timestamp : read by the gateway, not in the document",
        ];
        expected.extend(decisions.iter().map(String::as_str));
        expect(&changes, &calls(), &expected);
    }

    #[test]
    fn what_requests_have_or_lack_is_named() {
        let changes = [
            ("name: limit, in: query", "name: size, in: query, required: true"),
            ("^[a-z]+/[0-9]", "^meta/"),
            ("enum: [whatsapp]", "enum: [telegram]"),
            // With what stands before it: lists of answers have names that end alike.
            ("\n                join_requests: {", "\n                requests: {"),
            ("required: [messaging_product, join_requests]", "required: [messaging_product]"),
            ("    delete: *decision", "    put: *decision"),
        ];
        let expected = [
            "PUT: in the document, not used by the gateway",
            "GET sends ?limit: not in the document",
            "GET sends user-agent: \"joingate/0.1.0\" does not match \"^meta/\"",
            "GET does not send size: required by the document",
            "POST body: \"whatsapp\" is not one of \"telegram\"",
            "POST body join_requests: sent by the gateway, not in the document",
            "POST body requests: in the document, not sent by the gateway",
            "DELETE: used by the gateway, not in the document",
        ];
        expect(&changes, &calls(), &expected);
    }

    #[test]
    fn a_document_of_something_else_is_refused() {
        for text in ["paths: {}", "paths: { /x/join_requests_of: {} }", "a: 1"] {
            let document = serde_saphyr::from_str::<Value>(text).unwrap();
            assert!(compare(&document, &[]).is_err(), "{text}");
        }
    }
}
