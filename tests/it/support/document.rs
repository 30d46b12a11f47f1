//! The OpenAPI document as a strict reader takes it: what it does not mention must not be there.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Client};

/// The document, its object schemas closed: an answer with a field that is not documented does not fit.
pub(crate) struct Document(Value);

/// The gateway's own document.
pub(crate) fn document() -> Document {
    Document::new(serde_json::to_value(joingate::api::openapi_document()).unwrap())
}

/// One method of one path.
pub(crate) struct Operation {
    pub method: Method,
    /// With its parameters replaced by their examples.
    pub address: String,
    /// The example of its body, if it has a body.
    pub body: Option<Value>,
    pub description: Value,
}

impl Document {
    pub(crate) fn new(mut document: Value) -> Self {
        close(&mut document["components"]["schemas"]);
        Self(document)
    }

    pub(crate) fn at(&self, pointer: &str) -> &Value {
        let found = self.0.pointer(pointer);
        found.unwrap_or_else(|| panic!("the document has nothing at {pointer}"))
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.at("/paths").as_object().unwrap() {
            for (method, description) in item.as_object().unwrap() {
                let description = self.without_references(description.clone());
                operations.push(Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    address: with_examples(path, &description),
                    body: self.body_example(&description),
                    description,
                });
            }
        }
        assert!(!operations.is_empty());
        operations
    }

    /// With its parameters, header fields and examples in their places. Schemas stay where they are.
    fn without_references(&self, mut description: Value) -> Value {
        let resolve = |value: &mut Value| {
            if let Some(place) = value["$ref"].as_str() {
                *value = self.at(place.trim_start_matches('#')).clone();
            }
        };
        description["parameters"].as_array_mut().into_iter().flatten().for_each(resolve);
        for response in description["responses"].as_object_mut().unwrap().values_mut() {
            response["headers"].as_object_mut().unwrap().values_mut().for_each(resolve);
            let contents =
                response["content"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut);
            for content in contents {
                let examples = content["examples"].as_object_mut();
                examples.into_iter().flat_map(serde_json::Map::values_mut).for_each(resolve);
            }
        }
        description
    }

    fn body_example(&self, operation: &Value) -> Option<Value> {
        let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref")?;
        let name = schema.as_str().unwrap().trim_start_matches('#');
        Some(self.at(&format!("{name}/examples/0")).clone())
    }

    /// What is wrong with a value, by a schema of the document.
    pub(crate) fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let whole = json!({ "allOf": [schema], "components": self.at("/components") });
        let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
        let errors = validator.iter_errors(value);
        errors.map(|error| format!("{} at {}", error, error.instance_path())).collect()
    }

    /// Checks status, header fields, content type, body and known values of an answer against what the operation documents.
    #[track_caller]
    pub(crate) fn check_answer(&self, operation: &Operation, answer: &Answer) {
        let status = answer.status.to_string();
        let response = &operation.description["responses"][&status];
        let content = &response["content"][answer.header("content-type")];
        assert!(content.is_object(), "not documented: {answer:?}");
        let body = answer.json();
        assert_eq!(self.errors(&content["schema"], &body), Vec::<String>::new(), "{}", answer.text);
        self.check_fields(&response["headers"], answer);
        let mut words = vec![("Problem", "code", &body["code"])];
        for item in body["results"].as_array().into_iter().flatten() {
            words.push(("DecisionResult", "outcome", &item["outcome"]));
            words.push(("Problem", "code", &item["problem"]["code"]));
        }
        for (schema, property, word) in words.into_iter().filter(|(_, _, word)| !word.is_null()) {
            let known = self.known_values(schema, property);
            assert!(known.contains(word), "{word} is no known value of {schema}.{property}");
        }
        if let Some(code) = body["code"].as_str().filter(|_| answer.status >= 400) {
            let text = response["description"].as_str().unwrap();
            assert!(text.contains(&format!("`{code}`")), "{code} is not documented for {status}");
        }
    }

    /// Every field is documented, and whole numbers are within their bounds. What HTTP itself needs is not asked about.
    #[track_caller]
    fn check_fields(&self, documented: &Value, answer: &Answer) {
        const OF_HTTP: &[&str] = &["content-type", "content-length", "date", "connection"];
        let documented = documented.as_object().unwrap();
        for (name, value) in answer.headers.iter().filter(|(name, _)| !OF_HTTP.contains(&name.as_str())) {
            let found = documented.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.as_str()));
            let (_, field) = found.unwrap_or_else(|| panic!("{name} is not documented: {answer:?}"));
            let text = value.to_str().unwrap();
            let value = text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
            assert_eq!(self.errors(&field["schema"], &value), Vec::<String>::new(), "{name}: {text}");
        }
    }

    pub(crate) fn known_values(&self, schema: &str, property: &str) -> &Vec<Value> {
        let pointer = format!("/components/schemas/{schema}/properties/{property}/x-extensible-enum");
        self.at(&pointer).as_array().unwrap()
    }
}

impl Operation {
    pub(crate) async fn call(&self, client: &Client) -> Answer {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let headers = [("accept", "application/json"), ("content-type", "application/json")];
        let headers = &headers[..=usize::from(self.body.is_some())];
        client.send(self.method.clone(), &self.address, headers, body).await
    }

    /// Whether it asks for a token.
    pub(crate) fn is_guarded(&self) -> bool {
        self.description["security"].as_array().unwrap().iter().all(|way| way.get("internal_token").is_some())
    }

    pub(crate) fn name(&self) -> &str {
        self.description["operationId"].as_str().unwrap()
    }
}

fn with_examples(path: &str, operation: &Value) -> String {
    let mut address = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = format!("{{{}}}", parameter["name"].as_str().unwrap());
        if address.contains(&place) {
            address = address.replace(&place, parameter["example"].as_str().expect("an example"));
        }
    }
    assert!(!address.contains('{'), "a parameter of {path} is not documented");
    address
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
