//! What must hold for any bytes that come from outside. The fuzz targets call these checks with bytes that libFuzzer
//! makes up; `tests/it/corpus.rs` calls them with the committed ones.

mod graph;
mod headers;
mod ids;
mod page_token;
mod token;

pub use graph::{decision, list_page, token_state};
pub use headers::{retry_after, traceparent, usage_headers};
pub use ids::ids;
pub use page_token::page_token;
pub use token::{authorization, key_set, token_claims, token_header};

/// A check panics when something does not hold.
pub type Check = fn(&[u8]);

/// Every check, under the name of its target and of its folder in `corpus`.
pub const CHECKS: [(&str, Check); 12] = [
    ("authorization", authorization),
    ("decision", decision),
    ("ids", ids),
    ("key_set", key_set),
    ("list_page", list_page),
    ("page_token", page_token),
    ("retry_after", retry_after),
    ("token_claims", token_claims),
    ("token_header", token_header),
    ("token_state", token_state),
    ("traceparent", traceparent),
    ("usage_headers", usage_headers),
];
