//! A gateway for one case.

use std::time::Duration;

use joingate::app::App;
use joingate::config::{Environment, Settings};

use super::case::{Asked, IDS};
use crate::support::{Answer, Client, DECIDE, READ, settings_for, token};

pub(super) const GROUP: &str = "Y2FwaTox";
/// Longer than any deadline of the gateway.
const PATIENCE: Duration = Duration::from_secs(25);

/// A gateway of its own: what one answer of Graph does to the calls after it must not reach other cases.
pub(super) struct Gateway {
    app: App,
    pub(super) caller: Client,
}

impl Gateway {
    pub(super) async fn start(upstream: &str, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| (format!("JOINGATE_{name}"), (*value).to_owned()));
        // No wait that Graph asks for is short enough to be waited for: what is seen is the answer to it.
        let no_wait = [("JOINGATE_LIMITS__MAX_WAIT".to_owned(), "0s".to_owned())];
        let settings = settings_for(upstream).into_iter().chain(no_wait).chain(settings);
        let environment = Environment::from_pairs(settings);
        let app = App::start(Settings::load(None, &environment).unwrap(), std::io::sink()).await.unwrap();
        let url = format!("http://{}", app.api_address());
        let token = token("moderator", &format!("{READ} {DECIDE}"), Some("*"));
        Self { app, caller: Client::new(url, Some(token)) }
    }

    pub(super) async fn ask(&self, asked: Asked) -> Answer {
        let answer = async {
            match asked {
                Asked::List => self.caller.list(GROUP).await,
                Asked::Approve => self.caller.approve(GROUP, &IDS).await,
                Asked::Reject => self.caller.reject(GROUP, &IDS).await,
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.expect("no answer came")
    }

    pub(super) async fn stop(self) {
        self.app.shut_down().await;
    }
}
