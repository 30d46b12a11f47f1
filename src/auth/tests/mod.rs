//! Hostile tokens, one for each rule: every test here fails when its rule is taken out.

#![expect(clippy::string_slice, reason = "tokens are ASCII")]

mod claims;
mod failure;
mod form;
mod key_choice;
mod key_documents;
mod keys;
mod memory;
mod properties;
mod reload;
mod rights;
mod support;
mod wycheproof;
