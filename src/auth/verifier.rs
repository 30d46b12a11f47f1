//! The order of the checks: size, form, header, issuer, key, signature, type, claims.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cache::{Entry, VerifiedTokens};
use super::claims::{self, Policy};
use super::compact::Compact;
use super::header::TokenHeader;
use super::issuer::Issuer;
use super::keys::{KeyProblems, RemoteKeys};
use super::verified::Verified;
use super::{AuthFailure, MAX_TOKEN_BYTES, peek};
use crate::config::AuthSettings;
use crate::json::{self, Value};
use crate::telemetry::Metrics;

/// Checks internal tokens against the issuers of the settings.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    policy: Policy,
    known: VerifiedTokens,
}

impl Verifier {
    /// Reads every issuer's keys. All problems come back at once.
    pub fn new(settings: &AuthSettings) -> Result<Self, KeyProblems> {
        let mut issuers = Vec::new();
        let mut problems = Vec::new();
        for issuer in &settings.issuers {
            match Issuer::new(issuer) {
                Ok(issuer) => issuers.push(issuer),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(KeyProblems(problems));
        }
        Ok(Self {
            issuers,
            policy: Policy {
                leeway: signed(settings.leeway),
                max_lifetime: signed(settings.max_token_lifetime),
                require_groups_claim: settings.require_groups_claim,
            },
            known: VerifiedTokens::new(),
        })
    }

    /// Whether the keys of the setting are those of its latest content. True for settings that hold no keys.
    pub fn uses_latest(&self, setting: &str) -> bool {
        self.issuers.iter().find_map(|issuer| issuer.keys.uses_latest(setting)).unwrap_or(true)
    }

    /// Whose token it is, if it was checked before, with the keys still in force and its time not over.
    pub fn recall(&self, token: &str, now: Timestamp) -> Option<Arc<Verified>> {
        let fingerprint = (token.len() <= MAX_TOKEN_BYTES).then(|| VerifiedTokens::fingerprint(token))?;
        self.known.find(&fingerprint, |entry| self.still_holds(entry, now))
    }

    /// Checks a token that is not remembered.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, AuthFailure> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthFailure::TooLarge);
        }
        if let Some(verified) = self.recall(token, now) {
            return Ok(verified);
        }
        let entry = self.check(token, now)?;
        let verified = Arc::clone(&entry.verified);
        self.known.keep(VerifiedTokens::fingerprint(token), entry);
        Ok(verified)
    }

    /// The same, and where no key is known that fits, once more after its issuer was asked: if that may be now, and for
    /// two seconds at most.
    pub async fn verify_asking(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, AuthFailure> {
        let keys = self.remote_keys_for(token);
        let looks = keys.as_ref().map_or(0, |keys| keys.looks());
        let failure = match self.verify(token, now) {
            Err(failure @ (AuthFailure::UnknownKey | AuthFailure::NoKeys)) => failure,
            result => return result,
        };
        let Some(keys) = keys else { return Err(failure) };
        let told = keys.fresher(looks).await;
        match self.verify(token, now) {
            // It may be a key that the issuer would have told: nothing is known to be wrong with the token.
            Err(AuthFailure::UnknownKey) if !told => Err(AuthFailure::NoKeys),
            result => result,
        }
    }

    /// For each issuer that tells its keys itself, what keeps them fresh for as long as it is polled.
    pub fn keep_keys_fresh(&self, metrics: &Arc<Metrics>) -> Vec<impl Future<Output = ()> + Send + use<>> {
        let remote = self.issuers.iter().filter_map(|issuer| issuer.keys.remote()).cloned();
        let keep = |keys: Arc<RemoteKeys>| {
            let metrics = Arc::clone(metrics);
            async move { keys.keep_fresh(&metrics).await }
        };
        remote.map(keep).collect()
    }

    fn remote_keys_for(&self, token: &str) -> Option<Arc<RemoteKeys>> {
        let parts = Compact::parse(token).ok()?;
        let (_, issuer) = self.issuer_of(&parts.payload).ok()?;
        issuer.keys.remote().cloned()
    }

    fn still_holds(&self, entry: &Entry, now: Timestamp) -> bool {
        let keys = self.issuers.get(entry.issuer).and_then(|issuer| issuer.keys.in_force());
        keys.is_some_and(|keys| keys.generation == entry.generation)
            && !self.policy.has_expired(entry.verified.expires_at, now)
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Entry, AuthFailure> {
        let parts = Compact::parse(token)?;
        let header = TokenHeader::parse(&parts.header)?;
        let (index, issuer) = self.issuer_of(&parts.payload)?;
        let keys = issuer.keys.in_force().ok_or(AuthFailure::NoKeys)?;
        let key = keys.keys.select(header.kid.as_deref(), header.algorithm)?;
        if !key.has_signed(parts.signing_input.as_bytes(), parts.signature, header.algorithm) {
            return Err(AuthFailure::Signature);
        }
        if issuer.typ.as_ref().is_some_and(|wanted| !header.is_of_type(wanted)) {
            return Err(AuthFailure::WrongType);
        }
        let members = json::object(&parts.payload).ok().ok_or(AuthFailure::Malformed)?;
        let verified = claims::check(&members, issuer, &self.policy, now)?;
        Ok(Entry { verified: Arc::new(verified), issuer: index, generation: keys.generation })
    }

    /// The issuer whose key is to be asked. The text is not vouched for yet and chooses nothing else.
    fn issuer_of(&self, payload: &[u8]) -> Result<(usize, &Issuer), AuthFailure> {
        let iss = match peek::issuer(payload)? {
            None => return Err(AuthFailure::MissingClaim),
            Some(Value::String(iss)) => iss,
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(AuthFailure::MalformedClaim);
            }
        };
        let mut issuers = self.issuers.iter().enumerate();
        issuers.find(|(_, issuer)| issuer.iss == iss).ok_or(AuthFailure::UnknownIssuer)
    }
}

/// The settings bound these to 30 days.
fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
