//! What the middlewares have found out about a request.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};

use crate::api::problem::{ProblemCode, Raised};
use crate::auth::Verified;
use crate::domain::{Caller, Deadline, GroupId, Scope};
use crate::telemetry::TraceContext;

/// What is known about every request.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The request's id, the caller's own if it was valid.
    pub request_id: Arc<str>,
    /// The trace it belongs to.
    pub trace: TraceContext,
    /// When it must be answered.
    pub deadline: Deadline,
}

/// An admitted caller.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Who it is and what it may do.
    pub verified: Arc<Verified>,
    /// The request.
    pub context: RequestContext,
}

impl Visitor {
    /// The admitted caller of a request. Routes outside admission have none.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Raised> {
        let extensions = request.extensions();
        let verified = extensions.get::<Arc<Verified>>().cloned();
        let context = extensions.get::<RequestContext>().cloned();
        verified.zip(context).map(|(verified, context)| Self { verified, context }).ok_or_else(|| {
            // Never met: admission stands before every handler that asks.
            Raised::from(ProblemCode::Internal)
        })
    }

    /// The caller.
    pub(crate) fn caller(&self) -> &Caller {
        &self.verified.caller
    }

    /// Checks that the caller may do this to the group.
    pub(crate) fn may(&self, scope: Scope, group: &GroupId) -> Result<(), Raised> {
        if !self.verified.rights.scopes.contains(&scope) {
            let challenge =
                format!(r#"Bearer realm="joingate", error="insufficient_scope", scope="{}""#, scope.as_str());
            return Err(Raised::from(ProblemCode::ForbiddenScope)
                .detail(format!("The scope `{}` is needed.", scope.as_str()))
                .header(actix_web::http::header::WWW_AUTHENTICATE, challenge));
        }
        if !self.verified.rights.groups.allows(group) {
            return Err(ProblemCode::ForbiddenGroup.into());
        }
        Ok(())
    }
}
