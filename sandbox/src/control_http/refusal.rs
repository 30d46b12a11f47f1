//! Refusals of the control API: a status and one sentence.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::control::error::ControlError;

/// The body of a refusal.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusalBody {
    /// One sentence.
    error: String,
}

/// Why an instruction was not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    UnknownRoute,
    Malformed(String),
    Control(ControlError),
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRoute => f.write_str("the control API has no such route; GET /_sandbox lists them"),
            Self::Malformed(reason) => f.write_str(reason),
            Self::Control(error) => error.fmt(f),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownRoute
            | Self::Control(
                ControlError::UnknownGroup
                | ControlError::UnknownRequest
                | ControlError::UnknownOrder
                | ControlError::UnknownToken,
            ) => StatusCode::NOT_FOUND,
            Self::Malformed(_) | Self::Control(ControlError::InvalidId | ControlError::InvalidValue) => {
                StatusCode::BAD_REQUEST
            }
            Self::Control(ControlError::GroupExists | ControlError::RequestExists) => StatusCode::CONFLICT,
            Self::Control(ControlError::TooMany) => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(RefusalBody { error: self.to_string() })
    }
}
