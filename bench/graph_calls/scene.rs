//! A fresh simulated Graph with the gateway, or the proxy, before it.

use joingate::app::App;
use joingate::config::{Environment, Settings};
use joingate_sandbox::{Control, GroupSpec, Latency, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};

use crate::Fallible;
use crate::caller::Caller;
use crate::haproxy::HaProxy;
use crate::identity::{GRAPH_TOKEN, settings, token};

const LATENCY: Latency = Latency::LogNormal { median_ms: 150, p99_ms: 600 };
/// With what comes in the course of a measurement a list still is one page.
const REQUESTS_PER_GROUP: usize = 5;
/// Nobody is refused for want of room: their requests would fill page after page.
const CAPACITY: usize = 10_000;

/// What callers talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Gateway,
    Proxy,
}

impl Way {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "the gateway",
            Self::Proxy => "one-to-one proxy",
        }
    }
}

#[derive(Debug)]
enum Front {
    Gateway(Box<App>),
    Proxy(HaProxy),
}

#[derive(Debug)]
pub(crate) struct Scene {
    sandbox: RunningSandbox,
    front: Front,
    groups: Vec<String>,
}

impl Scene {
    /// Starts everything. The seed is that of Graph's latencies.
    pub(crate) async fn set(way: Way, groups: usize, seed: u64) -> Fallible<Self> {
        Self::set_with(way, groups, seed, &FREE).await
    }

    /// The same, with limits of its own for the gateway; the last of several counts.
    pub(crate) async fn set_with(
        way: Way,
        groups: usize,
        seed: u64,
        limits: &[(&str, &str)],
    ) -> Fallible<Self> {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), seed, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await?;
        sandbox.control().set_latency(LATENCY)?;
        let groups = (0..groups).map(|_| seed_group(sandbox.control())).collect::<Fallible<_>>()?;
        let front = match way {
            Way::Gateway => {
                let settings =
                    Settings::load(None, &Environment::from_pairs(settings(&sandbox.base_url(), limits)))?;
                Front::Gateway(Box::new(App::start(settings, std::io::sink()).await?))
            }
            Way::Proxy => Front::Proxy(HaProxy::start(sandbox.addr(), GRAPH_TOKEN)?),
        };
        Ok(Self { sandbox, front, groups })
    }

    pub(crate) fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Somebody who may read everywhere.
    pub(crate) fn caller(&self, subject: &str) -> Fallible<Caller> {
        let base = match &self.front {
            Front::Gateway(app) => format!("http://{}", app.api_address()),
            Front::Proxy(proxy) => proxy.url(),
        };
        Caller::new(base, token(subject)?)
    }

    /// A path that is answered without Graph.
    pub(crate) const fn own_path(&self) -> &'static str {
        match self.front {
            Front::Gateway(_) => "/problems/gone",
            Front::Proxy(_) => "/connect",
        }
    }

    /// The handle of the simulated Graph.
    pub(crate) fn graph(&self) -> &Control {
        self.sandbox.control()
    }

    /// Calls that Graph has received. It keeps only the last of them, but numbers them all.
    pub(crate) fn calls(&self) -> u64 {
        self.graph().calls().last().map_or(0, |call| call.sequence)
    }

    pub(crate) async fn end(self) {
        match self.front {
            Front::Gateway(app) => app.shut_down().await,
            Front::Proxy(proxy) => drop(proxy),
        }
        self.sandbox.stop().await;
    }
}

fn seed_group(control: &Control) -> Fallible<String> {
    let group = control.create_group(GroupSpec { capacity: CAPACITY, ..GroupSpec::default() })?;
    for _ in 0..REQUESTS_PER_GROUP {
        control.add_request(&group, RequestSpec::default())?;
    }
    Ok(group)
}

/// Limits so high that none is met: what is measured is sharing, not waiting.
pub(crate) const FREE: [(&str, &str); 5] = [
    ("LIMITS__CALLER", "10000/s"),
    ("LIMITS__CALLER_BURST", "10000"),
    ("LIMITS__GRAPH", "10000/s"),
    ("LIMITS__GRAPH_BURST", "10000"),
    ("LIMITS__GRAPH_MAX_CONCURRENCY", "1024"),
];
