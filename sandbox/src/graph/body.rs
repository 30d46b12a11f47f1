//! The body of a decision.

use std::collections::HashSet;

use serde_json::Value;

use crate::codes;
use crate::graph::call::Call;
use crate::graph::error::GraphError;

/// The ids named in a decision, in the caller's order. Fields besides the two known ones are ignored.
pub(crate) fn join_requests(call: &Call) -> Result<Vec<String>, GraphError> {
    if call.header("content-type") != Some("application/json") {
        return Err(GraphError::parameter("Content-Type must be application/json, without parameters"));
    }
    let Some(body) = &call.body else {
        return Err(GraphError::parameter("The request body is too large or broke off"));
    };
    let body: Value = serde_json::from_slice(body)
        .map_err(|_syntax| GraphError::parameter("The request body is not valid JSON"))?;
    let Some(fields) = body.as_object() else {
        return Err(GraphError::parameter("The request body must be a JSON object"));
    };
    match fields.get("messaging_product") {
        None => {
            return Err(GraphError::parameter("The parameter messaging_product is required."));
        }
        Some(product) if product == "whatsapp" => {}
        Some(_) => {
            return Err(GraphError::parameter("Param messaging_product must be one of {WHATSAPP}"));
        }
    }
    let list = fields
        .get("join_requests")
        .ok_or_else(|| GraphError::parameter("The parameter join_requests is required."))?
        .as_array()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| GraphError::of(codes::VALUE_INVALID))?;
    let ids: Vec<String> = list
        .iter()
        .map(|id| id.as_str().filter(|id| !id.is_empty()).map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| GraphError::of(codes::VALUE_INVALID))?;
    let mut seen = HashSet::new();
    if !ids.iter().all(|id| seen.insert(id)) {
        return Err(GraphError::of(codes::DUPLICATES));
    }
    Ok(ids)
}
