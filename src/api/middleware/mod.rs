//! What happens to every request around its handler.

mod account;
mod admission;
mod context;
mod finish;
mod observe;

pub(super) use admission::admit;
pub use observe::observe;
