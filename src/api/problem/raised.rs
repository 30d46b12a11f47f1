//! A problem on its way to an answer.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use super::{FieldError, ProblemCode, UpstreamBody};
use crate::domain::DecisionId;
use crate::limits::Spent;

/// Field errors shown at most.
const MAX_ERRORS: usize = 20;
/// What `Retry-After` says when nothing better is known.
const USUAL_WAIT: Duration = Duration::from_secs(5);

/// A problem raised somewhere below. It becomes an answer with an empty body that carries the problem along; the
/// outermost middleware writes the body, since it alone knows the request id.
#[derive(Clone, Debug)]
pub(crate) struct Raised(Box<Parts>);

/// What a raised problem says. Boxed, because it travels in the error of every function of the API.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Which problem.
    pub code: ProblemCode,
    /// What is wrong in this case. Never the value of anything secret or personal.
    pub detail: Option<Cow<'static, str>>,
    /// The places in the request that are wrong.
    pub errors: Vec<FieldError>,
    /// Decisions only: whether something may have been executed.
    pub executed: Option<&'static str>,
    /// The decision, if there is one.
    pub decision_id: Option<DecisionId>,
    /// What Graph said.
    pub upstream: Option<UpstreamBody>,
    /// How long to wait, as far as known.
    pub retry_after: Option<Duration>,
    /// A further header field, such as `WWW-Authenticate`.
    pub header: Option<(HeaderName, String)>,
    /// What the request spent before.
    pub spent: Spent,
}

impl From<ProblemCode> for Raised {
    fn from(code: ProblemCode) -> Self {
        Self(Box::new(Parts {
            code,
            detail: None,
            errors: Vec::new(),
            executed: None,
            decision_id: None,
            upstream: None,
            retry_after: None,
            header: None,
            spent: Spent::default(),
        }))
    }
}

impl std::ops::Deref for Raised {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::ops::DerefMut for Raised {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl Raised {
    /// For a decision with a key that may have a record: what earlier calls with it did is not known here, so a failure of
    /// ours says nothing about it.
    #[must_use]
    pub(crate) fn for_earlier_calls(mut self, recorded: bool) -> Self {
        let open = matches!(self.code, ProblemCode::IdempotencyInProgress | ProblemCode::Internal);
        let failed = self.code.problem_type().status.is_some_and(|status| status >= 500);
        self.executed = Some(if open || recorded && failed { "unknown" } else { "no" });
        self
    }

    /// The parts, taken apart.
    pub(crate) fn into_parts(self) -> Parts {
        *self.0
    }

    /// Says what is wrong in this case.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a wrong place in the body.
    #[must_use]
    pub(crate) fn at_pointer(self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.at(FieldError { pointer: Some(pointer.into()), parameter: None, detail: detail.into() })
    }

    /// Adds a wrong path, query or header field.
    #[must_use]
    pub(crate) fn at_parameter(self, parameter: &'static str, detail: impl Into<String>) -> Self {
        self.at(FieldError { pointer: None, parameter: Some(parameter), detail: detail.into() })
    }

    fn at(mut self, error: FieldError) -> Self {
        if self.errors.len() < MAX_ERRORS {
            self.0.errors.push(error);
        }
        self
    }

    /// Adds a header field to the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.0.header = Some((name, value.into()));
        self
    }

    /// Says how long to wait.
    #[must_use]
    pub(crate) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Says what the request spent before it failed.
    #[must_use]
    pub(crate) fn after_spending(mut self, spent: Spent) -> Self {
        self.spent = spent;
        self
    }
}

/// `Retry-After` in whole seconds, 1 to 3600.
pub(crate) fn retry_after_value(wait: Option<Duration>) -> HeaderValue {
    let wait = wait.unwrap_or(USUAL_WAIT);
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    HeaderValue::from(seconds.clamp(1, 3600))
}

impl fmt::Display for Raised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.problem_type().name)
    }
}

impl std::error::Error for Raised {}

impl ResponseError for Raised {
    fn status_code(&self) -> StatusCode {
        let status = self.code.problem_type().status.and_then(|status| StatusCode::from_u16(status).ok());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::new(status);
        let waits = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let worth_waiting = self.code.problem_type().retryable && self.retry_after.is_some();
        if waits || worth_waiting {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_value(self.retry_after));
        }
        if let Some((name, value)) = &self.header
            && let Ok(value) = HeaderValue::from_str(value)
        {
            response.headers_mut().insert(name.clone(), value);
        }
        response.extensions_mut().insert(self.spent);
        response.extensions_mut().insert(self.clone());
        response
    }
}
