//! One connection to Redis: how it is opened, and whether what it leads to can be used.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError,
    ServerErrorKind, TlsCertificates,
};

use crate::config::{RedisSettings, Secret};
use crate::store::answer::StoreUnavailable;

/// How long opening may take: name, connection, TLS, password.
const OPEN_TIMEOUT: Duration = Duration::from_secs(1);
/// How long Redis may take to say how it is set up.
const LOOK_TIMEOUT: Duration = Duration::from_millis(500);
/// Most operations under way on the connection; more wait their turn, within their own bound.
const MOST_AT_ONCE: usize = 256;

/// What stands in the way of using Redis.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    #[error("Redis cannot be used: {0}")]
    Failed(#[from] RedisError),
    #[error("Redis did not answer in time")]
    TimedOut,
    #[error("Redis would drop entries by itself: its maxmemory-policy is `{0}` and must be `noeviction`")]
    Evicting(String),
}

impl Obstacle {
    pub(super) const fn seen_by_operations(&self) -> StoreUnavailable {
        match self {
            Self::Failed(_) | Self::TimedOut => StoreUnavailable::NoConnection,
            Self::Evicting(_) => StoreUnavailable::Evicting,
        }
    }
}

/// Whether Redis keeps everything until its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eviction {
    /// It does.
    Never,
    /// This user may not ask.
    NotKnown,
}

/// The settings in the form that the library wants, with the password and the certificates of this moment.
pub(super) fn client(settings: &RedisSettings) -> Result<Client, RedisError> {
    let info = settings.url.as_str().into_connection_info()?;
    let mut user = info.redis_settings().clone();
    if let Some(password) = &settings.password {
        user = user.set_password(password.current().expose_text());
    }
    let tcp = TcpSettings::default().set_nodelay(true);
    let info: ConnectionInfo = info.set_tcp_settings(tcp).set_redis_settings(user);
    match &settings.ca {
        Some(ca) => {
            let root_cert = Some(ca.current().expose().to_vec());
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
        }
        None => Client::open(info),
    }
}

/// A fresh connection, before anything is known about what it leads to.
pub(super) async fn open(settings: &RedisSettings) -> Result<MultiplexedConnection, Obstacle> {
    let client = client(settings)?;
    // Each operation has its own bound.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_concurrency_limit(MOST_AT_ONCE);
    let opening = client.get_multiplexed_async_connection_with_config(&config);
    let opened = tokio::time::timeout(OPEN_TIMEOUT, Box::pin(opening)).await;
    Ok(opened.map_err(|_elapsed| Obstacle::TimedOut)??)
}

/// Asks Redis how it is set up: an answer shows that it is there, too.
pub(super) async fn examine(mut connection: MultiplexedConnection) -> Result<Eviction, Obstacle> {
    let mut question = redis::cmd("INFO");
    question.arg("memory");
    let asked = tokio::time::timeout(LOOK_TIMEOUT, question.query_async::<String>(&mut connection)).await;
    let answer = match asked.map_err(|_elapsed| Obstacle::TimedOut)? {
        Ok(answer) => answer,
        Err(error) if may_not_ask(&error) => return Ok(Eviction::NotKnown),
        Err(error) => return Err(Obstacle::Failed(error)),
    };
    match answer.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")) {
        Some("noeviction") => Ok(Eviction::Never),
        Some(other) => Err(Obstacle::Evicting(other.to_owned())),
        None => Ok(Eviction::NotKnown),
    }
}

fn may_not_ask(error: &RedisError) -> bool {
    let kind = error.kind();
    kind == ErrorKind::Server(ServerErrorKind::NoPerm)
        || kind == ErrorKind::Server(ServerErrorKind::ResponseError)
}

/// Changes whenever the files behind the settings do.
pub(super) fn generation(settings: &RedisSettings) -> u64 {
    let of = |secret: &Option<std::sync::Arc<Secret>>| {
        secret.as_ref().map_or(0, |secret| secret.current().generation)
    };
    // Both only grow.
    of(&settings.password) + of(&settings.ca)
}
