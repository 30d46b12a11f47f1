//! Random programs: what callers ask for, what people do meanwhile, and what goes wrong at Graph.

use joingate_sandbox::{
    AnswerFault, DecisionStyle, Effect, Fault, Length, PartialStyle, RefusalStyle, Styles, Verb,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// People who may ask to join each group.
pub(super) const PEOPLE: usize = 4;
/// Groups of a program.
pub(super) const GROUPS: usize = 2;

/// When a person asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Absent,
    /// Long before anything was sent, so that Graph's clock tells.
    Old,
    /// A few seconds ago.
    Recent,
    /// In this very second.
    New,
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) styles: Styles,
    pub(super) capacity: usize,
    pub(super) people: Vec<Age>,
    /// Decisions on this person fail with this code.
    pub(super) blocked: Option<(usize, i64)>,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Decide(Ask),
    /// Sends an earlier request with a key again.
    Repeat(usize),
    /// The caller goes away as soon as Graph has been called.
    Leave(Ask),
    /// Something happens as soon as Graph has been called.
    Meanwhile(Ask, Change),
    /// Two decisions on two groups at once.
    Both(Ask, Ask),
    /// Two contrary decisions on one group at once.
    Contest(Ask),
    List(usize, Accepted),
    Change(usize, Change),
    Trouble(usize, Trouble),
    Styles(Styles),
}

/// Which list a caller accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    Fresh,
    Copy,
}

#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) group: usize,
    pub(super) verb: Verb,
    pub(super) people: Vec<usize>,
    pub(super) key: Option<u8>,
    /// Meets the calls with this verb.
    pub(super) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Withdraw(usize),
    AskAgain(usize),
    Release,
}

/// A fault of the next calls with a verb.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) verb: Verb,
    pub(super) fault: Fault,
    pub(super) calls: usize,
}

pub(super) fn programs() -> impl Strategy<Value = Program> {
    let age =
        prop_oneof![4 => Just(Age::Old), 2 => Just(Age::Recent), 2 => Just(Age::New), 1 => Just(Age::Absent)];
    let blocked = proptest::option::weighted(0.2, (0..PEOPLE, select(vec![131_203, 131_000])));
    let capacity = prop_oneof![5 => Just(8_usize), 1 => 1..3_usize];
    (styles(), capacity, vec(age, PEOPLE), blocked, vec(steps(), 2..9)).prop_map(
        |(styles, capacity, people, blocked, steps)| Program { styles, capacity, people, blocked, steps },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    let accepted = select(vec![Accepted::Fresh, Accepted::Copy, Accepted::Copy]);
    prop_oneof![
        8 => asks().prop_map(Step::Decide),
        4 => (0..8_usize).prop_map(Step::Repeat),
        1 => asks().prop_map(Step::Leave),
        3 => (asks(), changes()).prop_map(|(ask, change)| Step::Meanwhile(ask, change)),
        1 => (asks(), asks()).prop_map(|(one, other)| {
            Step::Both(Ask { group: 0, ..one }, Ask { group: 1, ..other })
        }),
        1 => asks().prop_map(Step::Contest),
        4 => (0..GROUPS, accepted).prop_map(|(group, accepted)| Step::List(group, accepted)),
        5 => (0..GROUPS, changes()).prop_map(|(group, change)| Step::Change(group, change)),
        5 => (0..GROUPS, troubles()).prop_map(|(group, trouble)| Step::Trouble(group, trouble)),
        1 => styles().prop_map(Step::Styles),
    ]
}

/// Most of them about the first group, so that they meet.
fn asks() -> impl Strategy<Value = Ask> {
    let group = prop_oneof![4 => Just(0), 1 => Just(1)];
    let verb = select(vec![Verb::Approve, Verb::Reject]);
    let people = subsequence((0..PEOPLE).collect::<Vec<_>>(), 1..=PEOPLE).prop_shuffle();
    let key = proptest::option::weighted(0.5, 0..3_u8);
    let fault = proptest::option::weighted(0.6, faults());
    (group, verb, people, key, fault).prop_map(|(group, verb, people, key, fault)| Ask {
        group,
        verb,
        people,
        key,
        fault,
    })
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => (0..PEOPLE).prop_map(Change::Withdraw),
        3 => (0..PEOPLE).prop_map(Change::AskAgain),
        2 => Just(Change::Release),
    ]
}

fn troubles() -> impl Strategy<Value = Trouble> {
    let verb = select(vec![Verb::List, Verb::List, Verb::Approve, Verb::Reject]);
    (verb, faults(), 1..4_usize).prop_map(|(verb, fault, calls)| Trouble { verb, fault, calls })
}

/// Every effect under every answer that leaves it open; an explicit refusal has none.
fn faults() -> impl Strategy<Value = Fault> {
    let effect = select(vec![
        Effect::Now,
        Effect::Never,
        Effect::Never,
        Effect::Half,
        Effect::WhenReleased,
        Effect::Late { after_ms: 30 },
    ]);
    let open = select(vec![
        Fault::default(),
        Fault::html(502),
        Fault::html(200),
        Fault::graph_error(500, 1),
        Fault::graph_error(500, 2),
        Fault::graph_error(500, 131_000),
        Fault::graph_error(200, 2),
        Fault::answer(AnswerFault::Reset),
        Fault::answer(AnswerFault::Close),
        Fault::answer(AnswerFault::Stall),
        Fault::answer(AnswerFault::Truncated { bytes: None }),
        Fault::answer(AnswerFault::WrongLength(Length::Shorter)),
        Fault::answer(AnswerFault::WrongLength(Length::Longer)),
    ]);
    let refused = select(vec![
        Fault::graph_error(400, 100),
        Fault::graph_error(400, 131_204),
        Fault::graph_error(400, 131_213),
        Fault::graph_error(400, 131_207),
        Fault::graph_error(400, 10),
    ]);
    prop_oneof![
        40 => (open, effect).prop_map(|(fault, effect)| fault.with_effect(effect)),
        6 => refused.prop_map(Fault::never),
        1 => Just(Fault::graph_error(400, 80_007).never()),
    ]
}

fn styles() -> impl Strategy<Value = Styles> {
    let partial = select(vec![PartialStyle::Ok200, PartialStyle::Partial206, PartialStyle::BadRequest400]);
    let refusals = select(vec![RefusalStyle::PerItem, RefusalStyle::PerItem, RefusalStyle::WholeCall]);
    let decisions = prop_oneof![12 => Just(DecisionStyle::Lists), 1 => Just(DecisionStyle::RequestId)];
    (partial, refusals, decisions, any::<bool>(), any::<bool>()).prop_map(
        |(partial, refusals, decisions, codes_as_strings, timestamps_as_strings)| Styles {
            // So that a 400 tells which of the two it is.
            partial: if refusals == RefusalStyle::WholeCall { PartialStyle::Partial206 } else { partial },
            refusals,
            decisions,
            codes_as_strings,
            timestamps_as_strings,
            ..Styles::default()
        },
    )
}
