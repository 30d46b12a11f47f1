//! What an answer of Graph says. Pure functions from bytes to meaning, so that any bytes can be tried on them: success is
//! content, not status.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::fault::GraphError;
use super::page::Page;
use super::refusal::{NamedError, Refusal};
use super::shape::{Asked, Differences};
use super::token::TokenState;
use super::wire::{Body, Lists};
use crate::domain::{Action, JoinRequestId};
use crate::json::NotAnObject;
use crate::telemetry::Drift;

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// The longest wait that the headers ask for.
    pub wait: Option<Duration>,
    /// When it was made, by Graph's clock.
    pub date: Option<Timestamp>,
}

/// What Graph said about one id that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemReply {
    /// Listed as done.
    Done,
    /// Listed as refused.
    Refused(Refusal),
    /// Not listed, or listed in contrary ways: nothing is known.
    Unclear,
}

/// What Graph said about the ids of a decision.
#[derive(Clone, Debug)]
pub struct DecisionAnswer {
    /// One reply per id sent, in order.
    pub replies: Vec<ItemReply>,
    /// An error beside the lists. It takes nothing back of what they say.
    pub beside: Option<Refusal>,
    /// Where the answer differs from Graph's documentation.
    pub drift: Vec<Drift>,
}

/// Reads one page of a list. It counts only in a plain success: with an error beside it, or any other status, the list
/// may be cut. Fails with Graph's error, or with [`GraphError::Unreadable`].
pub fn read_page(answer: &Answer, seen: &mut Differences) -> Result<Page, GraphError> {
    let mut page = judge(answer, Asked::Page, seen, |body| {
        body.page().filter(|_| answer.status == 200 && body.error().is_none())
    })?;
    page.date = answer.date;
    Ok(page)
}

/// Reads what `debug_token` says of a token; only a plain success says anything. Fails with Graph's error, or with
/// [`GraphError::Unreadable`].
pub fn read_token(answer: &Answer, seen: &mut Differences) -> Result<TokenState, GraphError> {
    judge(answer, Asked::Token, seen, |body| {
        body.token().filter(|_| answer.status == 200 && body.error().is_none())
    })
}

/// Reads the answer to a decision on `ids`. Lists count whatever the status. Fails with Graph's error where there are
/// none, or with [`GraphError::Unreadable`].
pub fn read_decision(
    answer: &Answer,
    (action, ids): (Action, &[JoinRequestId]),
    seen: &mut Differences,
) -> Result<DecisionAnswer, GraphError> {
    judge(answer, Asked::Decision, seen, |body| {
        let lists = body.lists(action)?;
        let beside = body.error().or_else(|| body.errors_beside().find(|error| !lists.tell(error)));
        let beside = beside.map(|error| Refusal::of_call(error, answer.status, answer.wait));
        let (replies, drift) = replies(ids, lists, answer);
        Some(DecisionAnswer { replies, beside, drift })
    })
}

/// What was asked for counts first, then Graph's error, whatever the status.
fn judge<T>(
    answer: &Answer,
    asked: Asked,
    seen: &mut Differences,
    read: impl Fn(&Body<'_>) -> Option<T>,
) -> Result<T, GraphError> {
    let http_status = answer.status;
    let refuse =
        |error: NamedError| Err(GraphError::Refused(Refusal::of_call(error, http_status, answer.wait)));
    let unreadable = |drift| Err(GraphError::Unreadable { http_status, drift });
    // A redirect is a fault even when its body looks right: it came from who knows where.
    if (300..400).contains(&http_status) {
        return unreadable(None);
    }
    let drift = match Body::parse(&answer.body) {
        Ok(body) => {
            let read = (read(&body), body.error());
            // JSON of anybody else's, which has nothing of what was asked for nor an error of Graph's, has nothing to differ from.
            if read.1.is_some() || body.speaks_of(asked) {
                body.compare(asked, seen);
            }
            match read {
                (Some(value), _) => return Ok(value),
                (None, Some(error)) => return refuse(error),
                (None, None) => None,
            }
        }
        Err(NotAnObject::RepeatedMember) => Some(Drift::RepeatedMember),
        Err(NotAnObject::Otherwise) => None,
    };
    // A quota answered by an edge that knows no JSON, or not ours, is still a quota.
    if http_status == 429 { refuse(NamedError::default()) } else { unreadable(drift) }
}

/// Matches Graph's lists with the ids that were sent. Ids that were not sent are noted and left out.
fn replies(ids: &[JoinRequestId], lists: Lists, answer: &Answer) -> (Vec<ItemReply>, Vec<Drift>) {
    let Lists { done, mut failed, contrary, nameless } = lists;
    let set = |ids: Vec<String>| ids.into_iter().collect::<HashSet<_>>();
    let (mut done, mut contrary) = (set(done), set(contrary));
    let mut drift = Vec::new();
    let replies = ids.iter().map(|id| {
        let id = id.as_str();
        let (is_done, errors, is_contrary) = (done.remove(id), failed.remove(id), contrary.remove(id));
        match (is_done, errors, is_contrary) {
            (true, None, false) => ItemReply::Done,
            (false, Some(errors), false) => {
                ItemReply::Refused(Refusal::of_item(errors, answer.status, answer.wait))
            }
            (false, None, false) => {
                drift.push(Drift::IdNotMentioned);
                ItemReply::Unclear
            }
            (_, _, true) | (true, Some(_), false) => {
                drift.push(Drift::IdInBothLists);
                ItemReply::Unclear
            }
        }
    });
    let replies = replies.collect();
    if nameless + done.len() + failed.len() + contrary.len() > 0 {
        drift.push(Drift::ForeignId);
    }
    (replies, drift)
}
