//! `[auth]`: which internal tokens are accepted.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::secret::{Secret, SecretForm};
use super::section::Section;
use super::value::is_https_or_loopback;
use crate::domain::{GroupAccess, GroupId, Rights, Scope};

/// `[auth]`
#[derive(Debug)]
pub struct AuthSettings {
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Longest life of a token, from `iat` and from now.
    pub max_token_lifetime: Duration,
    /// Whether a token without `groups` may touch no group (true) or every group (false).
    pub require_groups_claim: bool,
    /// The issuers, each with a name of its own and an `iss` of its own.
    pub issuers: Vec<IssuerSettings>,
}

/// `[auth.issuers.<name>]`
#[derive(Debug)]
pub struct IssuerSettings {
    /// The name in the settings; part of the caller's identity.
    pub name: String,
    /// The exact `iss` of its tokens.
    pub issuer: String,
    /// The audience its tokens must carry.
    pub audience: String,
    /// What checks its signatures.
    pub key: KeySource,
    /// Names of the algorithms allowed; empty: whatever suits the key.
    pub algorithms: Vec<String>,
    /// The `typ` header its tokens must carry, if any.
    pub typ: Option<String>,
    /// The only subjects accepted; `None`: any.
    pub subjects: Option<Vec<String>>,
    /// The claim that holds the scopes.
    pub scope_claim: String,
    /// Rights given here to tokens that cannot carry them.
    pub grants: Vec<GrantSettings>,
}

/// What checks an issuer's signatures. Each is re-read when its file changes.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A shared secret of at least 32 bytes (HS256, HS384, HS512).
    HmacSecret(Arc<Secret>),
    /// One public key as PEM (`SubjectPublicKeyInfo`).
    PublicKey(Arc<Secret>),
    /// A JSON Web Key Set (RFC 7517).
    Jwks(Arc<Secret>),
    /// The same at an address of the issuer's, asked for again and again.
    JwksUrl(Arc<JwksUrlSettings>),
}

/// An issuer's own address of its keys.
#[derive(Debug)]
pub struct JwksUrlSettings {
    /// Dotted key of the setting, for logs and metrics.
    pub key: String,
    /// Where; plain http on the loopback only.
    pub url: Url,
    /// Certificates (PEM) to trust in place of the system's. Read again when the file changes.
    pub ca: Option<Arc<Secret>>,
    /// Proves who asks. Read again when the file changes.
    pub bearer_token: Option<Arc<Secret>>,
}

/// `[[auth.issuers.<name>.grants]]`
#[derive(Debug)]
pub struct GrantSettings {
    /// The subject it is for.
    pub subject: String,
    /// What it grants, in place of the token's own claims.
    pub rights: Rights,
}

impl AuthSettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let seconds = Duration::from_secs;
        let leeway =
            section.duration("leeway", seconds(30), seconds(0)..=seconds(120), "How far clocks may differ.");
        let max_token_lifetime = section.duration(
            "max_token_lifetime",
            seconds(24 * 3600),
            seconds(60)..=seconds(30 * 24 * 3600),
            "Longest life of a token: `exp` − `iat` and `exp` − now.",
        );
        let require_groups_claim = section.flag(
            "require_groups_claim",
            true,
            "Whether a token without `groups` may touch no group (`true`) or every group.",
        );
        let names = section.reader.names_below(&section.key("issuers"));
        if names.is_empty() {
            section.missing("issuers", "at least one issuer is needed, such as [auth.issuers.main]");
        }
        let issuers = names.iter().filter_map(|name| IssuerSettings::read(section, name)).collect::<Vec<_>>();
        for (index, issuer) in issuers.iter().enumerate() {
            if issuers.iter().take(index).any(|earlier| earlier.issuer == issuer.issuer) {
                let name = format!("issuers.{}.issuer", issuer.name);
                section.missing(&name, "another issuer has the same value; each needs its own");
            }
        }
        Self { leeway, max_token_lifetime, require_groups_claim, issuers }
    }
}

impl IssuerSettings {
    /// `name` is `<name>` when the settings are only described.
    pub(super) fn read(auth: &mut Section<'_, '_>, name: &str) -> Option<Self> {
        let prefix = auth.key(&format!("issuers.{name}"));
        let mut section = auth.reader.section(&prefix);
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let starts_well = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        if name != "<name>" && (name.len() > 64 || !starts_well || !name.bytes().all(plain)) {
            section.missing(
                "issuer",
                "an issuer's name is 1 to 64 characters of a-z, 0-9, '-' and '_', the first a letter",
            );
        }
        let issuer = section.required_text("issuer", "The exact `iss` of its tokens.");
        let audience = section.required_text("audience", "The audience (`aud`) its tokens must name.");
        let key = read_key(&mut section);
        let algorithms =
            section.list("algorithms", "The algorithms allowed; by default all that suit the key.");
        let typ = section.text("typ", None, "The `typ` header its tokens must have.");
        let subjects = section.list("subjects", "The only subjects accepted; by default any.");
        let scope_claim = section.text("scope_claim", Some("scope"), "The claim that holds the scopes.");
        let grants = read_grants(&mut section);
        Some(Self {
            name: name.to_owned(),
            issuer,
            audience,
            key: key?,
            algorithms: algorithms.unwrap_or_default(),
            typ,
            subjects,
            scope_claim: scope_claim.unwrap_or_default(),
            grants,
        })
    }
}

fn read_key(section: &mut Section<'_, '_>) -> Option<KeySource> {
    let hmac = section.secret(
        "hmac_secret",
        SecretForm::Key,
        "A secret shared with one application (HS256, HS384, HS512).",
    );
    let public = section.secret_file(
        "public_key_file",
        SecretForm::Document,
        "One public key as PEM (RS, PS, ES or EdDSA).",
    );
    let jwks = section.secret_file("jwks_file", SecretForm::Document, "A JSON Web Key Set.");
    let url = read_jwks_url(section);
    let mut sources = [
        hmac.map(KeySource::HmacSecret),
        public.map(KeySource::PublicKey),
        jwks.map(KeySource::Jwks),
        url.map(KeySource::JwksUrl),
    ]
    .into_iter()
    .flatten();
    let key = sources.next();
    let given = ["hmac_secret_file", "hmac_secret", "public_key_file", "jwks_file", "jwks_url"]
        .into_iter()
        .filter(|name| section.reader.entries.0.contains_key(&section.key(name)))
        .count();
    if given == 0 {
        let message = "one of jwks_url, jwks_file, public_key_file and hmac_secret_file must be set";
        section.missing("jwks_url", message);
    } else if sources.next().is_some() {
        let message = "only one of jwks_url, jwks_file, public_key_file and hmac_secret_file may be set";
        section.missing("jwks_url", message);
    }
    key
}

fn read_jwks_url(section: &mut Section<'_, '_>) -> Option<Arc<JwksUrlSettings>> {
    let url = section.parsed(
        "jwks_url",
        None,
        "an https URL without user and fragment (http for loopback)",
        |url: &Url| is_https_or_loopback(url) && url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
        "The issuer's own address of its JSON Web Key Set, asked every 30 seconds to 10 minutes as its `Cache-Control` says (5 minutes without).",
    );
    let ca = section.secret_file(
        "ca_file",
        SecretForm::Document,
        "Certificates (PEM) to trust for `jwks_url` in place of the system's.",
    );
    let bearer_token = section.secret_file(
        "bearer_token_file",
        SecretForm::Token,
        "A token sent to `jwks_url`, such as a pod's own for the keys of its cluster.",
    );
    for (name, given) in [("ca_file", ca.is_some()), ("bearer_token_file", bearer_token.is_some())] {
        if given && url.is_none() {
            section.missing(name, "it needs a `jwks_url`");
        }
    }
    let key = section.key("jwks_url");
    url.map(|url| Arc::new(JwksUrlSettings { key, url, ca, bearer_token }))
}

fn read_grants(section: &mut Section<'_, '_>) -> Vec<GrantSettings> {
    let places = section.reader.places_below(&section.key("grants"));
    places.iter().map(|index| GrantSettings::read(section, index)).collect()
}

impl GrantSettings {
    pub(super) fn read(issuer: &mut Section<'_, '_>, index: &str) -> Self {
        let prefix = issuer.key(&format!("grants.{index}"));
        let mut section = issuer.reader.section(&prefix);
        let subject = section.required_text("sub", "The subject that a grant is for.");
        let scope_names = section.list("scopes", "The scopes granted.").unwrap_or_default();
        let group_names = section.list("groups", "The groups they hold for; `[\"*\"]` is every group.");
        let scopes = scope_names.iter().filter_map(|name| Scope::from_name(name)).collect();
        if scope_names.iter().any(|name| Scope::from_name(name).is_none()) {
            section.missing("scopes", "the scopes are `join_requests:read` and `join_requests:decide`");
        }
        let group_names = group_names.unwrap_or_default();
        let groups = if group_names == ["*"] {
            GroupAccess::All
        } else {
            GroupAccess::Only(group_names.iter().filter_map(|name| GroupId::parse(name).ok()).collect())
        };
        if group_names != ["*"] && group_names.iter().any(|name| GroupId::parse(name).is_err()) {
            section.missing("groups", "a list of group ids, or [\"*\"] alone");
        }
        Self { subject, rights: Rights { scopes, groups } }
    }
}
