//! What must hold for everything that was sent to Graph.

use joingate_sandbox::Verb;

use super::record::{Call, Record, Request, Told};

/// Most sendings of one id for one HTTP call that Graph may have executed.
const MOST_SENDS: usize = 2;

pub(super) fn check(record: &Record, findings: &mut Vec<String>) {
    for call in record.calls.iter().filter(|call| call.verb != Verb::List) {
        let asked = record.requests.iter().any(|request| {
            request.calls.contains(&call.sequence)
                && request.verb == call.verb
                && call.ids.iter().all(|id| request.ids.contains(id))
        });
        if !asked {
            findings.push(format!("nobody asked for call {}", call.sequence));
        }
    }
    for (at, request) in record.requests.iter().enumerate() {
        for id in &request.ids {
            let executable = record.sends(request, id).filter(|call| record.told(call, id) != Told::Quota);
            if executable.count() > MOST_SENDS {
                findings.push(format!("request {at} sent {id} more than twice"));
            }
            check_repeats(record, at, id, findings);
        }
    }
    for effect in &record.effects {
        if !record.calls.iter().any(|call| call.sequence == effect.call && call.verb == effect.verb) {
            findings.push(format!("an effect without a call: {effect:?}"));
        }
    }
}

/// Every sending after one that may have been executed follows a look.
fn check_repeats(record: &Record, at: usize, id: &str, findings: &mut Vec<String>) {
    let request = &record.requests[at];
    for send in record.sends(request, id) {
        for (earlier_at, earlier) in record.requests.iter().enumerate().take(at + 1) {
            let on_record = earlier.shares_record(request) && !earlier.is_refused();
            if earlier_at != at && !on_record {
                continue;
            }
            for before in record.sends(earlier, id).filter(|before| before.sequence < send.sequence) {
                let needs_look = match record.told(before, id) {
                    Told::Quota | Told::RefusedCall => false,
                    Told::RefusedItem => earlier_at == at,
                    Told::Done | Told::Nothing => true,
                };
                if needs_look && !looked_between(record, before, send, id) {
                    let calls = (before.sequence, send.sequence);
                    findings.push(format!("request {at} sent {id} again without a look: {calls:?}"));
                }
            }
        }
    }
}

/// Whether a read between the two showed the id open as a request that was made before the first.
fn looked_between(record: &Record, before: &Call, send: &Call, id: &str) -> bool {
    let between = record.calls.iter().filter(|call| {
        call.verb == Verb::List
            && call.group == send.group
            && (before.sequence..send.sequence).contains(&call.sequence)
    });
    between.filter(|look| look.is_whole()).any(|look| {
        let mut instances = record.instances_of(&send.group, id);
        instances.any(|one| one.may_be_open_at(look.at) && one.opened.0 <= before.at)
    })
}

/// The requests on the same record up to this one.
pub(super) fn with_same_record(record: &Record, at: usize) -> impl Iterator<Item = &Request> {
    let request = &record.requests[at];
    let earlier = record.requests[..at].iter().filter(|earlier| earlier.shares_record(request));
    earlier.chain([request])
}
