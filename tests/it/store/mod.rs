//! The store: the same promises in the memory of one process and in Redis.

mod limits;
mod promises;
mod redis;
pub(crate) mod state;

/// Runs each promise against each backend.
macro_rules! on_each_backend {
    ($($promise:ident),* $(,)?) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $promise() {
                super::promises::$promise(&super::state::State::Memory).await;
            })*
        }

        mod in_redis {
            $(#[tokio::test]
            async fn $promise() {
                let server = crate::support::RedisServer::start();
                super::promises::$promise(&super::state::State::Redis(server)).await;
            })*
        }

        /// A cluster refuses a script that touches two slots.
        #[tokio::test]
        async fn no_operation_touches_two_slots_of_a_cluster() {
            let state = state::State::Redis(crate::support::RedisServer::cluster());
            $(promises::$promise(&state).await;
            state.clear();)*
        }
    };
}

on_each_backend!(
    a_new_key_is_claimed_once_and_in_progress_for_everybody_else,
    of_fifty_claims_at_once_exactly_one_gets_the_key,
    a_claim_made_again_by_its_owner_is_the_same_claim,
    a_record_tells_how_long_ago_it_was_written_whoever_claimed_it_since,
    a_lease_that_ran_out_is_taken_over_with_what_was_saved,
    an_owner_whose_lease_ran_out_changes_nothing_any_more,
    a_key_that_was_claimed_and_never_saved_is_new_again,
    saving_begins_the_lease_anew,
    a_kept_record_is_free_and_holds_its_last_content,
    a_removed_record_is_new_even_to_another_fingerprint,
    another_fingerprint_never_gets_the_record,
    content_above_the_bound_is_refused_and_changes_nothing,
    content_is_any_bytes,
    a_record_ends_after_its_ttl,
    keys_of_other_callers_and_routes_are_other_keys,
    decisions_are_remembered_per_group_and_id,
    a_later_decision_replaces_an_earlier_one_whatever_the_order,
    a_read_forgets_only_what_was_decided_before_it_began,
    remembered_decisions_end_by_themselves,
    a_mark_changes_with_each_decision_on_its_group_only,
);
