//! `POST` approves and `DELETE` rejects: each id on its own, in the caller's order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::graph::body;
use crate::graph::call::Call;
use crate::graph::error::{self, GraphError};
use crate::world::executions::Intent;
use crate::world::faults::Effect;
use crate::world::verb::Decision;
use crate::world::{ItemResult, Shared, World};

/// Decides as far as the effect goes, and answers for the ids that it covers.
pub(crate) fn answer(
    shared: &Shared,
    world: &mut World,
    group: &str,
    decision: Decision,
    call: &Call,
) -> Result<Value, GraphError> {
    let ids = body::join_requests(call)?;
    let effect = call.met.fault.effect;
    let ids = effect.covered(&ids).to_vec();
    let intent = Intent { call: call.sequence, group: group.to_owned(), decision, ids };
    let results = match effect {
        Effect::Now | Effect::Never | Effect::Half => world.execute(&intent),
        Effect::Late { after_ms } => {
            execute_later(shared.clone(), call.sequence, Duration::from_millis(after_ms));
            promise(world, intent)
        }
        Effect::WhenReleased => promise(world, intent),
    };
    Ok(lists(decision, results))
}

fn promise(world: &mut World, intent: Intent) -> Vec<ItemResult> {
    let results = world.preview(&intent);
    world.hold(intent);
    results
}

fn execute_later(shared: Shared, call: u64, after: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "it happens whether or not anybody waits for it; the fault's bound ends it"
    )]
    let later = actix_web::rt::spawn(async move {
        tokio::time::sleep(after).await;
        let mut world = shared.lock();
        if let Some(intent) = world.held.take(call) {
            world.execute(&intent);
        }
    });
    drop(later);
}

/// The lists of what was done and what was not; the lists of trouble only when there is some.
fn lists(decision: Decision, results: Vec<ItemResult>) -> Value {
    let mut done = Vec::new();
    let mut failed = Vec::new();
    let mut codes = Vec::new();
    for (id, result) in results {
        match result {
            Ok(()) => done.push(id),
            Err(code) => {
                failed.push(json!({"join_request_id": id, "errors": [error::item(code)]}));
                if !codes.contains(&code) {
                    codes.push(code);
                }
            }
        }
    }
    let list = match decision {
        Decision::Approve => "approved_join_requests",
        Decision::Reject => "rejected_join_requests",
    };
    let mut answer = json!({"messaging_product": "whatsapp", list: done});
    if let Some(fields) = answer.as_object_mut()
        && !failed.is_empty()
    {
        fields.insert("failed_join_requests".to_owned(), Value::Array(failed));
        fields.insert("errors".to_owned(), codes.into_iter().map(error::item).collect());
    }
    answer
}
