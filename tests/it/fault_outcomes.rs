//! The README's table of what can go wrong with a call of Graph, and what the caller is told: every cell was tried
//! against the sandbox.

use std::fmt::Write;

use futures_util::stream::{self, StreamExt};
use joingate_sandbox::{
    AnswerFault, Effect, Fault, FaultOrder, GroupSpec, RequestSpec, SandboxOptions, Verb,
};

use crate::generated::compare;
use crate::support::{Answer, Client, GRAPH_TOKEN, TestApp};

const LONG_AGO: i64 = 1_755_548_877;
const VERBS: [Verb; 3] = [Verb::List, Verb::Approve, Verb::Reject];
/// Gateways running at the same time.
const AT_ONCE: usize = 8;

/// One row.
struct Row {
    what: &'static str,
    /// Each is tried; of a decision all must end in the same way.
    faults: Vec<Fault>,
    /// How many calls it meets, looks included.
    lasts: Lasts,
    ids: usize,
    /// Whether it has a meaning for lists.
    of_lists: bool,
    meanwhile: Meanwhile,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasts {
    /// Only the first call of the verb.
    OneCall,
    /// Every call of the verb, but no look.
    EveryCall,
    /// Every call, and looks too.
    Everything,
}

/// What people do before the look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    AskAgain,
}

impl Row {
    fn new(what: &'static str, faults: impl Into<Vec<Fault>>) -> Self {
        let (lasts, meanwhile) = (Lasts::OneCall, Meanwhile::Nothing);
        Self { what, faults: faults.into(), lasts, ids: 1, of_lists: true, meanwhile }
    }

    fn lasting(self, lasts: Lasts) -> Self {
        Self { lasts, ..self }
    }

    fn on_two_ids(self) -> Self {
        Self { ids: 2, of_lists: false, ..self }
    }
}

/// Everything after which nobody can tell from the answer whether the call was carried out.
fn lost() -> Vec<Fault> {
    let cut = AnswerFault::Truncated { bytes: None };
    let answers = [AnswerFault::Reset, AnswerFault::Close, AnswerFault::Stall, cut].map(Fault::answer);
    answers.into_iter().chain([Fault::html(502), Fault::html(200), Fault::graph_error(500, 2)]).collect()
}

fn with_effect(effect: Effect) -> Vec<Fault> {
    lost().into_iter().map(|fault| fault.with_effect(effect)).collect()
}

fn refusal(status: u16, code: i64) -> [Fault; 1] {
    [Fault::graph_error(status, code).never()]
}

fn rows() -> Vec<Row> {
    use Lasts::{EveryCall, Everything};
    let lost_once = || with_effect(Effect::Now);
    vec![
        Row::new("nothing", [Fault::default()]),
        Row::new("the answer is lost¹, Graph did it", lost_once()),
        Row::new("the answer is lost, Graph did nothing", with_effect(Effect::Never)),
        Row::new("the same with every answer", with_effect(Effect::Never)).lasting(EveryCall),
        Row {
            of_lists: false,
            ..Row::new("Graph does it only after the look", with_effect(Effect::WhenReleased))
                .lasting(EveryCall)
        },
        Row {
            of_lists: false,
            meanwhile: Meanwhile::AskAgain,
            ..Row::new("Graph did it, and the person asks again before the look", lost_once())
        },
        Row::new("the answer is lost, and the look fails too", lost_once()).lasting(Everything),
        Row::new(
            "Graph did one of two, and does not mention the other",
            [Fault::default().with_effect(Effect::Half)],
        )
        .on_two_ids(),
        Row::new("Graph refuses the whole call and names no id (100)", refusal(400, 100)).on_two_ids(),
        Row::new("the same again (100)", refusal(400, 100)).on_two_ids().lasting(EveryCall),
        Row::new("Meta's quota (80007)", refusal(400, 80_007)),
        Row::new("Meta refuses the token (190)", refusal(400, 190)),
        Row::new("permission missing (10)", refusal(403, 10)),
        Row::new("the group is suspended (131207)", refusal(400, 131_207)),
        Row::new("an error with a code that nobody knows, HTTP 400", refusal(400, 999_999)),
        Row::new("the same, HTTP 500", refusal(500, 999_999)).lasting(EveryCall),
    ]
}

async fn try_out(row: &Row, verb: Verb) -> String {
    if verb == Verb::List && !row.of_lists {
        return "–".to_owned();
    }
    let mut cells = Vec::new();
    for fault in &row.faults {
        let cell = try_fault(row, fault, verb).await;
        // A list that fails for good tells a time-out from the rest.
        let alike = verb == Verb::List || cells.first().is_none_or(|first| *first == cell);
        assert!(alike, "{}, {fault:?}: {cell}, and {cells:?}", row.what);
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    cells.join(" or ")
}

async fn try_fault(row: &Row, fault: &Fault, verb: Verb) -> String {
    // Time enough for somebody to ask again while a look waits, however busy the machine is.
    let attempt_timeout = if row.meanwhile == Meanwhile::AskAgain { "2s" } else { "500ms" };
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    let app = TestApp::builder()
        .sandbox(options)
        .set("GRAPH__ATTEMPT_TIMEOUT", attempt_timeout)
        .set("LIMITS__MAX_WAIT", "0ms")
        .spawn()
        .await;
    let group = app.graph().create_group(GroupSpec::default()).unwrap();
    let person = |number: usize| RequestSpec {
        wa_id: Some(format!("1555010000{number}")),
        created_at: Some(LONG_AGO),
        ..RequestSpec::default()
    };
    let ids = (0..row.ids).map(|number| app.graph().add_request(&group, person(number)).unwrap());
    let ids = ids.collect::<Vec<_>>();
    let moderator = app.moderator();
    // As callers do: the ids come from a list.
    moderator.list(&group).await;
    app.graph().clear_calls();
    let order = match row.lasts {
        Lasts::OneCall => FaultOrder::next(1, fault.clone()).for_verb(verb),
        Lasts::EveryCall => FaultOrder::next(99, fault.clone()).for_verb(verb),
        Lasts::Everything => FaultOrder::next(99, fault.clone()),
    };
    app.graph().order_fault(order).unwrap();
    let ask = ask(&moderator, verb, &group, &ids);
    let answer = if row.meanwhile == Meanwhile::AskAgain {
        app.graph().order_fault(FaultOrder::next(1, Fault::delay(1000)).for_verb(Verb::List)).unwrap();
        let asks_again = async {
            while !app.graph().calls().iter().any(|call| call.method == "GET") {
                tokio::task::yield_now().await;
            }
            let newer = RequestSpec { created_at: None, ..person(0) };
            assert_eq!(app.graph().add_request(&group, newer).unwrap(), ids[0]);
        };
        futures_util::join!(ask, asks_again).0
    } else {
        ask.await
    };
    let calls = app.graph().calls().iter().map(|call| call.method.clone()).collect::<Vec<_>>();
    app.stop().await;
    cell(&answer, verb, &calls)
}

async fn ask(client: &Client, verb: Verb, group: &str, ids: &[String]) -> Answer {
    match verb {
        Verb::List => client.list(group).await,
        Verb::Approve => client.approve(group, ids).await,
        Verb::Reject => client.reject(group, ids).await,
    }
}

/// What the caller got, and what was done for it.
fn cell(answer: &Answer, verb: Verb, calls: &[String]) -> String {
    let told = match (answer.status, verb) {
        (200, Verb::List) => "the list".to_owned(),
        (200 | 207, Verb::Approve | Verb::Reject) => {
            let body = answer.json();
            let items = body["results"].as_array().unwrap().iter().map(|item| {
                let outcome = format!("`{}`", item["outcome"].as_str().unwrap());
                item["observed"]
                    .as_str()
                    .map_or_else(|| outcome.clone(), |seen| format!("{outcome}, `{seen}`"))
            });
            let mut items = items.collect::<Vec<_>>();
            items.dedup();
            items.join("; ")
        }
        (status, _) => format!("{status} `{}`", answer.header("x-error-code")),
    };
    let word = |method: &String| if verb != Verb::List && method == "GET" { "look" } else { "call" };
    let words = calls.iter().map(word).collect::<Vec<_>>();
    let called = if verb == Verb::List { format!("{} calls", words.len()) } else { words.join(", ") };
    if calls.len() == 1 { told } else { format!("{told} ({called})") }
}

#[tokio::test]
async fn what_goes_wrong_and_what_the_caller_is_told() {
    let rows = rows();
    let cells = rows.iter().flat_map(|row| VERBS.map(|verb| (row, verb)));
    let cells = stream::iter(cells).map(|(row, verb)| try_out(row, verb)).buffered(AT_ONCE);
    let cells = cells.collect::<Vec<_>>().await;
    let mut table = "\n| what goes wrong | list | approve | reject |\n|---|---|---|---|\n".to_owned();
    for (row, cells) in rows.iter().zip(cells.chunks(VERBS.len())) {
        writeln!(table, "| {} | {} |", row.what, cells.join(" | ")).unwrap();
    }
    compare("README.md", "faults", &table);
}
