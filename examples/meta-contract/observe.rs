//! What the gateway sends, taken down by the sandbox.

use std::error::Error;

use joingate::app::App;
use joingate::cli::token::{SigningKey, TokenContents, mint_token};
use joingate::config::{Environment, Settings};
use joingate_sandbox::{GroupSpec, RecordedCall, RequestSpec, Sandbox, SandboxOptions};

const TOKEN: &str = "made-up-graph-token";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ISSUER: &str = "https://issuer.invalid";

/// Lists over two pages, approves and rejects, with everything switched on that adds something to a call.
pub(crate) async fn calls_at_work() -> Result<Vec<RecordedCall>, Box<dyn Error>> {
    let sandbox =
        Sandbox::start(SandboxOptions { token: TOKEN.to_owned(), ..SandboxOptions::default() }).await?;
    let group = sandbox.control().create_group(GroupSpec::default())?;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(sandbox.control().add_request(&group, RequestSpec::default())?);
    }
    let base_url = sandbox.base_url();
    let settings = [
        ("SERVER__LISTEN", "127.0.0.1:0"),
        ("SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
        ("SERVER__DRAIN_DELAY", "0s"),
        ("SERVER__SECRET_KEY", SECRET),
        ("AUTH__ISSUERS__SELF__ISSUER", ISSUER),
        ("AUTH__ISSUERS__SELF__AUDIENCE", "joingate"),
        ("AUTH__ISSUERS__SELF__HMAC_SECRET", SECRET),
        ("GRAPH__BASE_URL", &base_url),
        ("GRAPH__TOKEN", TOKEN),
        ("GRAPH__APP_SECRET", SECRET),
        ("GRAPH__PAGE_SIZE", "1"),
    ];
    let settings = settings.map(|(name, value)| (format!("JOINGATE_{name}"), value.to_owned()));
    let settings = Settings::load(None, &Environment::from_pairs(settings))?;
    let app = App::start(settings, std::io::sink()).await?;
    let contents = TokenContents {
        issuer: ISSUER,
        audience: "joingate",
        subject: "meta-contract",
        scope: "join_requests:read join_requests:decide",
        groups: Some("*"),
        ttl: std::time::Duration::from_mins(5),
        kid: None,
        issued_at: jiff::Timestamp::now(),
    };
    let token = mint_token(&SigningKey::from_bytes(SECRET.as_bytes(), None)?, &contents)?;
    let at = format!("http://{}/v1/groups/{group}/join-requests", app.api_address());
    let (client, bearer) = (reqwest::Client::new(), format!("Bearer {token}"));
    let mut statuses = vec![client.get(&at).header("authorization", &bearer).send().await?.status()];
    for (verb, id) in ["approve", "reject"].iter().zip(&ids) {
        let body = serde_json::json!({ "join_request_ids": [id] }).to_string();
        let decision =
            client.post(format!("{at}/{verb}")).header("content-type", "application/json").body(body);
        statuses.push(decision.header("authorization", &bearer).send().await?.status());
    }
    let calls = sandbox.control().calls();
    app.shut_down().await;
    sandbox.stop().await;
    if statuses.iter().any(|status| status.as_u16() != 200) {
        return Err(format!("the gateway does not work in front of the sandbox: {statuses:?}").into());
    }
    Ok(calls)
}
