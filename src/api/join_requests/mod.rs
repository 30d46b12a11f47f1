//! The three operations on a group's join requests.

#[expect(single_use_lifetimes, reason = "the lint counts what derived code makes of the fields")]
mod answer;
pub(super) mod approve;
mod decide;
mod input;
pub(super) mod list;
pub(super) mod reject;

pub(super) use answer::{DecisionAnswer, ListAnswer};
pub(super) use input::DecisionInput;
