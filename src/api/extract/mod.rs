//! What handlers take out of a request, parsed into types that cannot be wrong.

mod body;
mod cache_control;
mod group;
mod query;
mod visitor;

pub(super) use body::JsonBody;
pub(super) use cache_control::accepted_age;
pub(super) use group::group_id;
pub(super) use query::page_token;
pub(super) use visitor::{RequestContext, Visitor};
