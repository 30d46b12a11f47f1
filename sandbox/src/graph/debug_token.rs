//! `GET /{version}/debug_token`: what a token is worth.

use serde_json::{Value, json};

use crate::codes;
use crate::graph::call::Call;
use crate::graph::error::GraphError;
use crate::world::World;
use crate::world::token::Standing;

/// The app every simulated token belongs to.
const APP_ID: &str = "200300400500600";
const SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

pub(crate) fn answer(world: &World, call: &Call) -> Result<Value, GraphError> {
    let token = call
        .parameter("input_token")
        .ok_or_else(|| GraphError::parameter("The parameter input_token is required."))?;
    let data = match world.token.standing(token) {
        Standing::Valid => json!({
            "app_id": APP_ID,
            "type": "SYSTEM_USER",
            "application": "Sandbox",
            "data_access_expires_at": 0,
            "expires_at": 0,
            "is_valid": true,
            "scopes": SCOPES,
            "granular_scopes": SCOPES.map(|scope| json!({"scope": scope})),
            "user_id": "300400500600700",
        }),
        Standing::Revoked | Standing::Unknown => json!({
            "error": {"code": codes::TOKEN_INVALID, "message": "Invalid OAuth access token."},
            "is_valid": false,
            "scopes": [],
        }),
    };
    Ok(json!({"data": data}))
}
