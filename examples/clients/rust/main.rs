//! Lists a group's open join requests, approves two ids, and says what to do about each outcome. Then sends the same
//! decision again. Plain reqwest and serde, nothing of the gateway.
//!
//! GATEWAY, TOKEN and GROUP come from the environment. No id is printed: it contains the person's phone number.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an application: the gateway's rules are not for it"
)]

use std::env::var;
use std::error::Error;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

#[derive(Deserialize)]
struct List {
    join_requests: Vec<JoinRequest>,
}

#[derive(Deserialize)]
struct JoinRequest {
    id: String,
}

#[derive(Deserialize)]
struct Decision {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    /// A string, not an enumeration: it may gain values within v1.
    outcome: String,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    title: String,
    retryable: bool,
    request_id: Option<String>,
}

/// What to do about one id. Whatever is not known here is `unknown`.
fn next_step(result: &Outcome) -> String {
    match (result.outcome.as_str(), &result.problem) {
        ("approved" | "rejected" | "already_approved" | "already_rejected", _) => "done".to_owned(),
        ("gone", _) => "nothing to do: not open any more".to_owned(),
        ("failed", Some(problem)) if problem.retryable => "send it again later".to_owned(),
        ("failed", Some(problem)) => format!("give up: {}", problem.code),
        ("not_sent", _) => "send it again, with the same Idempotency-Key".to_owned(),
        _ => "not known: send it again with the same Idempotency-Key, or list the group".to_owned(),
    }
}

/// The body of an answer that is no problem. Of a decision, a problem means that nothing was executed unless `executed`
/// says `unknown`.
async fn expect<T: DeserializeOwned>(response: Response) -> Result<T, Box<dyn Error>> {
    let (failed, retry_after) = (response.status().as_u16() >= 400, header(&response, "retry-after"));
    let bytes = response.bytes().await?;
    if failed {
        let problem = serde_json::from_slice::<Problem>(&bytes)?;
        let again = retry_after.filter(|_| problem.retryable).map(|wait| format!(", again in {wait} s"));
        let request = problem.request_id.unwrap_or_default();
        let Problem { code, title, .. } = problem;
        return Err(format!("{code}: {title} (request {request}{})", again.unwrap_or_default()).into());
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let requests = format!("{}/v1/groups/{}/join-requests", var("GATEWAY")?, var("GROUP")?);
    // Longer than the gateway's own deadline, so that its answer is what ends the wait.
    let client = Client::builder().timeout(Duration::from_secs(20)).build()?;
    let token = var("TOKEN")?;
    let request =
        |method: Method, url: String| -> RequestBuilder { client.request(method, url).bearer_auth(&token) };

    let list = request(Method::GET, requests.clone()).header("cache-control", "max-age=2").send().await?;
    let open = expect::<List>(list).await?.join_requests;
    println!("open: {}", open.len());
    let first = open.first().ok_or("nobody waits")?;
    // The second one stands for a request that was withdrawn in the meantime.
    let body = json!({ "join_request_ids": [first.id, "bm9ib2R5"], "reason": "example" }).to_string();
    // One key for the decision, and the same for its repeats: kept with the decision, not made anew for each attempt.
    let key = uuid::Uuid::now_v7().to_string();

    for attempt in ["first", "repeat"] {
        let approve = request(Method::POST, format!("{requests}/approve"));
        let approve = approve.header("idempotency-key", &key).header("content-type", "application/json");
        let response = approve.body(body.clone()).send().await?;
        // 200 when every id ended as asked, 207 when any did not: the results tell, not the status.
        let replayed = header(&response, "idempotency-replayed").map_or("", |_| ", from the record");
        println!("{attempt}: {}{replayed}", response.status().as_u16());
        for (index, result) in expect::<Decision>(response).await?.results.iter().enumerate() {
            println!("  {}. {}: {}", index + 1, result.outcome, next_step(result));
        }
    }
    Ok(())
}
