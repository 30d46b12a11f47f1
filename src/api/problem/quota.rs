//! Where the caller's own limits become problems.

use super::{ProblemCode, Raised};
use crate::limits::NotAdmitted;

/// The problem of a caller who may not go on.
pub(crate) fn not_admitted(refused: &NotAdmitted) -> Raised {
    match refused {
        NotAdmitted::QuotaExceeded(exceeded) => {
            Raised::from(ProblemCode::QuotaExceeded).retry_after(Some(exceeded.retry_after))
        }
        NotAdmitted::StoreUnavailable => ProblemCode::StoreUnavailable.into(),
    }
}
