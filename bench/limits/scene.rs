//! A fresh simulated Graph, and gateways in front of it.

use joingate_sandbox::{Control, GroupSpec, RunningSandbox, Sandbox, SandboxOptions};

use crate::gateway::Gateway;
use crate::identity::GRAPH_TOKEN;
use crate::{Fallible, identity};

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
        let named = identity::settings(&sandbox.base_url(), settings);
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
