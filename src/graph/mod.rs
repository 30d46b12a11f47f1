//! Meta's Graph API: the join request edge of a group. One place sends, one loop repeats, and Graph's JSON shapes end
//! here.

mod client;
mod codes;
mod fault;
mod page;
mod refusal;
mod retry;
mod transport;
mod usage;
mod wire;

pub use client::{GraphClient, ItemReply};
pub use codes::{Actor, CODES, CodeRow, ErrorClass};
pub use fault::GraphError;
pub use page::{Cursor, Page};
pub use refusal::Refusal;
