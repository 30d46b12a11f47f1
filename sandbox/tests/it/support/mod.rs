//! A running sandbox with one group, and a client that sends exactly what a test says.

mod wire;

pub(crate) use self::wire::{Reply, abandon, open, send, send_raw};

use std::time::Duration;

use joingate_sandbox::{Control, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};

/// Bearer header of the default token.
pub(crate) const BEARER: (&str, &str) = ("Authorization", "Bearer sandbox-token-not-real");
/// The only content type decisions may have.
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");
/// Id of the group every test starts with.
pub(crate) const GROUP: &str = "Y2FwTestGroup1";

/// One sandbox with the group [`GROUP`].
pub(crate) struct Edge {
    pub(crate) sandbox: RunningSandbox,
}

impl Edge {
    pub(crate) async fn start() -> Self {
        Self::with(SandboxOptions::default()).await
    }

    pub(crate) async fn with(options: SandboxOptions) -> Self {
        let sandbox = Sandbox::start(options).await.expect("a free port");
        let edge = Self { sandbox };
        edge.group(GroupSpec { id: Some(GROUP.to_owned()), ..GroupSpec::default() });
        edge
    }

    pub(crate) fn control(&self) -> &Control {
        self.sandbox.control()
    }

    pub(crate) fn group(&self, spec: GroupSpec) -> String {
        self.control().create_group(spec).expect("a new group")
    }

    /// Opens a number of requests in [`GROUP`].
    pub(crate) fn open(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.open_one(RequestSpec::default())).collect()
    }

    pub(crate) fn open_one(&self, spec: RequestSpec) -> String {
        self.control().add_request(GROUP, spec).expect("a new request")
    }

    /// Sends anything anywhere.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        send(self.sandbox.addr(), method, target, headers, body).await
    }

    /// Reads the list of [`GROUP`] with a query such as `?limit=2`.
    pub(crate) async fn list(&self, query: &str) -> Reply {
        self.send("GET", &format!("{}{query}", edge_of(GROUP)), &[BEARER], "").await
    }

    pub(crate) async fn approve(&self, ids: &[&str]) -> Reply {
        self.send("POST", &edge_of(GROUP), &[BEARER, JSON], &decision(ids)).await
    }

    pub(crate) async fn reject(&self, ids: &[&str]) -> Reply {
        self.send("DELETE", &edge_of(GROUP), &[BEARER, JSON], &decision(ids)).await
    }
}

/// Path of the join request edge of a group.
pub(crate) fn edge_of(group: &str) -> String {
    format!("/v23.0/{group}/join_requests")
}

/// The body of a decision.
pub(crate) fn decision(ids: &[&str]) -> String {
    serde_json::json!({"messaging_product": "whatsapp", "join_requests": ids}).to_string()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
