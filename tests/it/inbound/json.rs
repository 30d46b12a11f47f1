//! What a decision may say.

use serde_json::json;

use super::{APPROVE, REJECT, Refusing, expect_write, pointers};

#[tokio::test]
async fn a_body_must_be_one_json_object() {
    let gateway = Refusing::spawn().await;
    let bodies: [&[u8]; 19] = [
        b"",
        b"   ",
        b"null",
        b"\"YQ==\"",
        b"[\"YQ==\"]",
        b"[[\"YQ==\"]]",
        br#"[["YQ=="],null,null,false]"#,
        b"{",
        br#"{"join_request_ids":["YQ=="],}"#,
        br"{'join_request_ids':['YQ==']}",
        br#"{"join_request_ids":["YQ=="]} {}"#,
        b"\xef\xbb\xbf{\"join_request_ids\":[\"YQ==\"]}",
        b"{\"join_request_ids\":[\"\xff\"]}",
        b"{\"join_request_ids\":[\"YQ==\"],\"reason\":\"\xed\xa0\x80\"}",
        br#"{"join_request_ids":["YQ=="],"reason":"\ud800"}"#,
        b"{\"join_request_ids\":[\"YQ==\"],\"reason\":\"\x01\"}",
        b"\xff\xfe{\0}\0",
        br#"{"join_request_ids":["YQ=="]}{"join_request_ids":["Yg=="]}"#,
        b"join_request_ids=YQ%3D%3D",
    ];
    for body in bodies {
        for path in [APPROVE, REJECT] {
            let answer = gateway.post(path, body.to_vec()).await;
            expect_write(&answer, 400, "invalid_request");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn wrong_members_are_named_by_json_pointers() {
    let gateway = Refusing::spawn().await;
    let ids = json!(["YQ=="]);
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "ids": ids }), "/ids"),
        (json!({ "join_request_ids": ids, "a/b~c": 1 }), "/?"),
        (json!({ "join_request_ids": ids, "Reason": "x" }), "/Reason"),
        (json!({ "join_request_ids": "YQ==" }), "/join_request_ids"),
        (json!({ "join_request_ids": null }), "/join_request_ids"),
        (json!({ "join_request_ids": {} }), "/join_request_ids"),
        (json!({ "join_request_ids": ["YQ==", 5] }), "/join_request_ids/1"),
        (json!({ "join_request_ids": [null] }), "/join_request_ids/0"),
        (json!({ "join_request_ids": [["YQ=="]] }), "/join_request_ids/0"),
        (json!({ "join_request_ids": ids, "reason": 5 }), "/reason"),
        (json!({ "join_request_ids": ids, "on_behalf_of": {} }), "/on_behalf_of"),
        (json!({ "join_request_ids": ids, "dry_run": "true" }), "/dry_run"),
        (json!({ "join_request_ids": ids, "dry_run": null }), "/dry_run"),
        (json!({ "join_request_ids": [] }), "/join_request_ids"),
        (json!({ "join_request_ids": ids, "reason": "ü".repeat(257) }), "/reason"),
        (json!({ "join_request_ids": ids, "on_behalf_of": "x".repeat(257) }), "/on_behalf_of"),
    ] {
        for path in [APPROVE, REJECT] {
            let answer = gateway.post(path, body.to_string()).await;
            let problem = expect_write(&answer, 400, "invalid_request");
            assert_eq!(pointers(&problem), [pointer], "{body} {problem}");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_member_given_twice_is_refused() {
    let gateway = Refusing::spawn().await;
    for body in [
        r#"{"join_request_ids":["YQ=="],"join_request_ids":["Yg=="]}"#,
        r#"{"join_request_ids":["YQ=="],"join_request_ids":["YQ=="]}"#,
        r#"{"join_request_ids":["YQ=="],"join_request\u005fids":["Yg=="]}"#,
        r#"{"join_request_ids":["YQ=="],"reason":"a","reason":"b"}"#,
        r#"{"join_request_ids":["YQ=="],"reason":null,"reason":"b"}"#,
        r#"{"join_request_ids":["YQ=="],"on_behalf_of":"a","on_behalf_of":"b"}"#,
        r#"{"join_request_ids":["YQ=="],"dry_run":true,"dry_run":false}"#,
    ] {
        for path in [APPROVE, REJECT] {
            expect_write(&gateway.post(path, body).await, 400, "invalid_request");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_body_may_be_nested_as_deep_as_it_likes_and_is_refused() {
    const DEPTH: usize = 100_000;
    let gateway = Refusing::with(|settings| settings.set("SERVER__MAX_BODY", "1MiB")).await;
    let (lists, objects) = ("[".repeat(DEPTH), r#"{"a":"#.repeat(DEPTH));
    let ends = ["]".repeat(DEPTH), "}".repeat(DEPTH)];
    for start in [
        r#"{"join_request_ids":"#,
        r#"{"join_request_ids":["YQ=="],"reason":"#,
        r#"{"join_request_ids":["YQ=="],"dry_run":"#,
        r#"{"join_request_ids":["YQ=="],"unknown":"#,
        r#"{"unknown":"#,
        "",
    ] {
        let last = if start.is_empty() { "" } else { "}" };
        for body in [
            format!("{start}{lists}{}{last}", ends[0]),
            format!("{start}{objects}1{}{last}", ends[1]),
            format!("{start}{lists}"),
        ] {
            let answer = gateway.post(APPROVE, body).await;
            expect_write(&answer, 400, "invalid_request");
            assert!(answer.text.len() < 1000, "{}", answer.text.len());
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn every_invalid_id_is_pointed_at_up_to_twenty() {
    let gateway = Refusing::spawn().await;
    let (longest, longer) = ("a".repeat(512), "a".repeat(513));
    let ids = [
        "YQ==",
        "",
        "a b",
        "YQ==",
        "../x",
        "a?b",
        "ä",
        "a\u{0}",
        &longer,
        &longest,
        "a.b",
        "a,b",
        "a;b",
        "a\\b",
        "a%2fb",
        "a\r\nb",
        "\u{feff}YQ==",
        "YQ\u{ff1d}",
    ];
    let answer = gateway.post(APPROVE, json!({ "join_request_ids": ids }).to_string()).await;
    let problem = expect_write(&answer, 400, "invalid_request");
    let expected = [1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17]
        .map(|index| format!("/join_request_ids/{index}"));
    assert_eq!(pointers(&problem), expected);
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("1 to 512 characters"));
    let many = json!({ "join_request_ids": vec!["!"; 100] });
    let answer = gateway.post(REJECT, many.to_string()).await;
    assert_eq!(pointers(&expect_write(&answer, 400, "invalid_request")).len(), 20);
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn repeated_ids_count_towards_the_most_that_one_decision_may_have() {
    let gateway = Refusing::with(|settings| settings.set("SERVER__MAX_IDS", "3")).await;
    for path in [APPROVE, REJECT] {
        let answer = gateway.post(path, json!({ "join_request_ids": vec!["YQ=="; 4] }).to_string()).await;
        let problem = expect_write(&answer, 413, "too_many_ids");
        assert_eq!(pointers(&problem), ["/join_request_ids"]);
    }
    gateway.nothing_was_sent();
    let answer = gateway.post(APPROVE, json!({ "join_request_ids": vec!["YQ=="; 3] }).to_string()).await;
    assert_eq!((answer.status, answer.outcomes().len()), (207, 1));
}

#[tokio::test]
async fn what_is_as_long_as_allowed_is_taken() {
    let gateway = Refusing::spawn().await;
    let note = "ü".repeat(256);
    let body = json!({ "join_request_ids": ["a".repeat(512)], "reason": note, "on_behalf_of": note });
    assert_eq!(gateway.post(APPROVE, body.to_string()).await.status, 207);
    assert_eq!(gateway.graph.received("POST"), 1);
}
