//! Runs one question against a gateway whose Graph follows a script.

use tokio::net::TcpSocket;

use super::case::{Asked, Case, HIDDEN, IDS};
use super::gateway::{GROUP, Gateway};
use super::seen::seen;
use crate::support::{Answer, RawUpstream};

/// What the caller gets, in the words of the document.
pub(super) async fn observe(case: &Case, script: usize, asked: Asked) -> String {
    let upstream = RawUpstream::answering(case.scripts[script](asked)).await;
    let (_deaf, nowhere) = deaf_socket();
    let base_url = if case.unreachable { &nowhere } else { upstream.base_url() };
    let gateway = Gateway::start(base_url, &case.settings).await;
    let mut answer = gateway.ask(asked).await;
    let mut calls = upstream.requests();
    if case.resumed {
        let token = answer.json()["next_page_token"].as_str().unwrap().to_owned();
        answer = gateway.caller.get(&format!("/v1/groups/{GROUP}/join-requests?page_token={token}")).await;
        calls = upstream.requests().split_off(calls.len());
    }
    gateway.stop().await;
    if asked != Asked::List {
        // A decision in doubt is looked after; the script has nothing for looks, so they fail.
        calls.retain(|call| !call.starts_with("GET "));
    }
    check(case, asked, &answer, &calls);
    seen(asked, &answer, calls.len())
}

/// What holds for every case.
fn check(case: &Case, asked: Asked, answer: &Answer, calls: &[String]) {
    let name = &case.answer;
    assert!(!answer.text.contains(HIDDEN), "{name}: the caller sees {}", answer.text);
    assert!(
        !format!("{:?}", answer.headers).contains(HIDDEN),
        "{name}: the caller sees {:?}",
        answer.headers
    );
    if asked == Asked::List {
        return;
    }
    for id in IDS {
        let sent = calls.iter().filter(|call| call.contains(&format!("{id:?}"))).count();
        assert!(sent <= 1, "{name}: {id} was sent {sent} times");
    }
    let body = answer.json();
    if answer.status >= 400 {
        assert_eq!(body["executed"], "no", "{name}: {}", answer.text);
        return;
    }
    let results = body["results"].as_array().unwrap();
    assert!(results.iter().map(|item| &item["id"]).eq(IDS.iter()), "{name}: {}", answer.text);
}

/// A port that is taken, and where nobody listens.
fn deaf_socket() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}
