//! Looks after Meta's tokens: whether one that Graph has refused is taken again, and when they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::GraphClient;
use super::credential::TokensAsked;
use super::token::TokenExamined;

/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// After a refusal Graph is asked about the token after this, doubled each time up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_mins(5);
/// How long one question may take, waiting for limits included.
const DEADLINE: Duration = Duration::from_secs(10);

/// Goes on for as long as it is polled. With `every` all tokens are examined so often, otherwise only refused ones.
pub async fn watch_tokens(graph: Arc<GraphClient>, every: Option<Duration>) {
    let mut generation = graph.token_generation();
    let mut wait = FIRST;
    let mut refused_since: Option<Instant> = None;
    let mut examined = every.map(|_| None::<Instant>);
    loop {
        tokio::time::sleep(TICK).await;
        let changed = std::mem::replace(&mut generation, graph.token_generation()) != generation;
        let refused = graph.has_refused_token();
        match (refused, refused_since) {
            (false, _) => (refused_since, wait) = (None, FIRST),
            (true, None) => refused_since = Some(Instant::now()),
            (true, Some(since)) if since.elapsed() >= wait => {
                let mut examined = graph.examine_tokens(TokensAsked::Refused, DEADLINE).await;
                // That Graph refuses it still is no news.
                examined.retain(|token| !token.result.as_ref().is_ok_and(|state| !state.valid));
                tell(&examined);
                (refused_since, wait) = (Some(Instant::now()), LONGEST.min(wait * 2));
            }
            (true, Some(_)) => (),
        }
        if let (Some(last), Some(every)) = (&mut examined, every)
            && (changed || last.is_none_or(|last| last.elapsed() >= every))
        {
            tell(&graph.examine_tokens(TokensAsked::All, DEADLINE).await);
            *last = Some(Instant::now());
        } else if changed {
            // A new token is asked about once, so that the alarm does not wait for the next caller.
            tell(&graph.examine_tokens(TokensAsked::All, DEADLINE).await);
        }
    }
}

fn tell(examined: &[TokenExamined]) {
    for TokenExamined { name, result } in examined {
        match result {
            Ok(state) if state.valid => tracing::info!(token = name, "Graph takes the token"),
            Ok(_) => tracing::error!(token = name, "Graph does not take the token: somebody must renew it"),
            Err(error) => tracing::warn!(
                token = name,
                reason = error.reason(),
                "Graph did not say what the token is worth"
            ),
        }
    }
}
