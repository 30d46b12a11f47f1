//! What approve and reject have in common: all of it but the verb.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::{DecisionAnswer, DecisionInput};
use crate::api::extract::{JsonBody, Visitor, group_id};
use crate::api::problem::{ProblemCode, Raised, item_problem, list_problem, retry_after_value, stop_problem};
use crate::api::state::Api;
use crate::domain::{Action, DecisionId, Scope};
use crate::limits::Budget;
use crate::moderation::{DecideError, Decision, DecisionReport, Item, Outcome};
use crate::telemetry::Fault;

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
    check_head(request)?;
    let JsonBody(input) =
        JsonBody::<DecisionInput>::read(request, payload, api.max_body, visitor.context.deadline).await?;
    let ids = input.ids(api.max_ids)?;
    input.check_notes()?;
    let quota = api.parts.callers.admit_ids(visitor.caller(), ids.len()).map_err(|exceeded| {
        Raised::from(ProblemCode::QuotaExceeded).retry_after(Some(exceeded.retry_after))
    })?;
    // For the fields of the answer, whatever it will be.
    request.extensions_mut().insert(quota);
    let decision = Decision {
        id: DecisionId::generate(),
        request_id: visitor.context.request_id.to_string(),
        caller: visitor.caller().clone(),
        action,
        group: group.clone(),
        ids,
        reason: input.reason,
        on_behalf_of: input.on_behalf_of,
    };
    let id = decision.id;
    let budget = Budget::new(visitor.context.deadline, api.max_wait);
    let report = carry_out(decision, input.dry_run, budget, api).await.map_err(|mut raised| {
        raised.decision_id = Some(id);
        raised
    })?;
    let answer = DecisionAnswer::new(id, &group, action.as_str(), &report, api.public_url.as_deref());
    Ok(answer_to(&report, &answer))
}

/// What may not stand in the head of a decision.
fn check_head(request: &HttpRequest) -> Result<(), Raised> {
    let invalid = || Raised::from(ProblemCode::InvalidRequest);
    if !request.query_string().is_empty() {
        return Err(invalid().detail("A decision has no query."));
    }
    if request.headers().contains_key("idempotency-key") {
        // Ignoring it would promise a safety that is not there.
        return Err(
            invalid().at_parameter("Idempotency-Key", "idempotency keys are not supported yet; leave it out")
        );
    }
    Ok(())
}

async fn carry_out(
    decision: Decision,
    dry_run: bool,
    mut budget: Budget,
    api: &Api,
) -> Result<DecisionReport, Raised> {
    if dry_run {
        let reviewed = api.parts.reviewer.review(decision, &mut budget).await;
        return reviewed.map_err(|error| list_problem(&error).after_spending(budget.spent));
    }
    let report =
        Arc::clone(&api.parts.decider).decide(decision, budget).await.map_err(|error| match error {
            DecideError::AuditUnavailable => Raised::from(ProblemCode::AuditUnavailable),
            DecideError::TooMany => ProblemCode::Overloaded.into(),
            DecideError::Died => Raised::from(ProblemCode::Internal),
        })?;
    match report.stopped_by() {
        Some(error) => Err(stop_problem(error).after_spending(report.spent)),
        None => Ok(report),
    }
}

fn answer_to(report: &DecisionReport, answer: &DecisionAnswer) -> HttpResponse {
    let all_well = report.all_as_asked();
    let mut response =
        HttpResponse::build(if all_well { StatusCode::OK } else { StatusCode::MULTI_STATUS }).json(answer);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
