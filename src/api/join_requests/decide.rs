//! What approve and reject have in common: all of it but the verb.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::{DecisionAnswer, DecisionInput};
use crate::api::extract::{JsonBody, Visitor, group_id};
use crate::api::problem::{
    ProblemCode, Raised, item_problem, list_problem, not_admitted, retry_after_value, stop_problem,
};
use crate::api::state::Api;
use crate::domain::{Action, DecisionId, IdempotencyKey, InvalidIdempotencyKey, Scope};
use crate::limits::{Budget, CallerQuota, Priority};
use crate::moderation::{DecideError, Decided, Decision, DecisionReport, Item, Outcome};
use crate::telemetry::Fault;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Makes a decision, or tries it out.
pub(super) async fn decide(
    action: Action,
    request: &HttpRequest,
    payload: Payload,
    api: &Api,
) -> Result<HttpResponse, Raised> {
    let visitor = Visitor::of(request)?;
    let group = group_id(request)?;
    visitor.may(Scope::Decide, &group)?;
    let key = read_head(request)?;
    let JsonBody(input) =
        JsonBody::<DecisionInput>::read(request, payload, api.max_body, visitor.context.deadline).await?;
    let ids = input.ids(api.max_ids)?;
    input.check_notes()?;
    if api.require_key && key.is_none() && !input.dry_run {
        return Err(ProblemCode::IdempotencyKeyRequired.into());
    }
    let decision = Decision {
        id: DecisionId::generate(),
        request_id: visitor.context.request_id.to_string(),
        caller: visitor.caller().clone(),
        action,
        group: group.clone(),
        ids,
        reason: input.reason,
        on_behalf_of: input.on_behalf_of,
        key,
    };
    let id = decision.id;
    // A dry run is a list.
    let priority = if input.dry_run { Priority::Read } else { Priority::Decision };
    let budget = Budget::new(priority, visitor.context.deadline, api.parts.pacing.max_wait());
    let Answered { result, charged } = if input.dry_run {
        review(decision, budget, api).await
    } else {
        carry_out(decision, budget, api).await
    };
    if let Some(quota) = charged {
        // For the fields of the answer, whatever it will be.
        request.extensions_mut().insert(quota);
    }
    let report = result.map_err(|mut raised| {
        raised.decision_id = Some(id);
        raised
    })?;
    let answer = DecisionAnswer::new(id, &group, action, &report.items, api.public_url.as_deref());
    Ok(answer_to(&report, &answer))
}

/// The Idempotency-Key, if there is one. Nothing else may stand in the head that could be meant to change the decision.
fn read_head(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Raised> {
    let invalid = || Raised::from(ProblemCode::InvalidRequest);
    if !request.query_string().is_empty() {
        return Err(invalid().detail("A decision has no query."));
    }
    let mut fields = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err(invalid().at_parameter("Idempotency-Key", "may be given once"));
    }
    let key = field.to_str().map_err(|_not_ascii| InvalidIdempotencyKey).and_then(IdempotencyKey::parse);
    key.map(Some).map_err(|error| invalid().at_parameter("Idempotency-Key", error.to_string()))
}

/// What to answer, and what the caller has left if ids were charged.
struct Answered {
    result: Result<DecisionReport, Raised>,
    charged: Option<CallerQuota>,
}

async fn review(decision: Decision, mut budget: Budget, api: &Api) -> Answered {
    let callers = &api.parts.callers;
    let charged = match callers.admit_ids(&decision.caller, decision.ids.len(), budget.deadline).await {
        Ok(quota) => Some(quota),
        Err(refused) => return Answered { result: Err(not_admitted(&refused)), charged: None },
    };
    let reviewed = api.parts.reviewer.review(decision, &mut budget).await;
    let result = reviewed.map_err(|error| list_problem(&error).after_spending(budget.spent));
    Answered { result, charged }
}

async fn carry_out(decision: Decision, budget: Budget, api: &Api) -> Answered {
    let keyed = decision.key.is_some();
    let Decided { result, charged } = Arc::clone(&api.parts.decider).decide(decision, budget).await;
    let result = result.map_err(|error| refused(&error).for_earlier_calls(keyed)).and_then(|report| {
        match report.stopped_by() {
            Some(stopped) => {
                Err(stop_problem(stopped).after_spending(report.spent).for_earlier_calls(report.resumed))
            }
            None => Ok(report),
        }
    });
    Answered { result, charged }
}

fn refused(error: &DecideError) -> Raised {
    match error {
        DecideError::AuditUnavailable => ProblemCode::AuditUnavailable.into(),
        DecideError::TooMany => ProblemCode::Overloaded.into(),
        DecideError::NotAdmitted(refused) => not_admitted(refused),
        DecideError::KeyReused => ProblemCode::IdempotencyKeyReused.into(),
        DecideError::InProgress(left) => {
            Raised::from(ProblemCode::IdempotencyInProgress).retry_after(Some(*left))
        }
        DecideError::StoreUnavailable => ProblemCode::StoreUnavailable.into(),
        DecideError::Died => ProblemCode::Internal.into(),
    }
}

fn answer_to(report: &DecisionReport, answer: &DecisionAnswer) -> HttpResponse {
    let all_well = report.all_as_asked();
    let mut response =
        HttpResponse::build(if all_well { StatusCode::OK } else { StatusCode::MULTI_STATUS }).json(answer);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if report.is_replay() {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    let problems = report.items.iter().filter_map(|item| Some((item, item_problem(&item.outcome)?)));
    let problems = problems.collect::<Vec<_>>();
    let worth_repeating = |item: &Item, raised: &Raised| {
        raised.code.problem_type().retryable || matches!(item.outcome, Outcome::NotSent(_))
    };
    let waits = problems.iter().filter(|(item, raised)| worth_repeating(item, raised));
    if let Some(wait) = waits.map(|(_, raised)| raised.retry_after).max() {
        headers.insert(RETRY_AFTER, retry_after_value(wait));
    }
    let worst = problems.iter().map(|(_, raised)| raised.code.problem_type().fault).max();
    response.extensions_mut().insert(worst.unwrap_or(Fault::None));
    response.extensions_mut().insert(report.spent);
    response
}
