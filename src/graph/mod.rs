//! Meta's Graph API: the join request edge of a group. One place sends, one loop repeats, and Graph's JSON shapes end
//! here.

mod aftermath;
mod calls;
mod client;
mod codes;
mod credential;
mod fault;
mod page;
mod reading;
mod refusal;
mod retry;
mod shape;
#[cfg(test)]
mod tests;
mod token;
mod token_watch;
mod transport;
mod usage;
mod wait;
mod wire;

pub use client::GraphClient;
pub use codes::{Actor, CODES, CodeRow, ErrorClass};
pub use credential::TokensAsked;
pub use fault::GraphError;
pub use page::{Cursor, Page, PageLimit};
pub use reading::{Answer, DecisionAnswer, ItemReply, read_decision, read_page, read_token};
pub use refusal::Refusal;
pub use shape::{Asked, Difference, Differences, Form, Member};
pub use token::{TokenExamined, TokenState};
pub use token_watch::watch_tokens;
pub use usage::{Share, Usage, read_usage};
pub use wait::retry_after;
