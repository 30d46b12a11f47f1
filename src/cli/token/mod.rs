//! `joingate token`: mints an internal token, for development and smoke tests.

mod signing_key;
#[cfg(test)]
mod tests;

pub use signing_key::SigningKey;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::Header;
use serde::Serialize;

use crate::config::{SecretError, parse_duration};
use crate::domain::GroupId;

const MAX_TTL: Duration = Duration::from_hours(30 * 24);

/// Mint an internal token for development and smoke tests
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// A shared secret of at least 32 bytes, or a private key as PEM (RSA, EC or Ed25519)
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// The issuer (`iss`), as in the gateway's settings
    #[arg(long)]
    pub iss: String,
    /// The audience (`aud`), as in the gateway's settings
    #[arg(long)]
    pub aud: String,
    /// The subject (`sub`): which application calls
    #[arg(long)]
    pub sub: String,
    /// The scopes, separated by spaces
    #[arg(long)]
    pub scope: String,
    /// The groups, separated by commas, or `*` for all; by default the token has no such claim
    #[arg(long)]
    pub groups: Option<String>,
    /// How long the token lives, such as 90s, 10m or 24h; at most 720h
    #[arg(long, default_value = "10m", value_parser = read_ttl)]
    pub ttl: Duration,
    /// The algorithm; by default HS256, RS256, ES256, ES384 or `EdDSA`, as suits the key
    #[arg(long)]
    pub alg: Option<String>,
    /// The key's name (`kid`) in the gateway's key set
    #[arg(long)]
    pub kid: Option<String>,
}

/// Why no token was minted. Shows nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The key file cannot be read.
    #[error("the key file: {0}")]
    KeyFile(#[from] SecretError),
    /// The key file has no usable key.
    #[error("the key file holds neither a secret of 32 to 4096 bytes nor one unencrypted private key as PEM")]
    UnusableKey,
    /// The algorithm does not suit the key.
    #[error("the algorithm `{0}` does not suit the key")]
    Algorithm(String),
    /// A claim is empty or otherwise not acceptable to the gateway.
    #[error("{name} must be {form}")]
    Claim {
        /// The option's name.
        name: &'static str,
        /// What would be right.
        form: &'static str,
    },
    /// Signing failed.
    #[error("the key does not sign: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
    /// The token cannot be written.
    #[error("cannot write the token: {0}")]
    Output(#[from] std::io::Error),
}

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct TokenContents<'c> {
    /// `iss`
    pub issuer: &'c str,
    /// `aud`
    pub audience: &'c str,
    /// `sub`, 1 to 256 bytes.
    pub subject: &'c str,
    /// `scope`, separated by spaces.
    pub scope: &'c str,
    /// `groups`: ids separated by commas, or `*`; `None` leaves the claim out.
    pub groups: Option<&'c str>,
    /// How long it lives: 1 second to 30 days.
    pub ttl: Duration,
    /// The header's `kid`.
    pub kid: Option<&'c str>,
    /// `iat`
    pub issued_at: Timestamp,
}

#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    aud: &'c str,
    sub: &'c str,
    iat: i64,
    exp: i64,
    scope: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Groups<'c>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Groups<'c> {
    All(&'static str),
    Only(Vec<&'c str>),
}

/// Runs the command: prints the token and a line end, nothing else.
pub fn mint(args: &TokenArgs, out: &mut impl Write) -> Result<(), TokenError> {
    let key = SigningKey::from_file(&args.key_file, args.alg.as_deref())?;
    let contents = TokenContents {
        issuer: &args.iss,
        audience: &args.aud,
        subject: &args.sub,
        scope: &args.scope,
        groups: args.groups.as_deref(),
        ttl: args.ttl,
        kid: args.kid.as_deref(),
        issued_at: Timestamp::now(),
    };
    writeln!(out, "{}", mint_token(&key, &contents)?)?;
    Ok(())
}

/// Signs a token that the gateway would accept if its settings know issuer, audience and key.
pub fn mint_token(key: &SigningKey, contents: &TokenContents<'_>) -> Result<String, TokenError> {
    check_text("--iss", contents.issuer)?;
    check_text("--aud", contents.audience)?;
    check_text("--sub", contents.subject)?;
    check_scope(contents.scope)?;
    if contents.ttl < Duration::from_secs(1) || contents.ttl > MAX_TTL {
        return refuse("--ttl", "1 second to 30 days, such as 90s, 10m or 24h");
    }
    let lifetime = SignedDuration::try_from(contents.ttl).unwrap_or(SignedDuration::ZERO);
    let claims = Claims {
        iss: contents.issuer,
        aud: contents.audience,
        sub: contents.subject,
        iat: contents.issued_at.as_second(),
        exp: contents.issued_at.as_second().saturating_add(lifetime.as_secs()),
        scope: contents.scope,
        groups: contents.groups.map(read_groups).transpose()?,
    };
    let mut header = Header::new(key.algorithm);
    header.kid = contents.kid.map(str::to_owned);
    Ok(jsonwebtoken::encode(&header, &claims, &key.key)?)
}

fn refuse<T>(name: &'static str, form: &'static str) -> Result<T, TokenError> {
    Err(TokenError::Claim { name, form })
}

fn check_text(name: &'static str, text: &str) -> Result<(), TokenError> {
    if (1..=256).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        refuse(name, "text of 1 to 256 bytes without control characters")
    }
}

/// RFC 6749 §3.3. Scopes that the gateway does not know are another service's.
fn check_scope(scope: &str) -> Result<(), TokenError> {
    let allowed = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    if scope.split(' ').all(|name| !name.is_empty() && name.bytes().all(allowed)) {
        Ok(())
    } else {
        refuse("--scope", "one or more scopes with one space between them")
    }
}

fn read_groups(text: &str) -> Result<Groups<'_>, TokenError> {
    if text == "*" {
        return Ok(Groups::All("*"));
    }
    let ids = text.split(',').map(str::trim).collect::<Vec<_>>();
    if ids.iter().all(|id| GroupId::parse(id).is_ok()) {
        Ok(Groups::Only(ids))
    } else {
        refuse("--groups", "group ids separated by commas, or * alone")
    }
}

fn read_ttl(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("a duration is a number with s, m or h, such as 10m")
}
