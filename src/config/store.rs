//! `[store]`: where replicas keep what they must agree on.

use std::sync::Arc;

use url::Url;

use super::secret::{Secret, SecretForm};
use super::section::{Choice, Section};

/// `[store]`
#[derive(Debug)]
pub struct StoreSettings {
    /// The Redis of all replicas; `None`: each keeps its own state in memory.
    pub redis: Option<RedisSettings>,
    /// What becomes of limits while Redis cannot be reached.
    pub on_failure: OnStoreFailure,
    /// Then, of the limits, what each replica keeps; 0.01 to 1.
    pub local_share: f64,
}

/// What becomes of limits while Redis cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStoreFailure {
    /// Each replica keeps its share of them.
    Local,
    /// Everything that is limited is refused.
    Deny,
}

impl Choice for OnStoreFailure {
    const WORDS: &'static [(&'static str, Self)] = &[("local", Self::Local), ("deny", Self::Deny)];
}

/// How Redis is reached.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// Host, port, user and database; never a password.
    pub url: Url,
    /// The password, if it has one. Read again when its file changes.
    pub password: Option<Arc<Secret>>,
    /// Certificates (PEM) to trust in place of the system's. Read again when the file changes.
    pub ca: Option<Arc<Secret>>,
}

impl StoreSettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let url = section.parsed(
            "redis_url",
            None,
            "a redis or rediss URL such as `rediss://user@redis.example.com:6379/0`, without a password",
            is_plain_redis,
            "The Redis that all replicas share; without it each keeps its state in memory. Its `maxmemory-policy` must be `noeviction`, and `server.secret_key_file` must be set.",
        );
        let ca = section.secret_file(
            "redis_ca_file",
            SecretForm::Document,
            "Certificates (PEM) to trust in place of the system's.",
        );
        let password = section.secret("redis_password", SecretForm::Token, "Redis' password.");
        if ca.is_some() && url.as_ref().is_none_or(|url: &Url| url.scheme() != "rediss") {
            section.missing("redis_ca_file", "it needs a `redis_url` that begins with `rediss://`");
        }
        let holds_certificate = |ca: &Arc<Secret>| {
            ca.current().expose().windows(BEGIN_CERTIFICATE.len()).any(|text| text == BEGIN_CERTIFICATE)
        };
        if ca.as_ref().is_some_and(|ca| !holds_certificate(ca)) {
            section.missing("redis_ca_file", "it holds no certificate in PEM form");
        }
        if password.is_some() && url.is_none() {
            section.missing("redis_password_file", "it needs a `redis_url`");
        }
        let on_failure = section.choice(
            "on_failure",
            OnStoreFailure::Local,
            "While Redis cannot be reached: each replica keeps `local_share` of the limits, or everything but docs is refused with 503. Decisions with an Idempotency-Key are refused either way.",
        );
        let local_share = section.share(
            "local_share",
            0.01,
            0.5,
            "What each replica keeps of the limits while Redis cannot be reached, such as 1 divided by the number of replicas.",
        );
        let redis = url.map(|url| RedisSettings { url, password, ca });
        Self { redis, on_failure, local_share: local_share.into() }
    }
}

const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn is_plain_redis(url: &Url) -> bool {
    let database = url.path().trim_start_matches('/');
    matches!(url.scheme(), "redis" | "rediss")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && (database.is_empty() || database.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_say_where_and_who_are_taken() {
        let taken = |text| Url::parse(text).is_ok_and(|url| is_plain_redis(&url));
        for text in ["redis://localhost", "rediss://user@redis.example.com:6380/15", "redis://[::1]:6379/"] {
            assert!(taken(text), "{text}");
        }
        for text in [
            "http://localhost",
            "redis://:password@localhost",
            "redis:///0",
            "redis://localhost/zero",
            "redis://localhost?protocol=resp3",
            "rediss://localhost/#insecure",
            "unix:///run/redis.sock",
        ] {
            assert!(!taken(text), "{text}");
        }
    }
}
