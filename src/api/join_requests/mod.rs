//! The three operations on a group's join requests.

mod answer;
pub mod approve;
mod decide;
mod input;
pub mod list;
pub mod reject;

pub use answer::{DecisionAnswer, ListAnswer};
pub use input::DecisionInput;
