//! `GET /v1/quota`

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::RequestContext;
use super::problem::{ProblemCode, Raised};
use super::state::Api;
use crate::limits::{CallerQuota, PacingView};

/// What is left of both quotas: the caller's own, and the one that all callers share towards Graph.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quota, examples(json!({
    "caller": {"limit": 600, "window_s": 60, "burst": 60, "remaining": 58, "reset_s": 1},
    "graph": [{"account": "default", "remaining_estimate": 100, "usage_percent": 12.0, "paused_until": null, "circuit": "closed"}]
})))]
pub(super) struct QuotaAnswer {
    /// The caller's own.
    pub caller: CallerQuotaAnswer,
    /// One for each account with Meta.
    pub graph: Vec<GraphQuotaAnswer>,
}

/// The caller's own quota. The fields `RateLimit-Policy` and `RateLimit` of every answer say the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerQuota)]
pub(super) struct CallerQuotaAnswer {
    /// Units in a window.
    pub limit: u32,
    /// The window, in seconds.
    pub window_s: u64,
    /// Units that may be used at once after a rest.
    pub burst: u32,
    /// Units that may be used at once now; this request is counted.
    pub remaining: u32,
    /// Seconds until the whole burst is there again.
    pub reset_s: u64,
}

/// What the gateway knows of Meta's quota for one account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphQuota)]
pub(super) struct GraphQuotaAnswer {
    /// The gateway's name for the account.
    #[schema(examples("default"))]
    pub account: &'static str,
    /// Calls that the gateway would send at once now, by its own limit; none during a pause.
    pub remaining_estimate: u32,
    /// The highest usage that Graph reported within five minutes, in percent of its quota.
    #[schema(required, minimum = 0)]
    pub usage_percent: Option<f64>,
    /// Until when nothing is sent, because Graph has said so or is in trouble.
    #[schema(format = DateTime, required)]
    pub paused_until: Option<String>,
    /// Whether calls go through: `open` while Graph is in trouble and nothing is sent, `half_open` while one call tries.
    pub circuit: &'static str,
}

/// Tells what is left of the caller's quota and of the one towards Graph.
///
/// Any valid token will do. It costs one unit, as every request does.
#[utoipa::path(
    get,
    path = "/v1/quota",
    operation_id = "get_quota",
    tag = "quota",
    responses((status = 200, description = "What is left.", body = QuotaAnswer)),
    security(("internal_token" = [])),
)]
pub(crate) async fn quota(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Raised> {
    if !request.query_string().is_empty() {
        return Err(Raised::from(ProblemCode::InvalidRequest).detail("This address has no query."));
    }
    let caller = request.extensions().get::<CallerQuota>().copied();
    // Never met: admission leaves it for every handler.
    let caller = caller.ok_or(ProblemCode::Internal)?;
    let context = request.extensions().get::<RequestContext>().cloned();
    if let Some(context) = context {
        api.parts.pacing.look(context.deadline).await;
    }
    let graph = vec![of_graph(&api.parts.pacing.view(), Timestamp::now())];
    let mut response = HttpResponse::Ok().json(QuotaAnswer { caller: of_caller(caller), graph });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

const fn of_caller(quota: CallerQuota) -> CallerQuotaAnswer {
    let CallerQuota { rate, burst, remaining, reset_seconds } = quota;
    CallerQuotaAnswer {
        limit: rate.count,
        window_s: rate.per.as_secs(),
        burst,
        remaining,
        reset_s: reset_seconds,
    }
}

fn of_graph(view: &PacingView, now: Timestamp) -> GraphQuotaAnswer {
    let until = |left| {
        let until = now.checked_add(SignedDuration::try_from(left).ok()?).ok()?;
        // Later rather than sooner.
        let whole = until.round(Unit::Second).ok()?;
        let whole = if whole < until { whole.checked_add(SignedDuration::from_secs(1)).ok()? } else { whole };
        Some(whole.to_string())
    };
    GraphQuotaAnswer {
        account: "default",
        remaining_estimate: view.remaining,
        usage_percent: view.usage_percent,
        paused_until: view.paused_for.and_then(until),
        circuit: view.circuit.as_str(),
    }
}
