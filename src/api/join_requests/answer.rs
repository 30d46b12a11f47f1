//! The answers, exactly as callers see them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::{ProblemBody, item_problem};
use crate::domain::{Action, DecisionId, GroupId, JoinRequest};
use crate::moderation::{Item, Listing, Outcome};

/// A group's open requests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JoinRequestList, examples(json!({
    "group_id": "Y2FwaV9ncm91cDoxNTU1MDEwMDAwMA",
    "join_requests": [{
        "id": "MTU1NTAxMDAwMDE6MTIwMzYzMDAwMDAwMDAwMDAx", "wa_id": "15550100001", "user_id": null,
        "parent_user_id": null, "username": null, "requested_at": "2025-08-18T20:27:57Z"
    }],
    "as_of": "2025-08-18T20:30:00Z", "next_page_token": null
})))]
pub(crate) struct ListAnswer<'l> {
    /// The group asked for.
    #[schema(min_length = 1, max_length = 256, pattern = "^[A-Za-z0-9_=-]+$")]
    pub group_id: &'l str,
    /// The open requests, each once.
    pub join_requests: Vec<JoinRequestAnswer<'l>>,
    /// When the gateway began to read the list.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// Where the list goes on, if it is longer than one answer: give it back as `page_token`.
    #[schema(required, min_length = 1, max_length = 2048)]
    pub next_page_token: Option<&'l str>,
}

/// One open request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JoinRequest)]
pub(crate) struct JoinRequestAnswer<'l> {
    /// Names the request. Contains personal data: keep it out of logs. Somebody asking again may have the same id.
    #[schema(min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9+/=_-]+$")]
    pub id: &'l str,
    /// The person's phone number, if Meta tells.
    #[schema(required, examples("15550100001"))]
    pub wa_id: Option<&'l str>,
    /// The person's business-scoped user id, if Meta tells.
    #[schema(required, examples("US.1"))]
    pub user_id: Option<&'l str>,
    /// The parent of that id, if Meta tells.
    #[schema(required, examples("US.ENT.1"))]
    pub parent_user_id: Option<&'l str>,
    /// The person's username, if Meta tells.
    #[schema(required, examples("sample.reader"))]
    pub username: Option<&'l str>,
    /// When the person asked, by Meta's clock.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub requested_at: Option<Timestamp>,
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision, examples(json!({
    "decision_id": "0197f6a0-5d54-7c5e-b3a1-0123456789ab", "group_id": "Y2FwaV9ncm91cDoxNTU1MDEwMDAwMA",
    "action": "approve",
    "summary": { "requested": 2, "succeeded": 1, "already": 0, "gone": 0, "failed": 1, "not_sent": 0, "unknown": 0, "would_send": 0 },
    "results": [
        { "id": "MTU1NTAxMDAwMDE6MTIwMzYzMDAwMDAwMDAwMDAx", "outcome": "approved" },
        { "id": "MTU1NTAxMDAwMDI6MTIwMzYzMDAwMDAwMDAwMDAx", "outcome": "failed", "problem": {
            "type": "/problems/group_full", "title": "The group has no room", "code": "group_full", "retryable": false,
            "upstream": { "code": 131_204, "http_status": 200 } } }
    ]
})))]
pub(crate) struct DecisionAnswer {
    /// Names the decision, here and in the audit log.
    #[schema(format = "uuid")]
    pub decision_id: String,
    /// The group.
    #[schema(min_length = 1, max_length = 256, pattern = "^[A-Za-z0-9_=-]+$")]
    pub group_id: String,
    /// `approve` or `reject`.
    #[schema(pattern = "^(approve|reject)$")]
    pub action: &'static str,
    /// How many ids ended how.
    pub summary: Summary,
    /// One entry for every id, in the order given.
    #[schema(min_items = 1)]
    pub results: Vec<ItemAnswer>,
}

/// How many ids ended how.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DecisionSummary)]
pub(crate) struct Summary {
    /// Different ids asked for.
    pub requested: usize,
    /// Graph says it did as asked.
    pub succeeded: usize,
    /// Graph had said so before.
    pub already: usize,
    /// Not open any more.
    pub gone: usize,
    /// Refused by Graph.
    pub failed: usize,
    /// Surely not executed.
    pub not_sent: usize,
    /// Sent, and no answer to rely on.
    pub unknown: usize,
    /// Only tried out, and open.
    pub would_send: usize,
}

/// What became of one id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionResult)]
pub(crate) struct ItemAnswer {
    /// The id.
    #[schema(min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9+/=_-]+$")]
    pub id: String,
    /// What is known about it. May gain values: treat an unknown one as `unknown`.
    pub outcome: &'static str,
    /// `unknown` only: what a look afterwards showed. May gain values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub observed: Option<&'static str>,
    /// `already_…` only: when Graph said that it did the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub decided_at: Option<String>,
    /// Why it did not end as asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<ProblemBody>,
}

impl<'l> ListAnswer<'l> {
    /// The answer to a list.
    pub(crate) fn new(group: &'l GroupId, listing: &'l Listing) -> Self {
        Self {
            group_id: group.as_str(),
            join_requests: listing.requests.iter().map(JoinRequestAnswer::from).collect(),
            as_of: listing.as_of,
            next_page_token: listing.next_page_token.as_deref(),
        }
    }
}

impl<'l> From<&'l JoinRequest> for JoinRequestAnswer<'l> {
    fn from(request: &'l JoinRequest) -> Self {
        Self {
            id: request.id.as_str(),
            wa_id: request.wa_id.as_deref(),
            user_id: request.user_id.as_deref(),
            parent_user_id: request.parent_user_id.as_deref(),
            username: request.username.as_deref(),
            requested_at: request.requested_at,
        }
    }
}

impl DecisionAnswer {
    /// The answer to a decision.
    pub(crate) fn new(
        id: DecisionId,
        group: &GroupId,
        action: Action,
        items: &[Item],
        public_url: Option<&str>,
    ) -> Self {
        Self {
            decision_id: id.to_string(),
            group_id: group.as_str().to_owned(),
            action: action.as_str(),
            summary: Summary::of(items),
            results: items.iter().map(|item| ItemAnswer::new(item, public_url)).collect(),
        }
    }
}

impl Summary {
    fn of(items: &[Item]) -> Self {
        let mut summary = Self { requested: items.len(), ..Self::default() };
        for item in items {
            use crate::moderation::Outcome::{Already, Decided, Failed, Gone, NotSent, Unknown, WouldSend};
            let count = match item.outcome {
                Decided(_) => &mut summary.succeeded,
                Already { .. } => &mut summary.already,
                Gone(_) => &mut summary.gone,
                Failed(_) => &mut summary.failed,
                NotSent(_) => &mut summary.not_sent,
                Unknown { .. } => &mut summary.unknown,
                WouldSend => &mut summary.would_send,
            };
            *count += 1;
        }
        summary
    }
}

impl ItemAnswer {
    fn new(item: &Item, public_url: Option<&str>) -> Self {
        let (observed, decided_at) = match &item.outcome {
            Outcome::Unknown { observed, .. } => (Some(observed.as_str()), None),
            Outcome::Already { at, .. } => (None, Some(at.to_string())),
            Outcome::Decided(_)
            | Outcome::Gone(_)
            | Outcome::Failed(_)
            | Outcome::NotSent(_)
            | Outcome::WouldSend => (None, None),
        };
        Self {
            id: item.id.as_str().to_owned(),
            outcome: item.outcome.as_str(),
            observed,
            decided_at,
            problem: item_problem(&item.outcome).map(|raised| ProblemBody::of_item(raised, public_url)),
        }
    }
}
