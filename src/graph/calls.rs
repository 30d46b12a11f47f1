//! The one loop that sends calls, and sends them again where that is safe.

use std::time::Duration;

use super::aftermath::{FieldsTold, drifted, log, note, outcome_of};
use super::codes::ErrorClass;
use super::credential::{Credential, TokenInUse, TokensAsked};
use super::fault::{GraphError, Health};
use super::reading::{Answer, read_token};
use super::refusal::Refusal;
use super::retry::{Backoff, Next, RetryPolicy, Safety, random_share};
use super::shape::Differences;
use super::token::TokenState;
use super::transport::{Call, Exchange, Target, Transport};
use crate::config::GraphSettings;
use crate::domain::GroupId;
use crate::limits::{Budget, Permit};
use crate::telemetry::{AttemptOutcome, Drift, GraphOperation, Metrics, spans};

/// Between two tries: a random part of 50 ms, doubled up to a second.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// What a call has come to.
#[derive(Debug)]
pub(super) struct Answered<T> {
    pub(super) value: T,
    pub(super) token: TokenInUse,
    /// To be kept until everything in the answer was noted.
    _permit: Permit,
}

/// Sends calls with the right token, and judges each answer while its body is at hand.
#[derive(Debug)]
pub(super) struct Calls {
    transport: Transport,
    credential: Credential,
    policy: RetryPolicy,
    fields_told: FieldsTold,
}

impl Calls {
    pub(super) fn new(settings: &GraphSettings, transport: Transport) -> Self {
        let policy = RetryPolicy::new(
            settings.max_attempts,
            BACKOFF,
            settings.retry_budget,
            settings.least_decision_time(),
        );
        Self { transport, credential: Credential::new(settings), policy, fields_told: FieldsTold::default() }
    }

    /// Sends until an answer can be read, or the policy says that it is enough.
    pub(super) async fn call<T>(
        &self,
        call: &Call<'_>,
        budget: &mut Budget,
        read: impl Fn(&Answer, &mut Differences) -> Result<(T, AttemptOutcome), GraphError>,
    ) -> Result<Answered<T>, GraphError> {
        self.policy.begin();
        let safety = safety(call.operation);
        let mut tries = 0;
        let mut may_change_token = true;
        let mut earlier = None;
        loop {
            // What Graph refuses surely it is not asked again: one alarm, not one for each request.
            let token = self.credential.pick().map_err(GraphError::Refused)?;
            let error = match (self.attempt(call, &token, budget, &read).await, earlier) {
                (Ok((value, permit)), _) => return Ok(Answered { value, token, _permit: permit }),
                // What Graph said about an earlier try tells more than that we came to no further one.
                (Err(GraphError::Held(_)), Some(earlier)) => return Err(earlier),
                (Err(error), _) => error,
            };
            tries += 1;
            let other_token = self.note_token(&token, &error) && may_change_token;
            let next = self.policy.next(safety, &error, tries, other_token, budget);
            match next {
                Next::Stop => return Err(error),
                Next::Wait(wait) => {
                    tokio::time::sleep(wait).await;
                    budget.spent.graph += wait;
                }
                Next::AfterPause => (),
                // Another token is another call.
                Next::OtherToken => (may_change_token, tries) = (false, tries - 1),
            }
            self.metrics().graph_retried(call.operation, error.reason());
            earlier = Some(error);
        }
    }

    /// Takes one retry out of the shared budget for a call in another form.
    pub(super) fn may_retry(&self, operation: GraphOperation, reason: &'static str) -> bool {
        let may = self.policy.may_retry();
        if may {
            self.metrics().graph_retried(operation, reason);
        }
        may
    }

    /// Counts where an answer differs from Graph's documentation.
    pub(super) fn drifted(&self, kind: Drift) {
        drifted(kind, self.metrics());
    }

    /// The tokens to ask Graph about.
    pub(super) fn tokens(&self, which: TokensAsked) -> Vec<TokenInUse> {
        self.credential.tokens(which)
    }

    /// Changes whenever the content of a token does.
    pub(super) fn token_generation(&self) -> u64 {
        self.credential.generation()
    }

    /// Asks Graph what a token is worth, and remembers it.
    pub(super) async fn examine(
        &self,
        token: &TokenInUse,
        budget: &mut Budget,
    ) -> Result<TokenState, GraphError> {
        let operation = GraphOperation::DebugToken;
        let call = Call { operation, target: Target::Token, query: Vec::new(), body: None };
        let read = |answer: &Answer, seen: &mut Differences| {
            read_token(answer, seen).map(|state| (state, AttemptOutcome::Answered))
        };
        let state = match self.attempt(&call, token, budget, read).await {
            Ok((state, _permit)) => state,
            // With a token that Graph does not take at all it says no more than that.
            Err(GraphError::Refused(refusal)) if refusal.class == ErrorClass::Credential => {
                self.credential.refuse(token, &refusal);
                return Ok(TokenState { valid: false, expires_at: None, scopes: Vec::new() });
            }
            Err(error) => return Err(error),
        };
        if state.valid {
            self.credential.accept(token);
        }
        if token.is_ordinary() {
            self.metrics().graph_token(state.valid);
            self.metrics().graph_token_expiry(state.expires_at);
        }
        Ok(state)
    }

    /// Lets the calls after it know of a refusal.
    pub(super) fn note(&self, refusal: &mut Refusal, group: Option<&GroupId>, token: &TokenInUse) {
        note(refusal, (group, token), &self.transport.pacing, self.metrics());
    }

    /// Whether Graph was in trouble, and no call has shown yet that it is over.
    pub(super) fn in_trouble(&self) -> bool {
        self.transport.pacing.in_trouble()
    }

    /// Whether no decision is sent.
    pub(super) fn is_read_only(&self) -> bool {
        self.transport.pacing.is_read_only()
    }

    /// Graph served a call: the next pause starts short again.
    pub(super) fn served(&self) {
        self.transport.pacing.served();
    }

    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        token: &TokenInUse,
        budget: &mut Budget,
        read: impl Fn(&Answer, &mut Differences) -> Result<(T, AttemptOutcome), GraphError>,
    ) -> Result<(T, Permit), GraphError> {
        let sent = self.transport.send(call, token, budget).await;
        let Exchange { permit, took, answer, span } = sent.map_err(GraphError::Held)?;
        let mut differences = Differences::default();
        let mut result = answer.and_then(|answer| read(&answer, &mut differences));
        for difference in differences.found() {
            self.fields_told.differs(difference, self.metrics());
        }
        match &mut result {
            Ok(_) if call.operation == GraphOperation::DebugToken || !token.is_ordinary() => (),
            Ok(_) => self.metrics().graph_token(true),
            Err(error) => {
                if let GraphError::Refused(refusal) = error {
                    self.note(refusal, call.target.group(), token);
                }
                self.note_health(error);
                if let GraphError::Unreadable { drift: Some(kind), .. } = error {
                    self.drifted(*kind);
                }
                log(call.operation, error);
            }
        }
        let outcome = outcome_of(&result);
        let code = result.as_ref().err().and_then(GraphError::refusal).map(Refusal::code_label);
        spans::attempted(&span, outcome, code.as_deref());
        self.metrics().graph_called(call.operation, outcome, took);
        result.map(|(value, _)| (value, permit))
    }

    /// What a failed call says about Graph's health.
    fn note_health(&self, error: &GraphError) {
        match error.health() {
            Health::Good => self.served(),
            Health::Bad => self.transport.pacing.failed(random_share()),
            Health::Unknown => (),
        }
    }

    /// Remembers that Graph refused a token; whether the next attempt will have another one.
    fn note_token(&self, token: &TokenInUse, error: &GraphError) -> bool {
        let refusal = error.refusal().filter(|refusal| refusal.class == ErrorClass::Credential);
        refusal.is_some_and(|refusal| self.credential.refuse(token, refusal))
    }

    fn metrics(&self) -> &Metrics {
        &self.transport.metrics
    }
}

const fn safety(operation: GraphOperation) -> Safety {
    match operation {
        GraphOperation::List | GraphOperation::DebugToken => Safety::Read,
        GraphOperation::Approve | GraphOperation::Reject => Safety::Write,
    }
}
