//! The store of all replicas: Redis.

mod connection;
mod keys;
mod limits;
mod link;
mod scripts;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use redis::{ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};
use tracing::Instrument;

use self::connection::{Obstacle, client};
use self::link::Link;
use self::scripts::Scripts;
use super::answer::{Claimed, Ownership, Remembered, StoreError, StoreUnavailable};
use super::digests::{Fingerprint, GroupDigest, IdDigest, OwnerId, RecordKey};
use crate::config::{IdempotencySettings, RedisSettings};
use crate::domain::{Action, Deadline};
use crate::telemetry::{Metrics, spans};

/// How long one operation may take. Nobody waits longer for Redis.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a mark is kept: far longer than any copy of a list. One that ended is made anew and differs.
const MARK_KEPT: Duration = Duration::from_hours(1);

/// State in Redis, over one connection.
pub(super) struct SharedStore {
    link: Link,
    scripts: Scripts,
    times: IdempotencySettings,
}

impl SharedStore {
    /// Connects once, to find settings that can never work; a Redis that is not there may come later.
    pub(super) async fn connect(
        redis: RedisSettings,
        times: IdempotencySettings,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        client(&redis).map_err(|error| StoreError::Settings(error.to_string()))?;
        let link = Link::new(redis, metrics);
        match link.look().await {
            Ok(()) | Err(Obstacle::Failed(_) | Obstacle::TimedOut) => (),
            Err(Obstacle::Evicting(policy)) => return Err(StoreError::Evicting(policy)),
        }
        Ok(Self { link, scripts: Scripts::new(), times })
    }

    pub(super) fn connection_number(&self) -> u64 {
        self.link.connection_number()
    }

    pub(super) async fn keep_connected(&self) {
        self.link.keep().await;
    }

    pub(super) async fn claim(
        &self,
        key: &RecordKey,
        fingerprint: &Fingerprint,
        owner: &OwnerId,
        lease: Duration,
        until: Deadline,
    ) -> Result<Claimed, StoreUnavailable> {
        let mut call = self.scripts.claim.key(keys::record(key));
        call.arg(fingerprint.to_string()).arg(owner.to_string());
        call.arg(milliseconds(lease)).arg(milliseconds(self.times.ttl));
        let (word, content, time) = self.run::<(String, Vec<u8>, u64)>(&call, until).await?;
        let time = Duration::from_millis(time);
        match word.as_str() {
            "other" => Ok(Claimed::OtherFingerprint),
            "ours" if content.is_empty() => Ok(Claimed::New),
            "ours" => Ok(Claimed::Resumed { content, idle: time }),
            "busy" => Ok(Claimed::InProgress { retry_after: time }),
            _ => Err(unreadable()),
        }
    }

    pub(super) async fn save(
        &self,
        key: &RecordKey,
        owner: &OwnerId,
        content: &[u8],
        lease: Duration,
        until: Deadline,
    ) -> Result<Ownership, StoreUnavailable> {
        let mut call = self.scripts.write.key(keys::record(key));
        call.arg(owner.to_string()).arg(content).arg(owner.to_string());
        call.arg(milliseconds(lease)).arg(milliseconds(self.times.ttl));
        self.run(&call, until).await.map(held)
    }

    pub(super) async fn release(
        &self,
        key: &RecordKey,
        owner: &OwnerId,
        kept: Option<&[u8]>,
        until: Deadline,
    ) -> Result<Ownership, StoreUnavailable> {
        let script = if kept.is_some() { &self.scripts.write } else { &self.scripts.remove };
        let mut call = script.key(keys::record(key));
        call.arg(owner.to_string());
        if let Some(content) = kept {
            call.arg(content).arg("").arg(0).arg(milliseconds(self.times.ttl));
        }
        self.run(&call, until).await.map(held)
    }

    pub(super) async fn remember(
        &self,
        group: GroupDigest,
        ids: &[IdDigest],
        decided: Remembered,
        until: Deadline,
    ) -> Result<(), StoreUnavailable> {
        if ids.is_empty() || self.times.remember_decisions.is_zero() {
            return Ok(());
        }
        let mut call = self.scripts.remember.prepare_invoke();
        call.key(decision_keys(group, ids)).arg(letter(decided.action)).arg(decided.at.as_microsecond());
        call.arg(milliseconds(self.times.remember_decisions));
        self.run::<u8>(&call, until).await.map(drop)
    }

    pub(super) async fn recall(
        &self,
        group: GroupDigest,
        ids: &[IdDigest],
        until: Deadline,
    ) -> Result<Vec<Option<Remembered>>, StoreUnavailable> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = redis::cmd("MGET");
        call.arg(decision_keys(group, ids));
        let mut connection = self.link.connection()?;
        let texts = self.bounded(call.query_async::<Vec<Option<String>>>(&mut connection), until).await?;
        texts.iter().map(|text| text.as_deref().map(parse_decision).transpose()).collect()
    }

    pub(super) async fn forget(
        &self,
        group: GroupDigest,
        ids: &[IdDigest],
        as_of: Timestamp,
        until: Deadline,
    ) -> Result<(), StoreUnavailable> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut call = self.scripts.forget.prepare_invoke();
        call.key(decision_keys(group, ids)).arg(as_of.as_microsecond());
        self.run::<u8>(&call, until).await.map(drop)
    }

    pub(super) async fn mark(
        &self,
        group: GroupDigest,
        renew: bool,
        until: Deadline,
    ) -> Result<u64, StoreUnavailable> {
        let mut call = self.scripts.mark.key(keys::mark(group));
        call.arg(if renew { "renew" } else { "look" }).arg(milliseconds(MARK_KEPT));
        self.run(&call, until).await
    }

    async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
        until: Deadline,
    ) -> Result<T, StoreUnavailable> {
        let mut connection = self.link.connection()?;
        // In a place of its own: everything that may ask Redis would be a kilobyte larger, and waits without Redis, too.
        let invoked = Box::pin(call.invoke_async(&mut connection));
        self.bounded(invoked, until).await
    }

    /// Every operation's bound, whatever its deadline.
    async fn bounded<T>(
        &self,
        operation: impl Future<Output = Result<T, RedisError>>,
        until: Deadline,
    ) -> Result<T, StoreUnavailable> {
        if until.left().is_zero() {
            return Err(StoreUnavailable::TimedOut);
        }
        let end = until.capped(OPERATION_TIMEOUT).at();
        let span = spans::store();
        let answered = tokio::time::timeout_at(end.into(), operation).instrument(span.clone()).await;
        let result = match answered {
            Ok(answered) => answered.map_err(|error| self.explain(error)),
            Err(_elapsed) => {
                self.link.doubt();
                Err(StoreUnavailable::TimedOut)
            }
        };
        if result.is_err() {
            spans::failed(&span, "store_unavailable");
        }
        result
    }

    fn explain(&self, error: RedisError) -> StoreUnavailable {
        // A former primary answers every write so, and its name may lead to the new one by now.
        let read_only = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        if error.is_unrecoverable_error() || read_only {
            self.link.give_up(&Obstacle::Failed(error));
            return StoreUnavailable::NoConnection;
        }
        error.code().map_or_else(unreadable, |code| StoreUnavailable::Refused(code.to_owned()))
    }
}

fn decision_keys(group: GroupDigest, ids: &[IdDigest]) -> Vec<String> {
    ids.iter().map(|id| keys::decision(group, id)).collect()
}

const fn held(wrote: u8) -> Ownership {
    if wrote == 1 { Ownership::Held } else { Ownership::Lost }
}

/// At least one: Redis has no shorter time.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

const fn letter(action: Action) -> &'static str {
    match action {
        Action::Approve => "a",
        Action::Reject => "r",
    }
}

/// Reads `a1700000000000000`.
fn parse_decision(text: &str) -> Result<Remembered, StoreUnavailable> {
    let actions = [Action::Approve, Action::Reject];
    let parsed = actions.into_iter().find_map(|action| {
        let at = text.strip_prefix(letter(action))?.parse().ok()?;
        Some(Remembered { action, at: Timestamp::from_microsecond(at).ok()? })
    });
    parsed.ok_or_else(unreadable)
}

/// Something else wrote under our keys.
fn unreadable() -> StoreUnavailable {
    StoreUnavailable::Refused("unreadable".to_owned())
}
