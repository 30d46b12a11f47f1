//! One open request to join a group.

use std::fmt;

use jiff::Timestamp;

use super::JoinRequestId;

/// A person's open request to join. Only the id is certain: Meta leaves out the phone number of people who go by
/// a username, and documents every other field as subject to change.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// Meta's id of the request.
    pub id: JoinRequestId,
    /// The requester's phone number as digits.
    pub wa_id: Option<String>,
    /// The requester's business-scoped user id.
    pub user_id: Option<String>,
    /// The parent of the business-scoped user id.
    pub parent_user_id: Option<String>,
    /// The requester's username.
    pub username: Option<String>,
    /// When the request was made, by Graph's clock.
    pub requested_at: Option<Timestamp>,
}

impl fmt::Debug for JoinRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JoinRequest")
            .field("requested_at", &self.requested_at)
            .finish_non_exhaustive()
    }
}
