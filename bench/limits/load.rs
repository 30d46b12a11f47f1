//! Applications that ask, each in its own way.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::Fallible;
use crate::identity::token;

/// One application with its connections.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What an application asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A list: one call of Graph.
    List,
    /// The rejection of one request that is not open: one call, too.
    Reject,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    /// 0 when there was no answer at all.
    pub(crate) status: u16,
    pub(crate) took: Duration,
}

impl Answered {
    /// Whether it did what was asked for.
    pub(crate) const fn is_good(self) -> bool {
        matches!(self.status, 200 | 207)
    }
}

impl Caller {
    pub(crate) fn new(base: &str, subject: &str) -> Fallible<Self> {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        // Plain HTTP: reading the system's certificates would only take time.
        let http = builder.tls_certs_only([]).timeout(Duration::from_secs(30)).build()?;
        Ok(Self { http, base: base.to_owned(), token: token(subject)? })
    }

    /// Asks once, and reads the answer to its end.
    pub(crate) async fn ask(&self, work: Work, group: &str) -> Answered {
        let path = format!("{}/v1/groups/{group}/join-requests", self.base);
        let request = match work {
            Work::List => self.http.get(path),
            Work::Reject => {
                let body = json!({ "join_request_ids": ["bm9ib2R5"] });
                let request = self.http.post(format!("{path}/reject"));
                request.header("content-type", "application/json").body(body.to_string())
            }
        };
        self.finish(request.bearer_auth(&self.token)).await
    }

    /// Asks for a path of any listener, without a token.
    pub(crate) async fn get(&self, url: &str) -> Answered {
        self.finish(self.http.get(url)).await
    }

    async fn finish(&self, request: reqwest::RequestBuilder) -> Answered {
        let began = Instant::now();
        let status = match request.send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                response.bytes().await.map_or(0, |_body| status)
            }
            Err(_no_answer) => 0,
        };
        Answered { status, took: began.elapsed() }
    }
}
