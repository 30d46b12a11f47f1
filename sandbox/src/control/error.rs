//! Why an instruction to the sandbox was refused.

use std::error::Error;
use std::fmt;

/// An instruction that cannot be carried out; the sandbox is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlError {
    /// No group has this id.
    UnknownGroup,
    /// The group has no open request with this id.
    UnknownRequest,
    /// No fault order has this number, or it has met all its calls.
    UnknownOrder,
    /// No token is known by this text.
    UnknownToken,
    /// A group with this id exists already.
    GroupExists,
    /// The person has an open request in this group already.
    RequestExists,
    /// The id contains something other than letters, digits, `_`, `-` and `=`, or has not 1 to 256 of them.
    InvalidId,
    /// A value lies outside its stated bounds.
    InvalidValue,
    /// A stated bound of the sandbox is reached.
    TooMany,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownGroup => "there is no such group",
            Self::UnknownRequest => "there is no such open request in the group",
            Self::UnknownOrder => "there is no such order",
            Self::UnknownToken => "there is no such token",
            Self::GroupExists => "a group with this id exists already",
            Self::RequestExists => "this request is open already",
            Self::InvalidId => "an id has 1 to 256 letters, digits, `_`, `-` or `=`",
            Self::InvalidValue => "a value is outside its bounds",
            Self::TooMany => "the sandbox keeps no more of these",
        })
    }
}

impl Error for ControlError {}
