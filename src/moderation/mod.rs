//! What the gateway is for: list a group's open requests completely, and decide about them truthfully.
//!
//! Every id of a decision comes back exactly once with what is known about it. A write is sent
//! again only when it surely was not executed, or when a look has shown that the very request is still open.

mod assembly;
mod chunk;
mod copies;
mod course;
mod decide;
mod ledger;
mod list;
mod lister;
mod look;
mod outcome;
mod page_token;
mod recollection;
mod report;
mod review;
mod sightings;
mod single_flight;
mod stopped;
mod turns;
mod walk;

pub use assembly::{Foundations, Moderation};
pub use course::DecisionBounds;
pub use decide::{DecideError, Decided, Decider, Decision};
pub use list::{ListError, Listing};
pub use lister::{Lister, Served, Wanted};
pub use outcome::{Item, Observed, Outcome};
pub use page_token::{KeyUnusable, MAX_PAGE_TOKEN, PageTokenInvalid, PageTokens};
pub use report::DecisionReport;
pub use review::Reviewer;
pub use stopped::Stopped;

// Handed up as they are: the API maps them to problems and never names the module they come from.
pub use crate::graph::{Actor, CODES, CodeRow, ErrorClass, GraphError, Refusal};
pub use crate::limits::Held;
