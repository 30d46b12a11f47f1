//! One method per operation of the edge.

use std::sync::Arc;
use std::time::Duration;

use super::calls::Calls;
use super::credential::TokensAsked;
use super::fault::GraphError;
use super::page::{Cursor, Page, PageLimit};
use super::reading::{Answer, ItemReply, read_decision, read_page};
use super::shape::Differences;
use super::token::TokenExamined;
use super::transport::{Call, Target, Transport};
use super::wire::decision_body;
use crate::config::GraphSettings;
use crate::domain::{Action, Deadline, GroupId, JoinRequestId};
use crate::limits::{Budget, GraphPacing, Held, PauseReason, Priority};
use crate::net::ClientError;
use crate::telemetry::{AttemptOutcome, Drift, GraphOperation, Metrics};

/// When to come back while Graph is in trouble, as far as anybody can tell.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// The edge of one account.
#[derive(Debug)]
pub struct GraphClient {
    calls: Calls,
    page_size: Option<u32>,
}

impl GraphClient {
    /// Builds the client. Nothing is sent.
    pub fn new(
        settings: &GraphSettings,
        pacing: Arc<GraphPacing>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ClientError> {
        let calls = Calls::new(settings, Transport::new(settings, pacing, metrics)?);
        Ok(Self { calls, page_size: settings.page_size })
    }

    /// Whether no decision is sent.
    pub fn is_read_only(&self) -> bool {
        self.calls.is_read_only()
    }

    /// The limit that a walk begins with.
    pub const fn page_limit(&self) -> PageLimit {
        PageLimit::new(self.page_size)
    }

    /// One page of the group's open requests. Repeated on passing trouble, inside the deadline; `limit` is halved as
    /// often as Graph asks for less data.
    pub async fn list_page(
        &self,
        group: &GroupId,
        after: Option<&Cursor>,
        limit: &mut PageLimit,
        budget: &mut Budget,
    ) -> Result<Page, GraphError> {
        let operation = GraphOperation::List;
        loop {
            let size = limit.get().map(|limit| ("limit", limit.to_string()));
            let after = after.map(|cursor| ("after", cursor.as_str().to_owned()));
            let call = Call {
                operation,
                target: Target::Group(group),
                query: size.into_iter().chain(after).collect(),
                body: None,
            };
            let read = |answer: &Answer, seen: &mut Differences| {
                read_page(answer, seen).map(|page| (page, AttemptOutcome::Answered))
            };
            match self.calls.call(&call, budget, read).await {
                Ok(answered) => {
                    let page = answered.value;
                    self.calls.served();
                    if page.unreadable > 0 {
                        self.calls.drifted(Drift::ListEntry);
                    }
                    return Ok(page);
                }
                Err(error) => {
                    let less = error.refusal().is_some_and(|refusal| refusal.asks_for_less);
                    if !(less && limit.halve() && self.calls.may_retry(operation, "less_data")) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Asks Graph what each of our tokens is worth, and lets calls use those again that it takes. At most `deadline` each.
    pub async fn examine_tokens(&self, which: TokensAsked, deadline: Duration) -> Vec<TokenExamined> {
        let mut examined = Vec::new();
        for token in self.calls.tokens(which) {
            let mut budget = Budget::new(Priority::Read, Deadline::after(deadline), deadline);
            let result = self.calls.examine(&token, &mut budget).await;
            examined.push(TokenExamined { name: token.name(), result });
        }
        examined
    }

    /// Whether Graph has refused a token that we have at the moment.
    pub fn has_refused_token(&self) -> bool {
        !self.calls.tokens(TokensAsked::Refused).is_empty()
    }

    /// Changes whenever the content of a token's file does.
    pub fn token_generation(&self) -> u64 {
        self.calls.token_generation()
    }

    /// Approves or rejects, in one call that is sent again only when Graph surely did not execute it. The answer has one
    /// reply per id sent, in order.
    pub async fn decide(
        &self,
        action: Action,
        group: &GroupId,
        ids: &[JoinRequestId],
        budget: &mut Budget,
    ) -> Result<Vec<ItemReply>, GraphError> {
        if self.calls.in_trouble() {
            self.try_with_a_read(group, budget).await?;
        }
        let operation = match action {
            Action::Approve => GraphOperation::Approve,
            Action::Reject => GraphOperation::Reject,
        };
        let call = Call {
            operation,
            target: Target::Group(group),
            query: Vec::new(),
            body: Some(decision_body(ids).into()),
        };
        let read = |answer: &Answer, seen: &mut Differences| {
            let read = read_decision(answer, (action, ids), seen)?;
            let refused = read.replies.iter().any(|reply| matches!(reply, ItemReply::Refused(_)));
            let outcome = if refused { AttemptOutcome::Partial } else { AttemptOutcome::Answered };
            Ok((read, outcome))
        };
        let answered = self.calls.call(&call, budget, read).await?;
        let (mut answer, token) = (answered.value, answered.token);
        for kind in &answer.drift {
            self.calls.drifted(*kind);
        }
        // The lists are the answer; what is refused in them or beside them still counts for the calls after it.
        for reply in &mut answer.replies {
            if let ItemReply::Refused(refusal) = reply {
                self.calls.note(refusal, Some(group), &token);
            }
        }
        if let Some(refusal) = &mut answer.beside {
            self.calls.note(refusal, Some(group), &token);
        }
        // After the notes: where one of them began a pause, this changes nothing.
        self.calls.served();
        Ok(answer.replies)
    }

    /// After trouble no decision is the first call: its answer might be lost. A page of the group is read in its place.
    async fn try_with_a_read(&self, group: &GroupId, budget: &mut Budget) -> Result<(), GraphError> {
        let page = self.list_page(group, None, &mut self.page_limit(), budget).await;
        match page {
            Ok(_) => Ok(()),
            Err(error @ GraphError::Held(_)) => Err(error),
            // Of the decision itself nothing was sent.
            Err(error) if !self.calls.in_trouble() => {
                tracing::debug!(?error, "Graph answers again");
                Ok(())
            }
            Err(_) => Err(GraphError::Held(Held::Paused {
                retry_after: AFTER_TROUBLE,
                reason: PauseReason::Trouble,
            })),
        }
    }
}
