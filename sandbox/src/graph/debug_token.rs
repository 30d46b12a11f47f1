//! `GET /{version}/debug_token`: what a token is worth.

use serde_json::{Value, json};

use crate::codes;
use crate::graph::access;
use crate::graph::call::Call;
use crate::graph::error::GraphError;
use crate::world::World;
use crate::world::token::Standing;

/// The app every simulated token belongs to.
const APP_ID: &str = "200300400500600";

/// The whole truth about the token in question, which need not be the caller's.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Value, GraphError> {
    let presented = call
        .parameter("input_token")
        .ok_or_else(|| GraphError::parameter("The parameter input_token is required."))?;
    let Some(token) = world.tokens.find(presented) else {
        let error = json!({"code": codes::TOKEN_INVALID, "message": "Invalid OAuth access token."});
        return Ok(json!({"data": {"error": error, "is_valid": false, "scopes": []}}));
    };
    let standing = token.standing(world.clock.now());
    let scopes = &token.spec.scopes;
    let granular: Vec<Value> = scopes.iter().map(|scope| json!({"scope": scope})).collect();
    let mut data = json!({
        "app_id": APP_ID,
        "type": "SYSTEM_USER",
        "application": "Sandbox",
        "data_access_expires_at": 0,
        "expires_at": token.spec.expires_at.unwrap_or(0),
        "is_valid": standing == Standing::Valid,
        "scopes": scopes,
        "granular_scopes": granular,
        "user_id": "300400500600700",
    });
    if let Some((message, subcode)) = access::refusal(standing)
        && let Some(fields) = data.as_object_mut()
    {
        let error = json!({"code": codes::TOKEN_INVALID, "message": message, "subcode": subcode});
        fields.insert("error".to_owned(), error);
    }
    Ok(json!({ "data": data }))
}
