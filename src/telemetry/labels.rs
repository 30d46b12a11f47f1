//! The closed sets of values that metric labels may take.

/// A route of the API, by its pattern: never a path with an id in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /v1/groups/{group_id}/join-requests`
    List,
    /// `POST /v1/groups/{group_id}/join-requests/approve`
    Approve,
    /// `POST /v1/groups/{group_id}/join-requests/reject`
    Reject,
    /// `GET /v1/quota`
    Quota,
    /// `/openapi.json`, `/docs` and `/problems/{code}`
    Docs,
    /// Everything else.
    Unmatched,
}

impl Route {
    /// The value of the label `route`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Quota => "quota",
            Self::Docs => "docs",
            Self::Unmatched => "unmatched",
        }
    }
}

/// Whose doing an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nobody's: it went as it should, or the world is as it is (a full group).
    None,
    /// The caller's.
    Caller,
    /// Graph's, or Meta's view of our credential.
    Upstream,
    /// Ours.
    Gateway,
}

impl Fault {
    /// The value of the label `fault`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Caller => "caller",
            Self::Upstream => "upstream",
            Self::Gateway => "gateway",
        }
    }
}

/// A call of Graph by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphOperation {
    /// One page of open requests.
    List,
    /// Approve some ids.
    Approve,
    /// Reject some ids.
    Reject,
    /// Ask what a token of ours is worth.
    DebugToken,
}

impl GraphOperation {
    /// The value of the label `operation`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::DebugToken => "debug_token",
        }
    }
}

/// How one call of Graph ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// An answer of the kind asked for.
    Answered,
    /// An answer that lists refused ids beside others.
    Partial,
    /// Graph's error object.
    Refused,
    /// No connection; nothing was sent.
    NotConnected,
    /// No answer in time.
    TimedOut,
    /// The connection broke after sending.
    Broken,
    /// An answer that makes no sense.
    Unreadable,
}

impl AttemptOutcome {
    /// The value of the label `outcome`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::NotConnected => "not_connected",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Where an answer of Graph differs from its documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drift {
    /// An entry of a list without a usable id.
    ListEntry,
    /// A usage header that could not be read.
    UsageHeader,
    /// An id named in lists that contradict each other.
    IdInBothLists,
    /// An id that was sent and is named nowhere.
    IdNotMentioned,
    /// An id that was not sent, or an entry that names none.
    ForeignId,
    /// A member that stands twice in one JSON object.
    RepeatedMember,
    /// A member that is not documented.
    UnknownField,
    /// A member of another type than documented.
    MistypedField,
}

impl Drift {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ListEntry,
        Self::UsageHeader,
        Self::IdInBothLists,
        Self::IdNotMentioned,
        Self::ForeignId,
        Self::RepeatedMember,
        Self::UnknownField,
        Self::MistypedField,
    ];

    /// The value of the label `kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ListEntry => "list_entry",
            Self::UsageHeader => "usage_header",
            Self::IdInBothLists => "id_in_both_lists",
            Self::IdNotMentioned => "id_not_mentioned",
            Self::ForeignId => "foreign_id",
            Self::RepeatedMember => "repeated_member",
            Self::UnknownField => "unknown_field",
            Self::MistypedField => "mistyped_field",
        }
    }
}

/// The circuit breaker of the way to Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// Graph is in good health.
    Closed,
    /// It was in trouble, and one call tries.
    HalfOpen,
    /// It is in trouble, and nothing is sent.
    Open,
}

impl Circuit {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// The value of the metric.
    pub const fn as_number(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// Which limit held something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitName {
    /// The units of one caller.
    Caller,
    /// The calls sent to Graph, a pause included.
    Graph,
    /// The requests served at once.
    InFlight,
    /// The tokens from one address that do not pass.
    AuthFailures,
}

impl LimitName {
    /// The value of the label `limit`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Graph => "graph",
            Self::InFlight => "in_flight",
            Self::AuthFailures => "auth_failures",
        }
    }
}

/// A method as it may be written down. Methods are chosen by whoever connects, so only known ones keep their name.
pub fn known_method(method: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method).unwrap_or("other")
}
