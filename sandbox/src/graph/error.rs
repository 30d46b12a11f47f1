//! Graph's two error shapes: the envelope of a failed call, and the entry of a failed item.

use serde_json::{Value, json};

use crate::codes;
use crate::graph::catalogue;
use crate::world::quota::Quota;
use crate::world::styles::{ErrorDataStyle, Styles};

/// Type of errors about an object or a method rather than about access.
pub(crate) const METHOD_EXCEPTION: &str = "GraphMethodException";

/// A failed call.
#[derive(Debug)]
pub(crate) struct GraphError {
    pub(crate) status: u16,
    pub(crate) code: i64,
    /// The text the caller is told.
    pub(crate) message: String,
    kind: &'static str,
    subcode: Option<i64>,
    details: Option<String>,
    transient: bool,
    /// Value of `Retry-After`.
    pub(crate) retry_after_s: Option<u64>,
}

impl GraphError {
    /// The error as the catalogue has it.
    pub(crate) fn of(code: i64) -> Self {
        let entry = catalogue::find(code);
        Self {
            status: entry.status,
            code,
            message: format!("(#{code}) {}", entry.title),
            kind: "OAuthException",
            subcode: None,
            details: Some(entry.details.to_owned()),
            transient: entry.transient,
            retry_after_s: None,
        }
    }

    /// Code 100 with a reason.
    pub(crate) fn parameter(details: impl Into<String>) -> Self {
        Self { details: Some(details.into()), ..Self::of(codes::INVALID_PARAMETER) }
    }

    /// An error with a message of its own and no details.
    pub(crate) fn plain(code: i64, kind: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind, details: None, ..Self::of(code) }
    }

    /// No such object, or one that this token may not see: Graph does not say which.
    pub(crate) fn no_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation",
            method.to_ascii_lowercase(),
        );
        Self::plain(codes::INVALID_PARAMETER, METHOD_EXCEPTION, message).subcode(codes::SUBCODE_NO_OBJECT)
    }

    /// The refusal of a call over its quota.
    pub(crate) fn over(quota: Quota) -> Self {
        let error = Self::of(quota.code);
        Self { status: quota.status.unwrap_or(error.status), retry_after_s: quota.retry_after_s, ..error }
    }

    pub(crate) fn subcode(self, subcode: i64) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    /// The envelope.
    pub(crate) fn body(&self, trace: &str, styles: Styles) -> Value {
        let code = number(self.code, styles);
        let mut error = json!({"message": self.message, "type": self.kind, "code": code});
        if let Some(fields) = error.as_object_mut() {
            if let Some(subcode) = self.subcode {
                fields.insert("error_subcode".to_owned(), number(subcode, styles));
            }
            if let Some(details) = &self.details {
                let whole = json!({"messaging_product": "whatsapp", "details": details});
                fields.insert("error_data".to_owned(), error_data(whole, details, styles));
            }
            if self.transient {
                fields.insert("is_transient".to_owned(), json!(true));
            }
            fields.insert("fbtrace_id".to_owned(), json!(trace));
        }
        json!({"error": error})
    }

    /// The value of `WWW-Authenticate`, which Graph sends with every refusal.
    pub(crate) fn challenge(&self) -> String {
        let reason = match self.code {
            0 | 102 | codes::TOKEN_MISSING | codes::TOKEN_INVALID => "invalid_token",
            _ => "invalid_request",
        };
        let message: String = self
            .message
            .chars()
            .map(|letter| if letter == '"' || !(' '..='~').contains(&letter) { '?' } else { letter })
            .collect();
        format!("OAuth \"Facebook Platform\" \"{reason}\" \"{message}\"")
    }
}

/// The error of one item in an answer that has lists.
pub(crate) fn item(code: i64, styles: Styles) -> Value {
    let entry = catalogue::find(code);
    let text = if code == codes::TERMS_NOT_ACCEPTED { entry.details } else { entry.title };
    json!({
        "code": number(code, styles),
        "message": format!("(#{code}) {text}"),
        "title": entry.title,
        "error_data": error_data(json!({"details": entry.details}), entry.details, styles),
    })
}

fn number(code: i64, styles: Styles) -> Value {
    if styles.codes_as_strings { json!(code.to_string()) } else { json!(code) }
}

fn error_data(whole: Value, details: &str, styles: Styles) -> Value {
    match styles.error_data {
        ErrorDataStyle::Object => whole,
        ErrorDataStyle::JsonString => json!(whole.to_string()),
        ErrorDataStyle::Text => json!(details),
    }
}
