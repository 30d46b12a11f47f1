//! What a program left behind: what was open when, what the callers asked for and were told, what Graph received and
//! did.

use jiff::Timestamp;
use joingate_sandbox::{
    AnswerFault, DecisionStyle, Effect, Execution, RecordedCall, RefusalStyle, Styles, Verb,
};
use serde_json::Value;

use super::gateway::ATTEMPT;

/// Codes of ordered errors that say that nothing was executed, and of quotas.
const REFUSALS: [i64; 5] = [100, 131_204, 131_213, 131_207, 10];
const QUOTA: i64 = 80_007;

/// One request of a person, from when it was made until it was withdrawn or decided; of either moment, two between
/// which it lies.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) group: String,
    pub(super) id: String,
    pub(super) created_at: i64,
    pub(super) opened: (Timestamp, Timestamp),
    pub(super) closed: Option<(Timestamp, Timestamp)>,
}

impl Instance {
    pub(super) fn may_be_open_at(&self, at: Timestamp) -> bool {
        self.may_be_open_between(at, at)
    }

    /// Whether it may have been open at a moment between the two.
    pub(super) fn may_be_open_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.opened.0 <= to && self.closed.is_none_or(|closed| closed.1 >= from)
    }

    pub(super) fn surely_open(&self, from: Timestamp, to: Timestamp) -> bool {
        self.opened.1 <= from && self.closed.is_none_or(|closed| closed.0 > to)
    }
}

/// What a caller asked for, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) group: String,
    pub(super) verb: Verb,
    pub(super) ids: Vec<String>,
    pub(super) key: Option<u8>,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    /// Sequence numbers of the calls that were made for it.
    pub(super) calls: Vec<u64>,
    /// Status and body; `None` when the caller went away.
    pub(super) answer: Option<(u16, Value)>,
    /// The audit log's `decided` events: id and outcome.
    pub(super) decided: Vec<(String, String)>,
}

/// What the caller (or, when it went away, the audit log) was told of one id.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) outcome: String,
    pub(super) observed: Option<String>,
    pub(super) retryable: bool,
}

impl Request {
    pub(super) fn is_refused(&self) -> bool {
        self.answer.as_ref().is_some_and(|(status, _)| *status >= 400)
    }

    pub(super) fn items(&self) -> Vec<Item> {
        let Some((_, body)) = &self.answer else {
            let item = |(id, outcome): &(String, String)| Item {
                id: id.clone(),
                outcome: outcome.clone(),
                observed: None,
                retryable: true,
            };
            return self.decided.iter().map(item).collect();
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let items = body["results"].as_array().into_iter().flatten().map(|item| Item {
            id: text(&item["id"]).unwrap_or_default(),
            outcome: text(&item["outcome"]).unwrap_or_default(),
            observed: text(&item["observed"]),
            retryable: item["problem"]["retryable"].as_bool().unwrap_or(false),
        });
        items.collect()
    }

    /// Whether both work on one record.
    pub(super) fn shares_record(&self, other: &Self) -> bool {
        let same = (&self.group, self.verb, &self.ids) == (&other.group, other.verb, &other.ids);
        self.key.is_some() && self.key == other.key && same
    }
}

/// A call as Graph received it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) sequence: u64,
    pub(super) at: Timestamp,
    pub(super) verb: Verb,
    pub(super) group: String,
    pub(super) ids: Vec<String>,
    status: Option<u16>,
    effect: Effect,
    answer: AnswerFault,
}

impl Call {
    pub(super) fn of(call: &RecordedCall) -> Self {
        let verb = match call.method.as_str() {
            "GET" => Verb::List,
            "POST" => Verb::Approve,
            _ => Verb::Reject,
        };
        let body = serde_json::from_str::<Value>(&call.body).unwrap_or_default();
        let ids = body["join_requests"].as_array().into_iter().flatten();
        let fault = call.fault.as_deref().cloned().unwrap_or_default();
        Self {
            sequence: call.sequence,
            at: call.received_at,
            verb,
            group: call.path.split('/').nth(2).unwrap_or_default().to_owned(),
            ids: ids.filter_map(Value::as_str).map(str::to_owned).collect(),
            status: call.status,
            effect: fault.effect,
            answer: fault.answer,
        }
    }

    /// Whether the answer came over as Graph made it, and is a success.
    pub(super) fn is_whole(&self) -> bool {
        self.answer == AnswerFault::Normal && self.status == Some(200)
    }

    /// Whether an error was ordered in place of the answer.
    pub(super) fn is_ordered_error(&self) -> bool {
        matches!(self.answer, AnswerFault::Error { .. })
    }

    /// In a word or two, what went wrong with it.
    pub(super) fn kind(&self) -> String {
        let answer = if let AnswerFault::Error { status, body, .. } = &self.answer {
            format!("{status} {}", code_of(body).map_or("without a code".to_owned(), |code| code.to_string()))
        } else {
            format!("{:?}", self.answer)
        };
        let effect = if self.verb == Verb::List { String::new() } else { format!("{:?}, ", self.effect) };
        format!("call {:?}: {effect}{answer}", self.verb)
    }

    pub(super) fn may_be_late(&self) -> bool {
        matches!(self.effect, Effect::Late { .. } | Effect::WhenReleased)
    }
}

/// What a call's answer said of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Done,
    /// This id was refused, or a call as a whole, and nothing was executed.
    RefusedItem,
    RefusedCall,
    Quota,
    /// Nothing to rely on.
    Nothing,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) instances: Vec<Instance>,
    pub(super) requests: Vec<Request>,
    pub(super) calls: Vec<Call>,
    pub(super) effects: Vec<Execution>,
    /// In force from then on.
    pub(super) styles: Vec<(Timestamp, Styles)>,
    /// Ids whose decisions fail with a code that leaves the outcome open.
    pub(super) unclear: Vec<String>,
    /// Lists that were copies.
    pub(super) copies: usize,
    /// What was wrong with lists.
    pub(super) findings: Vec<String>,
}

impl Record {
    pub(super) fn instances_of<'r>(&'r self, group: &str, id: &str) -> impl Iterator<Item = &'r Instance> {
        let (group, id) = (group.to_owned(), id.to_owned());
        self.instances.iter().filter(move |instance| instance.group == group && instance.id == id)
    }

    pub(super) fn calls_of<'r>(&'r self, request: &'r Request) -> impl Iterator<Item = &'r Call> {
        self.calls.iter().filter(|call| request.calls.contains(&call.sequence))
    }

    pub(super) fn sends<'r>(&'r self, request: &'r Request, id: &'r str) -> impl Iterator<Item = &'r Call> {
        self.calls_of(request).filter(move |call| call.ids.iter().any(|sent| sent == id))
    }

    pub(super) fn executed(&self, call: &Call, id: &str) -> Option<&Execution> {
        self.effects.iter().find(|effect| effect.call == call.sequence && effect.join_request_id == id)
    }

    pub(super) fn told(&self, call: &Call, id: &str) -> Told {
        if let AnswerFault::Error { body, .. } = &call.answer {
            return told_by_error(body);
        }
        if call.answer != AnswerFault::Normal {
            return Told::Nothing;
        }
        let styles = self.styles.iter().rev().find(|(from, _)| *from <= call.at);
        let styles = styles.map(|(_, styles)| *styles).unwrap_or_default();
        // What a refusal or a promise of nothing does to a later request is not told.
        let executed = self.executed(call, id).is_some() && !call.may_be_late();
        let covered = match call.effect {
            Effect::Now | Effect::Late { .. } | Effect::WhenReleased => call.ids.len(),
            Effect::Half => call.ids.len() / 2,
            Effect::Never => 0,
        };
        let promised = call.may_be_late() && self.may_be_open(&call.group, id, call.at);
        let whole_refusals = styles.refusals == RefusalStyle::WholeCall;
        match call.status {
            None => Told::Nothing,
            Some(400..) if whole_refusals && !executed => Told::RefusedCall,
            Some(_) if styles.decisions == DecisionStyle::RequestId => Told::Nothing,
            Some(_) if !call.ids.iter().take(covered).any(|sent| sent == id) => Told::Nothing,
            Some(_) if executed || promised => Told::Done,
            Some(_) if self.unclear.iter().any(|unclear| unclear == id) => Told::Nothing,
            Some(_) => Told::RefusedItem,
        }
    }

    /// Whether the gateway may have given a call up that nothing was wrong with: then Graph may have received it later
    /// than what the gateway did next, and the record does not tell what the gateway knew when. Only a stall that was
    /// ordered explains a whole time-out.
    pub(super) fn is_out_of_order(&self) -> bool {
        self.requests.iter().any(|request| {
            let stalls = self.calls_of(request).filter(|call| call.answer == AnswerFault::Stall).count();
            let timeouts =
                request.ended.duration_since(request.began).as_millis() / ATTEMPT.as_millis().cast_signed();
            timeouts > stalls as i128
        })
    }

    fn may_be_open(&self, group: &str, id: &str, at: Timestamp) -> bool {
        self.instances_of(group, id).any(|instance| instance.may_be_open_at(at))
    }
}

fn told_by_error(body: &str) -> Told {
    match code_of(body) {
        Some(QUOTA) => Told::Quota,
        Some(code) if REFUSALS.contains(&code) => Told::RefusedCall,
        Some(_) | None => Told::Nothing,
    }
}

fn code_of(body: &str) -> Option<i64> {
    let body = serde_json::from_str::<Value>(body).ok()?;
    body["error"]["code"].as_i64()
}
