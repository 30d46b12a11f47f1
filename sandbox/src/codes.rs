//! Graph's error codes that the simulator has a reason of its own to answer.

/// Application call limit reached.
pub(crate) const APP_LIMIT: i64 = 4;
/// The token lacks the permission for the call.
pub(crate) const NO_PERMISSION: i64 = 10;
/// A parameter is missing, malformed or not supported.
pub(crate) const INVALID_PARAMETER: i64 = 100;
/// No access token was sent.
pub(crate) const TOKEN_MISSING: i64 = 104;
/// The access token is wrong, expired or revoked.
pub(crate) const TOKEN_INVALID: i64 = 190;
/// The token has no access to the account.
pub(crate) const NO_ASSET_ACCESS: i64 = 200;
/// Subcode of [`TOKEN_INVALID`]: its time is over.
pub(crate) const SUBCODE_EXPIRED: i64 = 463;
/// Subcode of [`TOKEN_INVALID`]: it was made invalid.
pub(crate) const SUBCODE_REVOKED: i64 = 467;
/// Subcode of [`INVALID_PARAMETER`]: no such object, or no right to see it.
pub(crate) const SUBCODE_NO_OBJECT: i64 = 33;
/// The path names nothing.
pub(crate) const UNKNOWN_PATH: i64 = 2500;
/// The value of a parameter is not valid.
pub(crate) const VALUE_INVALID: i64 = 131_009;
/// The group does not exist, or the business is not in it.
pub(crate) const UNKNOWN_GROUP: i64 = 131_041;
/// The cursor expired or is corrupt.
pub(crate) const STALE_CURSOR: i64 = 131_059;
/// Some of the items failed.
pub(crate) const PARTIAL: i64 = 131_201;
/// The same id appears twice in one call.
pub(crate) const DUPLICATES: i64 = 131_202;
/// The user has not accepted WhatsApp's terms; only an approval can meet it.
pub(crate) const TERMS_NOT_ACCEPTED: i64 = 131_203;
/// The group has no place left.
pub(crate) const GROUP_FULL: i64 = 131_204;
/// The group is suspended.
pub(crate) const GROUP_SUSPENDED: i64 = 131_207;
/// There is no such open join request.
pub(crate) const UNKNOWN_REQUEST: i64 = 131_213;
