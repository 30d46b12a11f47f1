//! A fresh simulated Graph, and gateways in front of it.

use std::time::Duration;

use jiff::Timestamp;
use joingate::cli::token::{SigningKey, TokenContents, mint_token};
use joingate_sandbox::{Control, GroupSpec, RunningSandbox, Sandbox, SandboxOptions};

use crate::Fallible;
use crate::gateway::Gateway;

const ISSUER: &str = "https://issuer.bench.invalid";
const AUDIENCE: &str = "joingate";
const SECRET: &str = "a-secret-that-only-the-bench-knows";
const GRAPH_TOKEN: &str = "graph-token-of-the-bench";

#[derive(Debug)]
pub(crate) struct Scene {
    sandbox: RunningSandbox,
    pub(crate) gateways: Vec<Gateway>,
}

impl Scene {
    /// Starts so many replicas with these settings, of which the names stand without their prefix.
    pub(crate) async fn set(replicas: usize, settings: &[(&str, &str)]) -> Fallible<Self> {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await?;
        let base = sandbox.base_url();
        let common = [
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
            ("SERVER__DRAIN_DELAY", "0s"),
            ("SERVER__SECRET_KEY", SECRET),
            ("AUTH__ISSUERS__BENCH__ISSUER", ISSUER),
            ("AUTH__ISSUERS__BENCH__AUDIENCE", AUDIENCE),
            ("AUTH__ISSUERS__BENCH__HMAC_SECRET", SECRET),
            ("GRAPH__BASE_URL", base.as_str()),
            ("GRAPH__TOKEN", GRAPH_TOKEN),
        ];
        let named = common
            .iter()
            .chain(settings)
            .map(|(name, value)| (format!("JOINGATE_{name}"), (*value).to_owned()));
        let named = named.collect::<Vec<_>>();
        let gateways = (0..replicas).map(|_| Gateway::start(&named)).collect::<Fallible<_>>()?;
        Ok(Self { sandbox, gateways })
    }

    /// The handle of the simulated Graph.
    pub(crate) fn graph(&self) -> &Control {
        self.sandbox.control()
    }

    /// Calls that Graph has received. It keeps only the last of them, but numbers them all.
    pub(crate) fn calls(&self) -> u64 {
        self.graph().calls().last().map_or(0, |call| call.sequence)
    }

    /// Groups in which nobody asks to join.
    pub(crate) fn groups(&self, count: usize) -> Fallible<Vec<String>> {
        (0..count).map(|_| Ok(self.graph().create_group(GroupSpec::default())?)).collect()
    }

    pub(crate) async fn end(self) {
        drop(self.gateways);
        self.sandbox.stop().await;
    }
}

/// A token of somebody who may do everything.
pub(crate) fn token(subject: &str) -> Fallible<String> {
    let key = SigningKey::from_bytes(SECRET.as_bytes(), None)?;
    let contents = TokenContents {
        issuer: ISSUER,
        audience: AUDIENCE,
        subject,
        scope: "join_requests:read join_requests:decide",
        groups: Some("*"),
        ttl: Duration::from_hours(1),
        kid: None,
        issued_at: Timestamp::now(),
    };
    Ok(mint_token(&key, &contents)?)
}
