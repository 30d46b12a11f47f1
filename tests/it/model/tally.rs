//! How often what occurred, so that a test that meets nothing does not pass.

use std::collections::BTreeMap;
use std::fmt;

use super::record::Record;

/// Everything here occurs in a run of thousands of programs.
const EXPECTED: [&str; 15] = [
    "approved",
    "rejected",
    "already_approved",
    "already_rejected",
    "gone",
    "failed",
    "not_sent",
    "unknown open",
    "unknown not_open",
    "unknown reopened",
    "unknown look_failed",
    "sent twice for one request",
    "late effect on a later request",
    "caller gone",
    COPY,
];
const COPY: &str = "list that was a copy";
const JUDGED: &str = "program";
/// On a machine too slow for the time-out of a call, or after a pause that Graph asked for.
const NOT_JUDGED: &str = "program that is not judged";
/// Fewer programs need not meet everything.
const ENOUGH: u64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub(super) fn count(&mut self, record: &Record) {
        let mut add = |what: String| *self.0.entry(what).or_default() += 1;
        add(if record.is_out_of_order() { NOT_JUDGED } else { JUDGED }.to_owned());
        (0..record.copies).for_each(|_| add(COPY.to_owned()));
        for call in &record.calls {
            add(call.kind());
        }
        for request in &record.requests {
            match &request.answer {
                None => add("caller gone".to_owned()),
                Some((_, body)) if request.is_refused() => add(format!("problem {}", body["code"])),
                Some(_) => (),
            }
            for item in request.items() {
                let observed = item.observed.map(|observed| format!(" {observed}")).unwrap_or_default();
                add(format!("{}{observed}", item.outcome));
                let sends = record.sends(request, &item.id).collect::<Vec<_>>();
                if sends.len() > 1 {
                    add("sent twice for one request".to_owned());
                }
                let late = sends.iter().filter_map(|call| record.executed(call, &item.id));
                if late.into_iter().any(|effect| effect.executed_at > request.ended) {
                    add(format!("{} and executed after the answer", item.outcome));
                }
            }
        }
        for effect in &record.effects {
            let call = record.calls.iter().find(|call| call.sequence == effect.call);
            let mut decided = record.instances_of(&effect.group, &effect.join_request_id);
            let made = decided.find(|one| one.created_at == effect.created_at).map(|one| one.opened.0);
            if call.zip(made).is_some_and(|(call, made)| made > call.at) {
                add("late effect on a later request".to_owned());
            }
        }
    }

    pub(super) fn plus(mut self, other: Self) -> Self {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
        self
    }

    pub(super) fn assert_everything_occurred(&self, programs: u64) {
        let missing = EXPECTED.iter().filter(|what| !self.0.contains_key(**what)).collect::<Vec<_>>();
        let [judged, not_judged] = [JUDGED, NOT_JUDGED].map(|what| self.0.get(what).copied().unwrap_or(0));
        assert!(judged > not_judged, "the machine is too slow: {not_judged} programs could not be judged");
        assert!(programs < ENOUGH || missing.is_empty(), "never occurred: {missing:?}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.0 {
            writeln!(formatter, "{times:>7} {what}")?;
        }
        Ok(())
    }
}
