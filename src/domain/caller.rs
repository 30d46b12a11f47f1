//! Who calls, and what the caller may do.

use std::collections::BTreeSet;
use std::fmt;

use super::GroupId;

/// An internal application: the configured name of the token's issuer and the token's `sub`. The pair is the
/// identity everywhere: limits, audit, idempotency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Caller {
    /// The issuer's name in the settings (not its `iss` value).
    pub issuer: String,
    /// The token's `sub`, 1 to 256 bytes.
    pub subject: String,
}

impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.issuer, self.subject)
    }
}

/// What a route may demand of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// List open join requests.
    Read,
    /// Approve and reject join requests.
    Decide,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 2] = [Self::Read, Self::Decide];

    /// The scope as it stands in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "join_requests:read",
            Self::Decide => "join_requests:decide",
        }
    }

    /// The scope of that name; `None` for names that mean nothing here (tokens may carry others).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// The groups a caller may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupAccess {
    /// Every group (`"*"`).
    All,
    /// Only the groups named; an empty set is none at all.
    Only(BTreeSet<GroupId>),
}

impl GroupAccess {
    /// Whether the group is among them.
    pub fn allows(&self, group: &GroupId) -> bool {
        match self {
            Self::All => true,
            Self::Only(groups) => groups.contains(group),
        }
    }
}

/// The scopes and groups that a verified token grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The scopes known to this gateway; others are ignored.
    pub scopes: BTreeSet<Scope>,
    /// The groups they hold for.
    pub groups: GroupAccess,
}
