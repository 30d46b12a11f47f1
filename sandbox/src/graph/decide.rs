//! `POST` approves and `DELETE` rejects: each id on its own, in the caller's order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::codes;
use crate::codes::PARTIAL;
use crate::graph::answer::Success;
use crate::graph::body;
use crate::graph::call::Call;
use crate::graph::error::{self, GraphError};
use crate::world::executions::Intent;
use crate::world::faults::Effect;
use crate::world::styles::{DecisionStyle, PartialStyle, RefusalStyle};
use crate::world::verb::Decision;
use crate::world::{ItemResult, Shared, World};

/// Decides as far as the effect goes, and answers for the ids that it covers.
pub(crate) fn answer(
    shared: &Shared,
    world: &mut World,
    group: &str,
    decision: Decision,
    call: &Call,
) -> Result<Success, GraphError> {
    let ids = body::join_requests(call)?;
    let effect = call.met.fault.effect;
    let ids = effect.covered(&ids).to_vec();
    let intent = Intent { call: call.sequence, group: group.to_owned(), decision, ids };
    if world.styles.refusals == RefusalStyle::WholeCall {
        refuse_whole_call(&world.preview(&intent))?;
    }
    let results = match effect {
        Effect::Now | Effect::Never | Effect::Half => world.execute(&intent),
        Effect::Late { after_ms } => {
            execute_later(shared.clone(), call.sequence, Duration::from_millis(after_ms));
            promise(world, intent)
        }
        Effect::WhenReleased => promise(world, intent),
    };
    Ok(match world.styles.decisions {
        DecisionStyle::Lists => lists(decision, results, world),
        DecisionStyle::RequestId => {
            let request_id = world.numbers.trace();
            json!({"messaging_product": "whatsapp", "request_id": request_id}).into()
        }
    })
}

/// The refusal of the whole call for the first item that no place or no open request is found for.
fn refuse_whole_call(results: &[ItemResult]) -> Result<(), GraphError> {
    let code = results.iter().find_map(|(_, result)| {
        result.err().filter(|code| [codes::GROUP_FULL, codes::UNKNOWN_REQUEST].contains(code))
    });
    code.map_or(Ok(()), |code| Err(GraphError::of(code)))
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
fn lists(decision: Decision, results: Vec<ItemResult>, world: &mut World) -> Success {
    let styles = world.styles;
    let mut done = Vec::new();
    let mut failed = Vec::new();
    let mut codes = Vec::new();
    for (id, result) in results {
        match result {
            Ok(()) => done.push(id),
            Err(code) => {
                failed.push(json!({"join_request_id": id, "errors": [error::item(code, styles)]}));
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
    if failed.is_empty() {
        return answer.into();
    }
    let status = match styles.partial {
        PartialStyle::Ok200 => 200,
        PartialStyle::Partial206 => 206,
        PartialStyle::BadRequest400 => 400,
    };
    if let Some(fields) = answer.as_object_mut() {
        let errors = codes.into_iter().map(|code| error::item(code, styles)).collect();
        fields.insert("failed_join_requests".to_owned(), Value::Array(failed));
        fields.insert("errors".to_owned(), errors);
        if let Value::Object(envelope) = GraphError::of(PARTIAL).body(&world.numbers.trace(), styles)
            && styles.partial != PartialStyle::Ok200
        {
            fields.extend(envelope);
        }
    }
    Success { status, body: answer }
}
