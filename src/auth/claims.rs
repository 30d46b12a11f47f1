//! The claims of a token whose signature has been checked (RFC 7519 §4.1): types first, then values.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::issuer::Issuer;
use super::verified::Verified;
use super::{AuthFailure, rights};
use crate::domain::Caller;
use crate::json::{Object, Value};

const MAX_SUBJECT_BYTES: usize = 256;

/// What holds for the tokens of every issuer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) leeway: SignedDuration,
    pub(super) max_lifetime: SignedDuration,
    pub(super) require_groups_claim: bool,
}

impl Policy {
    /// RFC 7519 §4.1.4: from the moment of `exp` on (and the leeway) a token is of no use.
    pub(super) fn has_expired(&self, expires_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(expires_at) >= self.leeway
    }
}

/// The caller that the claims describe. `iss` has been checked: it is what led to this issuer.
pub(super) fn check(
    claims: &Object<'_>,
    issuer: &Issuer,
    policy: &Policy,
    now: Timestamp,
) -> Result<Verified, AuthFailure> {
    check_audience(claims, &issuer.audience)?;
    let expires_at = check_times(claims, policy, now)?;
    let subject = subject(claims, issuer)?;
    let rights = match issuer.grants.get(subject) {
        Some(granted) => granted.clone(),
        None => rights::claimed(claims, &issuer.scope_claim, policy.require_groups_claim)?,
    };
    let caller = Caller { issuer: issuer.name.clone(), subject: subject.to_owned() };
    Ok(Verified { caller, rights, expires_at })
}

fn text<'c>(claims: &'c Object<'_>, name: &str) -> Result<&'c str, AuthFailure> {
    let value = claims.get(name).ok_or(AuthFailure::MissingClaim)?;
    value.as_str().ok_or(AuthFailure::MalformedClaim)
}

/// `aud` is one text, or a list of nothing but texts; ours must be among them.
fn check_audience(claims: &Object<'_>, wanted: &str) -> Result<(), AuthFailure> {
    let named = match claims.get("aud") {
        None => return Err(AuthFailure::MissingClaim),
        Some(Value::String(audience)) => audience == wanted,
        Some(Value::Array(audiences)) if audiences.iter().all(|audience| audience.as_str().is_some()) => {
            audiences.iter().any(|audience| audience.as_str() == Some(wanted))
        }
        Some(Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            return Err(AuthFailure::MalformedClaim);
        }
    };
    named.then_some(()).ok_or(AuthFailure::Audience)
}

/// All times against the clock and each other; gives `exp`.
fn check_times(claims: &Object<'_>, policy: &Policy, now: Timestamp) -> Result<Timestamp, AuthFailure> {
    let expires_at = time(claims, "exp")?.ok_or(AuthFailure::MissingClaim)?;
    let not_before = time(claims, "nbf")?;
    let issued_at = time(claims, "iat")?;
    let longest = policy.max_lifetime.saturating_add(policy.leeway);
    if policy.has_expired(expires_at, now) {
        return Err(AuthFailure::Expired);
    }
    let is_ahead = |time: Timestamp| time.duration_since(now) > policy.leeway;
    if not_before.is_some_and(is_ahead) {
        return Err(AuthFailure::NotYetValid);
    }
    if issued_at.is_some_and(is_ahead) {
        return Err(AuthFailure::IssuedInFuture);
    }
    let lives_too_long = |since: Timestamp| expires_at.duration_since(since) > longest;
    if lives_too_long(now) || issued_at.is_some_and(lives_too_long) {
        return Err(AuthFailure::Lifetime);
    }
    Ok(expires_at)
}

/// A `NumericDate` (RFC 7519 §2): seconds since 1970, whole or not, never before.
fn time(claims: &Object<'_>, name: &str) -> Result<Option<Timestamp>, AuthFailure> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let time = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => Timestamp::from_second(seconds).ok(),
        (None, Some(seconds)) => SignedDuration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok()),
        (None, None) => None,
    };
    let time = time.filter(|time| *time >= Timestamp::UNIX_EPOCH);
    time.map(Some).ok_or(AuthFailure::MalformedClaim)
}

fn subject<'c>(claims: &'c Object<'_>, issuer: &Issuer) -> Result<&'c str, AuthFailure> {
    let subject = text(claims, "sub")?;
    let plain = !subject.chars().any(char::is_control);
    if !plain || !(1..=MAX_SUBJECT_BYTES).contains(&subject.len()) {
        return Err(AuthFailure::MalformedClaim);
    }
    let listed = |subjects: &BTreeSet<String>| subjects.contains(subject);
    if issuer.subjects.as_ref().is_some_and(|subjects| !listed(subjects)) {
        return Err(AuthFailure::Subject);
    }
    Ok(subject)
}
