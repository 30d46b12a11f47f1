//! Errors of a whole call: every code of the table in every status that Meta's documents show it with.

use serde_json::json;

use crate::graph_answers::bodies::{answer, error, error_and};
use crate::graph_answers::case::{Case, case};
use crate::support::Reply;

/// Codes of one class, each with the statuses it is documented or seen with.
struct Class {
    answer: &'static str,
    codes: &'static [(u32, &'static [u16])],
    list: &'static str,
    decide: &'static str,
}

const CLASSES: &[Class] = &[
    Class {
        answer: "passing trouble",
        codes: &[(1, &[400, 500]), (2, &[500, 503]), (131_000, &[500]), (131_016, &[500]), (133_004, &[503])],
        list: "503 `upstream_unavailable`, 3 calls, `Retry-After: 5`",
        decide: "207: both unknown",
    },
    Class {
        answer: "a quota",
        codes: &[
            (4, &[400, 429]),
            (17, &[400, 429]),
            (32, &[400]),
            (341, &[400]),
            (613, &[422]),
            (80007, &[200, 400, 429]),
            (80008, &[400, 429]),
            (130_429, &[400, 429]),
            (131_048, &[400]),
            (131_056, &[400]),
            (131_208, &[429]),
        ],
        list: "503 `upstream_rate_limited`, `Retry-After: 1`",
        decide: "503 `upstream_rate_limited`, `Retry-After: 1`",
    },
    Class {
        answer: "maintenance",
        codes: &[(131_057, &[500]), (2_494_100, &[400])],
        list: "503 `upstream_unavailable`, `Retry-After: 60`",
        decide: "503 `upstream_unavailable`, `Retry-After: 60`",
    },
    Class {
        answer: "the gateway's token",
        codes: &[(0, &[401]), (102, &[400]), (104, &[401]), (190, &[200, 400, 401])],
        list: "503 `upstream_credential_invalid`, `Retry-After: 5`",
        decide: "503 `upstream_credential_invalid`, `Retry-After: 5`",
    },
    Class {
        answer: "the rights of the gateway's account",
        codes: &[
            (3, &[500]),
            (10, &[403]),
            (33, &[400]),
            (200, &[403]),
            (299, &[403]),
            (368, &[403]),
            (131_005, &[403]),
            (131_031, &[403]),
            (131_215, &[400]),
            (133_010, &[400]),
        ],
        list: "502 `upstream_forbidden`",
        decide: "502 `upstream_forbidden`",
    },
    Class {
        answer: "no such group",
        codes: &[(803, &[404]), (131_041, &[200, 400])],
        list: "404 `group_not_found`",
        decide: "404 `group_not_found`",
    },
    Class {
        answer: "the group is suspended",
        codes: &[(131_207, &[403])],
        list: "409 `group_suspended`",
        decide: "409 `group_suspended`",
    },
    Class {
        answer: "the call as we made it",
        codes: &[
            (131_008, &[400]),
            (131_009, &[400]),
            (131_020, &[400]),
            (131_209, &[400]),
            (131_212, &[400]),
            (131_214, &[400]),
            (135_000, &[400]),
        ],
        list: "502 `upstream_rejected`",
        decide: "207: both failed (`upstream_rejected`)",
    },
    Class {
        answer: "what may be due to one id and names none, and no look tells which",
        codes: &[(100, &[400, 404, 422]), (131_202, &[400]), (131_204, &[400]), (131_213, &[400])],
        list: "502 `upstream_rejected`",
        decide: "503 `upstream_unavailable`, `Retry-After: 5`",
    },
    Class {
        answer: "a person who cannot be added",
        codes: &[(131_203, &[400])],
        list: "502 `upstream_rejected`",
        decide: "207: both failed (`user_not_addable`)",
    },
    Class {
        answer: "the list changed, at its first page",
        codes: &[(131_059, &[400])],
        list: "503 `upstream_unavailable`, 2 calls, `Retry-After: 5`",
        decide: "207: both failed (`upstream_unavailable`), `Retry-After: 5`",
    },
    Class {
        answer: "partly succeeded, without lists",
        codes: &[(131_201, &[206, 400])],
        list: "502 `upstream_bad_response`",
        decide: "207: both unknown",
    },
    Class {
        answer: "a code that is not in the table",
        codes: &[(999_999, &[400, 401, 403, 404, 422, 428])],
        list: "502 `upstream_rejected`",
        decide: "207: both failed (`upstream_rejected`)",
    },
    Class {
        answer: "… with a status that refuses nothing",
        codes: &[(999_999, &[200, 206, 408, 430])],
        list: "502 `upstream_bad_response`, 3 calls",
        decide: "207: both unknown",
    },
    Class {
        answer: "… with the status of a quota",
        codes: &[(999_999, &[429])],
        list: "503 `upstream_rate_limited`, `Retry-After: 1`",
        decide: "207: both unknown",
    },
    Class {
        answer: "… with a server error",
        codes: &[(999_999, &[500, 599])],
        list: "503 `upstream_unavailable`, 3 calls, `Retry-After: 5`",
        decide: "207: both unknown",
    },
];

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let unreadable_group = json!({ "error_subcode": 33 });
    let subcode = |subcode| error_and(190, &json!({ "error_subcode": subcode }));
    let more = [
        case("no such group: 100 with subcode 33", move |_| answer(400, &error_and(100, &unreadable_group)))
            .list("404 `group_not_found`")
            .decide("404 `group_not_found`"),
        case("the gateway's token: 190 with subcode 458, 463 or 467", move |_| answer(400, &subcode(458)))
            .or(move |_| answer(401, &subcode(463)))
            .or(move |_| answer(401, &subcode(467)))
            .list("503 `upstream_credential_invalid`, `Retry-After: 5`")
            .decide("503 `upstream_credential_invalid`, `Retry-After: 5`"),
        case("a code that is not in the table, with 400 and `is_transient`", |_| {
            answer(400, &error_and(999_999, &json!({ "is_transient": true })))
        })
        .or(|_| answer(400, &error_and(999_999, &json!({ "is_transient": "true" }))))
        .or(|_| answer(400, &error_and(999_999, &json!({ "is_transient": 1 }))))
        .down(),
    ];
    CLASSES.iter().map(of_class).chain(more).collect()
}

fn of_class(class: &'static Class) -> Case {
    let codes = class.codes.iter().map(|(code, statuses)| {
        let statuses = statuses.iter().map(u16::to_string).collect::<Vec<_>>();
        format!("{code} ({})", statuses.join(", "))
    });
    let answer_text = format!("{}: {}", class.answer, codes.collect::<Vec<_>>().join(", "));
    let mut all = Case::each(answer_text, &[], |_, _| Reply::Close);
    for (code, statuses) in class.codes {
        for status in *statuses {
            all = all.or(move |_| answer(*status, &error(*code)));
        }
    }
    all.list(class.list).decide(class.decide)
}

#[test]
fn every_code_of_the_table_is_tried() {
    let tried = CLASSES.iter().flat_map(|class| class.codes).map(|(code, _)| *code).collect::<Vec<_>>();
    for row in joingate::graph::CODES {
        for code in [*row.codes.start(), *row.codes.end()] {
            assert!(tried.contains(&code), "code {code} is tried nowhere");
        }
    }
}
