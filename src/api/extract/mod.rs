//! What handlers take out of a request, parsed into types that cannot be wrong.

mod body;
mod group;
mod query;
mod visitor;

pub use body::JsonBody;
pub use group::group_id;
pub use query::page_token;
pub use visitor::{RequestContext, Visitor};
