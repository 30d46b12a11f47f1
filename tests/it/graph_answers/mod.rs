//! Everything that Graph may answer, and what the caller gets for it: tables of cases, each case tried against a real
//! gateway over sockets, and a document made of what was seen.

#![expect(clippy::string_slice, reason = "the bodies that are cut here are ASCII")]

mod bodies;
mod bombs;
mod case;
mod cases;
mod compressed;
mod connections;
mod document;
mod gateway;
mod run;
mod seen;

use futures_util::stream::{self, StreamExt};

use self::case::{Asked, Case};
use self::document::{Row, table};
use crate::generated::compare;
use crate::support::RawUpstream;

/// Gateways of one table running at the same time.
const AT_ONCE: usize = 8;

/// Tries every case and compares what was seen, first with what the case expects, then with the document.
async fn callers_get_what_the_document_says(marker: &str, cases: Vec<Case>) {
    let tried = stream::iter(&cases).map(try_out).buffered(AT_ONCE).collect::<Vec<_>>().await;
    let (rows, wrong): (Vec<_>, Vec<_>) = tried.into_iter().unzip();
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    compare("docs/graph-answers.md", marker, &table(&rows));
}

/// Runs every script of a case for every question; answers what was seen, and what was not as expected.
async fn try_out(case: &Case) -> (Row<'_>, Vec<String>) {
    let (mut seen, mut wrong) = ([None, None, None], Vec::new());
    for (asked, seen) in Asked::ALL.into_iter().zip(&mut seen) {
        let Some(expected) = case.expected(asked) else { continue };
        for script in 0..case.scripts.len() {
            let observed = run::observe(case, script, asked).await;
            if observed != expected {
                let what = format!("{}, script {script}, {asked:?}", case.answer);
                wrong.push(format!("{what}:\n  expected {expected}\n  got      {observed}"));
            }
            *seen = Some(observed);
        }
    }
    (Row { case, seen }, wrong)
}

#[tokio::test]
async fn success_and_what_only_looks_like_it() {
    callers_get_what_the_document_says("success", cases::success::all()).await;
}

#[tokio::test]
async fn decisions_carried_out_in_part() {
    callers_get_what_the_document_says("ids", cases::ids::all()).await;
}

#[tokio::test]
async fn errors_of_a_whole_call_by_code() {
    callers_get_what_the_document_says("codes", cases::codes::all()).await;
}

#[tokio::test]
async fn the_error_object_in_other_forms() {
    callers_get_what_the_document_says("errors", cases::errors::all()).await;
}

#[tokio::test]
async fn waits_that_graph_asks_for() {
    callers_get_what_the_document_says("waits", cases::waits::all()).await;
}

#[tokio::test]
async fn bodies_and_their_encoding() {
    callers_get_what_the_document_says("encoding", cases::encoding::all()).await;
}

#[tokio::test]
async fn connections_and_http() {
    let elsewhere = RawUpstream::answering([]).await;
    let cases = cases::transport::all(elsewhere.base_url());
    callers_get_what_the_document_says("transport", cases).await;
    assert!(elsewhere.requests().is_empty(), "a redirect was followed");
}

#[tokio::test]
async fn pages_of_a_list() {
    callers_get_what_the_document_says("paging", cases::paging::all()).await;
}
