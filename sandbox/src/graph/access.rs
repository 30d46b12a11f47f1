//! Who may call: the client's name, the token and the proof of the app secret.

use jiff::Timestamp;

use crate::codes;
use crate::graph::call::Call;
use crate::graph::error::{GraphError, METHOD_EXCEPTION};
use crate::world::token::{MANAGEMENT, MESSAGING, Standing, Token, Tokens};

/// The token of a call that Graph lets in.
pub(crate) fn check<'a>(
    call: &Call,
    tokens: &'a Tokens,
    now: Timestamp,
    app_secret: Option<&str>,
) -> Result<&'a Token, GraphError> {
    if call.headers.contains_key("user-agent") && !call.header("user-agent").is_some_and(is_user_agent) {
        return Err(GraphError::parameter("User-Agent must be a name, a slash and three numbers"));
    }
    let Some(presented) = presented(call)? else {
        return Err(GraphError::plain(
            codes::TOKEN_MISSING,
            "OAuthException",
            "An access token is required to request this resource.",
        ));
    };
    let token = tokens.find(presented).ok_or_else(|| {
        GraphError::plain(
            codes::TOKEN_INVALID,
            "OAuthException",
            "Invalid OAuth access token - Cannot parse access token",
        )
    })?;
    if let Some((message, subcode)) = refusal(token.standing(now)) {
        return Err(GraphError::plain(codes::TOKEN_INVALID, "OAuthException", message).subcode(subcode));
    }
    prove(call, token, app_secret)?;
    Ok(token)
}

/// Why a token that was good once is refused, with the subcode.
pub(crate) fn refusal(standing: Standing) -> Option<(&'static str, i64)> {
    match standing {
        Standing::Valid => None,
        Standing::Expired => {
            Some(("Error validating access token: Session has expired", codes::SUBCODE_EXPIRED))
        }
        Standing::Revoked => {
            Some(("Error validating access token: The session has been invalidated", codes::SUBCODE_REVOKED))
        }
    }
}

/// Refuses a token that has not both scopes of the join request edge.
pub(crate) fn permit(token: &Token) -> Result<(), GraphError> {
    for (scope, code) in [(MESSAGING, codes::NO_PERMISSION), (MANAGEMENT, codes::NO_ASSET_ACCESS)] {
        if !token.permits(scope) {
            return Err(GraphError::of(code));
        }
    }
    Ok(())
}

/// The token in the only place the simulator looks for it. `access_token` in the query, which Graph
/// would take, is ignored on purpose: a client that puts it there must notice.
fn presented(call: &Call) -> Result<Option<&str>, GraphError> {
    if !call.headers.contains_key("authorization") {
        return Ok(None);
    }
    let token = call
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim_start)
        .filter(|token| !token.is_empty());
    token.map(Some).ok_or_else(|| {
        GraphError::plain(codes::TOKEN_INVALID, "OAuthException", "Invalid OAuth access token.")
    })
}

fn prove(call: &Call, token: &Token, app_secret: Option<&str>) -> Result<(), GraphError> {
    let Some(secret) = app_secret else { return Ok(()) };
    let refuse = |message| Err(GraphError::plain(codes::INVALID_PARAMETER, METHOD_EXCEPTION, message));
    match call.parameter("appsecret_proof") {
        Some(proof) if token.is_proved_by(proof, secret) => Ok(()),
        Some(_) => refuse("Invalid appsecret_proof provided in the API argument"),
        None => refuse("API calls from the server require an appsecret_proof argument"),
    }
}

/// Meta's pattern: `name/1.2.3`, then optionally `;text`, then optionally ` name/1.2`.
fn is_user_agent(text: &str) -> bool {
    let (product, comment) = match text.split_once(|letter: char| letter.is_ascii_whitespace()) {
        Some((product, comment)) => (product, Some(comment.trim_start())),
        None => (text, None),
    };
    let (product, extra) = match product.split_once(';') {
        Some((product, extra)) => (product, Some(extra)),
        None => (product, None),
    };
    let numbers = |version: &str| {
        let parts: Vec<&str> = version.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| made_of(part, |byte| byte.is_ascii_digit()))
    };
    let named = |text: &str, version: &dyn Fn(&str) -> bool| {
        text.split_once('/').is_some_and(|(name, rest)| made_of(name, is_name) && version(rest))
    };
    named(product, &numbers)
        && extra
            .is_none_or(|extra| made_of(extra, |byte| is_name(byte) && byte != b'_' || b"=.".contains(&byte)))
        && comment.is_none_or(|comment| {
            named(comment, &|rest| made_of(rest, |byte| byte.is_ascii_digit() || b"-.".contains(&byte)))
        })
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::is_user_agent;

    #[test]
    fn a_name_and_three_numbers_are_wanted() {
        for good in ["a/1.2.3", "curl/8.5.0", "my_app-x/0.10.0;spec=2025-10-21", "a/1.2.3;x  os-x/10.4-1"] {
            assert!(is_user_agent(good), "{good}");
        }
        for bad in
            ["", "a", "a/1.2", "a/1.2.3.4", "a/1.2.x", "/1.2.3", "a/1.2.3;", "a/1.2.3 (Linux)", "a b/1.2.3"]
        {
            assert!(!is_user_agent(bad), "{bad}");
        }
    }
}
