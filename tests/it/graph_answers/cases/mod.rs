//! The cases, by kind.

pub(super) mod codes;
pub(super) mod encoding;
pub(super) mod errors;
pub(super) mod ids;
pub(super) mod paging;
pub(super) mod success;
pub(super) mod transport;
pub(super) mod waits;
