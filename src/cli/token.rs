//! `joingate token`: mints an internal token, for development and smoke tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::auth::pem::PemBlock;
use crate::config::{Secret, SecretError, SecretForm, parse_duration};
use crate::domain::GroupId;

const MAX_TTL: Duration = Duration::from_hours(30 * 24);
/// What the gateway itself asks of a shared secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 32..=4096;

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

/// A key that signs, with its algorithm.
#[derive(Debug)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
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

impl SigningKey {
    /// Reads a key file; `algorithm` of `None` takes what suits the key.
    pub fn from_file(path: &Path, algorithm: Option<&str>) -> Result<Self, TokenError> {
        let secret = Secret::from_file("--key-file", path, SecretForm::Document)?;
        Self::from_bytes(secret.current().expose(), algorithm)
    }

    /// The same from the content of a file: PEM, or else a shared secret.
    pub fn from_bytes(content: &[u8], algorithm: Option<&str>) -> Result<Self, TokenError> {
        let is_pem = content.trim_ascii_start().starts_with(b"-----BEGIN ");
        let (key, algorithms): (_, &[Algorithm]) = if is_pem {
            private_key(content).ok_or(TokenError::UnusableKey)?
        } else if SECRET_BYTES.contains(&content.len()) {
            let secrets = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
            (EncodingKey::from_secret(content), secrets)
        } else {
            return Err(TokenError::UnusableKey);
        };
        let wanted = algorithms.iter().find(|known| match algorithm {
            None => true,
            Some(name) => name.parse().is_ok_and(|named: Algorithm| named == **known),
        });
        match wanted {
            Some(algorithm) => Ok(Self {
                key,
                algorithm: *algorithm,
            }),
            None => Err(TokenError::Algorithm(algorithm.unwrap_or_default().to_owned())),
        }
    }
}

/// The key of a PKCS#8, PKCS#1 (RSA) or SEC 1 (EC) block, with its algorithms, the usual one first.
fn private_key(content: &[u8]) -> Option<(EncodingKey, &'static [Algorithm])> {
    const RSA: &[Algorithm] = &[
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ];
    let block = PemBlock::parse(content)?;
    let der = block.der.as_slice();
    let curves = [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, &[Algorithm::ES256]),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, &[Algorithm::ES384]),
    ];
    match block.label.as_str() {
        "RSA PRIVATE KEY" => {
            RsaKeyPair::from_der(der).ok()?;
            Some((EncodingKey::from_rsa_der(der), RSA))
        }
        "PRIVATE KEY" | "EC PRIVATE KEY" => {
            for (curve, algorithms) in curves {
                if let Ok(pair) = EcdsaKeyPair::from_private_key_der(curve, der) {
                    let pkcs8 = pair.to_pkcs8v1().ok()?;
                    return Some((EncodingKey::from_ec_der(pkcs8.as_ref()), algorithms));
                }
            }
            if Ed25519KeyPair::from_pkcs8(der).is_ok() {
                return Some((EncodingKey::from_ed_der(der), &[Algorithm::EdDSA]));
            }
            RsaKeyPair::from_pkcs8(der).ok()?;
            Some((EncodingKey::from_rsa_pem(content).ok()?, RSA))
        }
        _ => None,
    }
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
    if scope
        .split(' ')
        .all(|name| !name.is_empty() && name.bytes().all(allowed))
    {
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
