//! What must hold for everything that callers were told.

use joingate_sandbox::Verb;

use super::record::{Call, Item, Record, Request, Told};
use super::sent::with_same_record;

pub(super) fn check(record: &Record, findings: &mut Vec<String>) {
    for (at, request) in record.requests.iter().enumerate() {
        let mut wrong = Vec::new();
        if request.is_refused() {
            check_refused(record, request, &mut wrong);
        } else {
            check_form(request, &mut wrong);
            for item in request.items() {
                let replayed = final_before(record, at, &item.id).is_some();
                if let Some(what) = lie(record, at, &item).filter(|_| !replayed) {
                    wrong.push(format!("{} {:?} of {}: {what}", item.outcome, item.observed, item.id));
                }
            }
            check_replayed(record, at, &mut wrong);
        }
        findings.extend(wrong.into_iter().map(|what| format!("request {at}: {what}")));
    }
}

/// Every id once and in order, the status by the outcomes, the audit log equal to the answer.
fn check_form(request: &Request, wrong: &mut Vec<String>) {
    let items = request.items();
    if !items.iter().map(|item| &item.id).eq(&request.ids) {
        wrong.push("not every id once and in order".to_owned());
    }
    let told = items.iter().map(|item| (item.id.clone(), item.outcome.clone())).collect::<Vec<_>>();
    if told != request.decided {
        wrong.push(format!("the audit log says {:?}", request.decided));
    }
    let as_asked = |item: &Item| item.outcome.ends_with("approved") || item.outcome.ends_with("rejected");
    let status = if items.iter().all(as_asked) { 200 } else { 207 };
    if request.answer.as_ref().is_some_and(|(answered, _)| *answered != status) {
        wrong.push("the status does not fit the outcomes".to_owned());
    }
}

fn check_refused(record: &Record, request: &Request, wrong: &mut Vec<String>) {
    let Some((_, body)) = &request.answer else { return };
    match body["executed"].as_str() {
        Some("no") => (),
        Some("unknown") if request.key.is_some() => (),
        other => wrong.push(format!("a problem with `executed` {other:?}")),
    }
    for id in &request.ids {
        if let Some(call) = first_executable(record, request, id) {
            wrong.push(format!("a problem, and call {} may have decided {id}", call.sequence));
        }
    }
    if request.decided.iter().any(|(_, outcome)| outcome != "not_sent") {
        wrong.push(format!("a problem, and the audit log says {:?}", request.decided));
    }
}

/// A call of the request that may have decided this id.
fn first_executable<'r>(record: &'r Record, request: &'r Request, id: &'r str) -> Option<&'r Call> {
    record.sends(request, id).find(|call| !matches!(record.told(call, id), Told::Quota | Told::RefusedCall))
}

/// What is wrong with what was said about an id.
fn lie(record: &Record, at: usize, item: &Item) -> Option<&'static str> {
    let request = &record.requests[at];
    let id = item.id.as_str();
    let done = |call: &Call| record.told(call, id) == Told::Done;
    let verb = if request.verb == Verb::Approve { "approved" } else { "rejected" };
    let executed = || {
        let mut doubtful = record.sends(request, id).filter(|call| record.told(call, id) == Told::Nothing);
        doubtful.any(|call| record.executed(call, id).is_some())
    };
    let mut on_record = with_same_record(record, at);
    match item.outcome.as_str() {
        outcome if outcome == verb => {
            let told = on_record.any(|request| record.sends(request, id).any(done));
            (!told).then_some("no answer said so")
        }
        "already_approved" | "already_rejected" => {
            let earlier = record.requests[..=at].iter().filter(|earlier| earlier.verb == request.verb);
            let told = item.outcome.ends_with(verb)
                && earlier.flat_map(|earlier| record.sends(earlier, id)).any(done);
            (!told).then_some("no earlier answer said so")
        }
        "gone" => {
            let mut instances = record.instances_of(&request.group, id);
            let open = instances.any(|one| one.surely_open(request.began, request.ended));
            if open && !has_lied(record, request, id) {
                Some("it was open all the time")
            } else {
                executed().then_some("this very decision did it")
            }
        }
        "failed" => executed().then_some("this very decision did it"),
        "not_sent" => first_executable(record, request, id).map(|_| "it was sent"),
        "unknown" => {
            let sent = on_record.any(|request| record.sends(request, id).next().is_some());
            if sent { wrongly_observed(record, request, item) } else { Some("it was never sent") }
        }
        _ => Some("what is that?"),
    }
}

/// Whether a refusal that was ordered said something else than the truth.
fn has_lied(record: &Record, request: &Request, id: &str) -> bool {
    record.sends(request, id).any(Call::is_ordered_error)
}

/// What is wrong with what a look is said to have shown.
fn wrongly_observed(record: &Record, request: &Request, item: &Item) -> Option<&'static str> {
    let id = item.id.as_str();
    let last_send = record.sends(request, id).map(|call| call.sequence).max().unwrap_or(0);
    let looks = record.calls_of(request).filter(|call| call.verb == Verb::List && call.is_whole());
    let looks = looks.collect::<Vec<_>>();
    let instances = record.instances_of(&request.group, id).collect::<Vec<_>>();
    // A look is made after its call has been received.
    let shown = |look: &&Call| instances.iter().any(|one| one.may_be_open_between(look.at, request.ended));
    match item.observed.as_deref() {
        // The caller has gone away, and the audit log does not tell.
        None => request.answer.is_some().then_some("nothing is said of a look"),
        Some("look_failed") => None,
        Some("open") => (!looks.iter().any(shown)).then_some("no look showed that"),
        Some("not_open") => {
            let Some(look) = looks.iter().find(|look| look.sequence > last_send) else {
                return Some("there was no look after the last sending");
            };
            let open = instances.iter().any(|one| one.surely_open(look.at, request.ended));
            open.then_some("it was open")
        }
        Some("reopened") => {
            let newer = |look: &Call| {
                let open = instances.iter().filter(|one| one.may_be_open_between(look.at, request.ended));
                let older = |made| instances.iter().any(|one| one.created_at < made);
                open.into_iter().any(|one| older(one.created_at))
            };
            (!looks.iter().any(|look| newer(look))).then_some("no look showed a newer request")
        }
        Some(_) => Some("what is that?"),
    }
}

/// What was final stays what it was.
fn check_replayed(record: &Record, at: usize, wrong: &mut Vec<String>) {
    for now in record.requests[at].items() {
        if let Some(before) = final_before(record, at, &now.id).filter(|before| before.outcome != now.outcome)
        {
            wrong.push(format!("{} was {} and is {}", now.id, before.outcome, now.outcome));
        }
    }
}

/// What an earlier request on the same record was told of an id, if nothing may change it any more.
fn final_before(record: &Record, at: usize, id: &str) -> Option<Item> {
    let request = &record.requests[at];
    let earlier = record.requests[..at].iter().filter(|earlier| earlier.shares_record(request));
    earlier.flat_map(Request::items).filter(|item| item.id == id).find(|item| match item.outcome.as_str() {
        "not_sent" | "unknown" => false,
        "failed" => !item.retryable,
        _ => true,
    })
}
