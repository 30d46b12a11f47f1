//! Groups and requests as they are ordered and shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A group to create.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupSpec {
    /// Group id of 1 to 256 letters, digits, `_`, `-`, `=`; made up in Meta's shape when absent.
    pub id: Option<String>,
    /// A name for people; Graph never shows it on this edge. Default empty.
    pub name: String,
    /// Business number the group belongs to; a fictitious one when absent.
    pub owner_phone: Option<String>,
    /// Places in the group. Default 8, as WhatsApp has it.
    pub capacity: usize,
    /// Whether the group is suspended: every call about it is refused with 131207. Default false.
    pub suspended: bool,
    /// Who is in the group already; each takes a place. Default nobody.
    pub participants: Vec<String>,
}

impl Default for GroupSpec {
    fn default() -> Self {
        Self {
            id: None,
            name: String::new(),
            owner_phone: None,
            capacity: 8,
            suspended: false,
            participants: Vec::new(),
        }
    }
}

/// A join request to open. With neither `wa_id` nor `user_id`, a fictitious number is made up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSpec {
    /// The join request id; otherwise it follows from the person and the group.
    pub id: Option<String>,
    /// WhatsApp number of the person; absent for someone known by username only.
    pub wa_id: Option<String>,
    /// Business-scoped user id.
    pub user_id: Option<String>,
    /// Parent business-scoped user id.
    pub parent_user_id: Option<String>,
    /// Username.
    pub username: Option<String>,
    /// When the person asked, in seconds since 1970; now when absent.
    pub created_at: Option<i64>,
}

/// A group as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupView {
    /// Group id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Business number the group belongs to.
    pub owner_phone: String,
    /// Places in the group.
    pub capacity: usize,
    /// Whether the group is suspended.
    pub suspended: bool,
    /// Who is in the group.
    pub participants: Vec<String>,
    /// How many requests are open.
    pub open_requests: usize,
}

/// An open request as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestView {
    /// Join request id.
    pub id: String,
    /// WhatsApp number, if known.
    pub wa_id: Option<String>,
    /// Business-scoped user id, if any.
    pub user_id: Option<String>,
    /// Parent business-scoped user id, if any.
    pub parent_user_id: Option<String>,
    /// Username, if any.
    pub username: Option<String>,
    /// Seconds since 1970.
    pub created_at: i64,
}
