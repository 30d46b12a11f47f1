//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};

use crate::world::styles::Styles;

/// Settings of one sandbox. Take the default and change what matters.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Address to listen on; port 0 picks a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// The access token that is accepted, with both scopes; more can be added. Default `sandbox-token-not-real`.
    pub token: String,
    /// When set, every call must carry the matching `appsecret_proof`. Default none.
    pub app_secret: Option<String>,
    /// Requests per page when the caller states no `limit`; 1 to 1024. Default 25.
    pub page_size: usize,
    /// The version reported in `facebook-api-version`, whichever one is asked for. Default `v23.0`.
    pub version: String,
    /// How answers look at first; settable later, too. Default: as Meta's reference has it.
    pub styles: Styles,
    /// Where chance begins: the same seed and the same calls give the same faults and latencies. Default 0.
    pub seed: u64,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: "sandbox-token-not-real".to_owned(),
            app_secret: None,
            page_size: 25,
            version: "v23.0".to_owned(),
            styles: Styles::default(),
            seed: 0,
        }
    }
}
