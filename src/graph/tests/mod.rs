//! What holds for whatever bytes Graph sends.

#![expect(clippy::string_slice, reason = "the bodies that are cut here are ASCII")]

mod bodies;
mod headers;
mod reading;
