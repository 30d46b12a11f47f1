//! What is remembered beyond one request: what Graph did with which id.
//!
//! All of it is a help, none of it a condition: where the store fails, an id that could be `already_approved` is `gone`.

use std::sync::Arc;

use jiff::Timestamp;

use super::{ErrorClass, Outcome};
use crate::domain::{Action, Deadline, GroupId, JoinRequestId};
use crate::store::Store;

/// Ids handed to the store at once.
const AT_ONCE: usize = 1024;

/// Writes and reads what is remembered.
#[derive(Debug)]
pub(super) struct Recollection(Arc<Store>);

impl Recollection {
    pub(super) const fn new(store: Arc<Store>) -> Self {
        Self(store)
    }

    /// A walk that began at `as_of` saw these open: whatever was done with them before is history.
    pub(super) async fn saw_open(
        &self,
        group: &GroupId,
        ids: impl Iterator<Item = &JoinRequestId>,
        as_of: Timestamp,
        until: Deadline,
    ) {
        let ids = ids.collect::<Vec<_>>();
        for ids in ids.chunks(AT_ONCE) {
            note(self.0.forget(group, ids, as_of, until).await);
        }
    }

    /// Remembers what Graph says that it did.
    pub(super) async fn remember(
        &self,
        group: &GroupId,
        action: Action,
        outcomes: impl Iterator<Item = (&JoinRequestId, &Outcome)>,
        until: Deadline,
    ) {
        let done = outcomes.filter(|(_, outcome)| matches!(outcome, Outcome::Decided(_)));
        let ids = done.map(|(id, _)| id).collect::<Vec<_>>();
        if !ids.is_empty() {
            note(self.0.remember(group, &ids, action, Timestamp::now(), until).await);
        }
    }

    /// Where Graph says that an id is not open: `already_…` if it did the same before, as far as remembered.
    pub(super) async fn explain_gone(
        &self,
        group: &GroupId,
        action: Action,
        mut outcomes: Vec<(&JoinRequestId, &mut Outcome)>,
        until: Deadline,
    ) {
        outcomes.retain(|(_, outcome)| is_gone(outcome));
        for outcomes in outcomes.chunks_mut(AT_ONCE) {
            let ids = outcomes.iter().map(|(id, _)| *id).collect::<Vec<_>>();
            let Some(remembered) = note(self.0.recall(group, &ids, until).await) else { return };
            for ((_, outcome), remembered) in outcomes.iter_mut().zip(remembered) {
                if let Some(remembered) = remembered.filter(|remembered| remembered.action == action) {
                    **outcome = Outcome::Already { action, at: remembered.at };
                }
            }
        }
    }
}

/// Graph's own word that the id is not open, or a complete walk's.
fn is_gone(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Gone(refusal) => {
            refusal.as_ref().is_none_or(|refusal| refusal.class == ErrorClass::RequestGone)
        }
        Outcome::Decided(_)
        | Outcome::Already { .. }
        | Outcome::Failed(_)
        | Outcome::NotSent(_)
        | Outcome::Unknown { .. }
        | Outcome::WouldSend => false,
    }
}

fn note<T, E: std::fmt::Display>(result: Result<T, E>) -> Option<T> {
    result.map_err(|error| tracing::debug!(%error, "something could not be remembered")).ok()
}
