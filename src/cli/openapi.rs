//! `joingate openapi`: the contract as JSON.

use std::io::Write;

use crate::api::openapi_document;

/// Prints the OpenAPI document, as it is committed in `openapi/openapi.json`.
pub fn print_openapi(out: &mut impl Write) -> std::io::Result<()> {
    let json = openapi_document().to_pretty_json().map_err(std::io::Error::other)?;
    writeln!(out, "{json}")
}
