//! A case: what Graph does, and what the caller gets for it.

use crate::support::Reply;

/// The ids that every decision here is about.
pub(super) const IDS: [&str; 2] = ["YQ==", "Yg=="];
/// An id that nobody sends.
pub(super) const FOREIGN: &str = "Zm9yZWlnbg==";
/// Stands where a caller must never see it: in `paging.next`, in Graph's texts, in header fields.
pub(super) const HIDDEN: &str = "hidden-from-callers";

/// What the caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    List,
    Approve,
    Reject,
}

impl Asked {
    pub(super) const ALL: [Self; 3] = [Self::List, Self::Approve, Self::Reject];

    /// The outcome of an id that ended as asked.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::List => "",
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

/// The replies to the calls that follow one question of the caller, first to last.
type Script = Box<dyn Fn(Asked) -> Vec<Reply> + Send + Sync>;

/// One row of the document. All its scripts come to the same.
pub(super) struct Case {
    /// What Graph does, in the words of the document.
    pub(super) answer: String,
    pub(super) scripts: Vec<Script>,
    /// What the caller gets; `None` where the case has no meaning for the question.
    pub(super) list: Option<&'static str>,
    pub(super) approve: Option<&'static str>,
    pub(super) reject: Option<&'static str>,
    pub(super) settings: Vec<(&'static str, &'static str)>,
    /// Nobody listens where Graph should be.
    pub(super) unreachable: bool,
    /// The question is a second one, with the `next_page_token` of the first.
    pub(super) resumed: bool,
}

/// More than the gateway may ever take for one question: what it takes too many shows in their number.
const ENOUGH: usize = 6;

/// The same reply to every call.
pub(super) fn case(
    answer: impl Into<String>,
    reply: impl Fn(Asked) -> Reply + Send + Sync + 'static,
) -> Case {
    walk(answer, move |asked| vec![reply(asked); ENOUGH])
}

/// A reply of its own to each call.
pub(super) fn walk(
    answer: impl Into<String>,
    replies: impl Fn(Asked) -> Vec<Reply> + Send + Sync + 'static,
) -> Case {
    Case {
        answer: answer.into(),
        scripts: vec![Box::new(replies)],
        list: None,
        approve: None,
        reject: None,
        settings: Vec::new(),
        unreachable: false,
        resumed: false,
    }
}

impl Case {
    /// Another reply that comes to the same.
    pub(super) fn or(mut self, reply: impl Fn(Asked) -> Reply + Send + Sync + 'static) -> Self {
        self.scripts.push(Box::new(move |asked| vec![reply(asked); ENOUGH]));
        self
    }

    /// The same bodies with other statuses come to the same.
    pub(super) fn each(
        answer: impl Into<String>,
        statuses: &'static [u16],
        reply: impl Fn(u16, Asked) -> Reply + Send + Sync + Clone + 'static,
    ) -> Self {
        let mut all = case(answer, |_| Reply::Close);
        all.scripts.clear();
        statuses.iter().fold(all, |all, status| {
            let reply = reply.clone();
            all.or(move |asked| reply(*status, asked))
        })
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Two short attempts: for upstreams that never come to an end.
    pub(super) fn impatiently(self) -> Self {
        self.with("GRAPH__ATTEMPT_TIMEOUT", "1s").with("GRAPH__MAX_ATTEMPTS", "2")
    }

    pub(super) fn unreachable(mut self) -> Self {
        self.unreachable = true;
        self
    }

    pub(super) fn resumed(mut self) -> Self {
        self.resumed = true;
        self.with("GRAPH__MAX_PAGES", "1")
    }

    pub(super) fn list(mut self, expected: &'static str) -> Self {
        self.list = Some(expected);
        self
    }

    /// The same for approve and reject.
    pub(super) fn decide(mut self, expected: &'static str) -> Self {
        (self.approve, self.reject) = (Some(expected), Some(expected));
        self
    }

    /// As good as the documented answer.
    pub(super) fn fine(self) -> Self {
        self.list("200: 2 requests").decide("200: both as asked")
    }

    /// Makes no sense, and may be an answer of Graph's own: a list is tried again, a decision never.
    pub(super) fn nonsense(self) -> Self {
        self.list("502 `upstream_bad_response`, 3 calls").decide("207: both unknown")
    }

    /// Something is broken on the way or behind it.
    pub(super) fn down(self) -> Self {
        self.list("503 `upstream_unavailable`, 3 calls, `Retry-After: 5`").decide("207: both unknown")
    }

    pub(super) fn expected(&self, asked: Asked) -> Option<&'static str> {
        match asked {
            Asked::List => self.list,
            Asked::Approve => self.approve,
            Asked::Reject => self.reject,
        }
    }
}
