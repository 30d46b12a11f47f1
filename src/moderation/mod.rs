//! What the gateway is for: list a group's open requests completely, and decide about them truthfully.
//!
//! Every id of a decision comes back exactly once with what is known about it. No write is ever sent twice.

mod decide;
mod list;
mod outcome;
mod page_token;
mod report;
mod review;

pub use decide::{DecideError, Decider, Decision};
pub use list::{ListError, Lister, Listing};
pub use outcome::{Item, Outcome};
pub use page_token::{KeyUnusable, MAX_PAGE_TOKEN, PageTokenInvalid, PageTokens};
pub use report::DecisionReport;
pub use review::Reviewer;

// Handed up as they are: the API maps them to problems and never names the module they come from.
pub use crate::graph::{Actor, CODES, CodeRow, ErrorClass, GraphError, Refusal};
pub use crate::limits::Held;
