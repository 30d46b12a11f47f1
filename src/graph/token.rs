//! What a token is worth, by Graph's own word.

use jiff::Timestamp;

use super::fault::GraphError;

/// What `debug_token` says of a token.
/// Source: <https://developers.facebook.com/docs/graph-api/reference/debug_token>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenState {
    /// Whether Graph takes it.
    pub valid: bool,
    /// When it ends; `None`: never, or Graph does not say.
    pub expires_at: Option<Timestamp>,
    /// What it may be used for.
    pub scopes: Vec<String>,
}

/// One of our tokens, and what came of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExamined {
    /// Its setting, without the section.
    pub name: &'static str,
    /// What Graph said.
    pub result: Result<TokenState, GraphError>,
}
