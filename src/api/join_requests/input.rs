//! What a decision asks for, from the body to checked values.

use std::collections::HashSet;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::problem::{ProblemCode, Raised};
use crate::domain::JoinRequestId;

/// Longest `reason` and `on_behalf_of`, in characters.
const MAX_NOTE: usize = 256;

/// The id of a join request, as a list gave it. Contains personal data.
#[derive(ToSchema)]
#[schema(as = JoinRequestId, min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9+/=_-]+$")]
#[expect(dead_code, reason = "describes the text; the domain's own type checks it")]
struct JoinRequestIdText(String);

/// A decision about some join requests of one group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "join_request_ids": ["MTU1NTAxMDAwMDE6MTIwMzYzMDAwMDAwMDAwMDAx"], "reason": "paid member", "on_behalf_of": "user:4711"
})))]
pub(crate) struct DecisionInput {
    /// The ids, as a list gave them, at most as many as the gateway takes: 256 unless it is set up otherwise. Repeated ids count once.
    #[schema(min_items = 1, max_items = 1024, value_type = Vec<JoinRequestIdText>)]
    pub join_request_ids: Vec<String>,
    /// Why, for the audit log.
    #[schema(max_length = 256)]
    pub reason: Option<String>,
    /// For whom, for the audit log.
    #[schema(max_length = 256)]
    pub on_behalf_of: Option<String>,
    // Stated in words: of a `default`, generators of TypeScript make a member that has to be sent.
    /// Whether to say only what would be sent; false if left out.
    #[serde(default)]
    #[schema(required = false)]
    pub dry_run: bool,
}

impl DecisionInput {
    /// The ids, each once at its first place.
    pub(crate) fn ids(&self, max_ids: usize) -> Result<Vec<JoinRequestId>, Raised> {
        if self.join_request_ids.is_empty() {
            let raised = Raised::from(ProblemCode::InvalidRequest);
            return Err(raised
                .at_pointer("/join_request_ids", "name at least one id; an empty list is never \"all\""));
        }
        if self.join_request_ids.len() > max_ids {
            return Err(Raised::from(ProblemCode::TooManyIds)
                .at_pointer("/join_request_ids", format!("at most {max_ids} ids, repeated ones included")));
        }
        let mut seen = HashSet::new();
        let mut ids = Vec::with_capacity(self.join_request_ids.len());
        let mut invalid = None;
        for (index, text) in self.join_request_ids.iter().enumerate() {
            match JoinRequestId::parse(text) {
                Ok(id) if seen.insert(text.as_str()) => ids.push(id),
                Ok(_repeated) => (),
                Err(error) => {
                    let raised = invalid.take().unwrap_or_else(|| Raised::from(ProblemCode::InvalidRequest));
                    invalid =
                        Some(raised.at_pointer(format!("/join_request_ids/{index}"), error.to_string()));
                }
            }
        }
        invalid.map_or(Ok(ids), Err)
    }

    /// Checks the notes for the audit log.
    pub(crate) fn check_notes(&self) -> Result<(), Raised> {
        for (pointer, note) in [("/reason", &self.reason), ("/on_behalf_of", &self.on_behalf_of)] {
            if note.as_ref().is_some_and(|note| note.chars().count() > MAX_NOTE) {
                let raised = Raised::from(ProblemCode::InvalidRequest);
                return Err(raised.at_pointer(pointer, format!("at most {MAX_NOTE} characters")));
            }
        }
        Ok(())
    }
}
