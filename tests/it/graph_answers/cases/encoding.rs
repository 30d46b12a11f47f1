//! Bytes that are no plain JSON.

use crate::graph_answers::bodies::{JSON, documented};
use crate::graph_answers::case::{Asked, Case, case};
use crate::graph_answers::compressed::{brotli, brotli_bomb, gzip, gzip_bomb};
use crate::support::Reply;

const HTML: &str = "<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>";

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let cases = [compressed(), too_large(), labels(), no_json(), nearly_json()];
    cases.into_iter().flatten().collect()
}

fn body(asked: Asked) -> Vec<u8> {
    documented(asked).to_string().into_bytes()
}

/// The documented body, made into other bytes and labelled so.
fn encoded(label: &'static str, encode: impl Fn(&[u8]) -> Vec<u8>) -> impl Fn(Asked) -> Reply {
    let headers = format!("{JSON}Content-Encoding: {label}\r\n");
    move |asked| Reply::with_body(200, &headers, &encode(&body(asked)))
}

fn compressed() -> Vec<Case> {
    let cut = |bytes: &[u8]| {
        let mut bytes = gzip(bytes);
        bytes.truncate(bytes.len() - 12);
        bytes
    };
    let wrong_sum = |bytes: &[u8]| {
        let mut bytes = gzip(bytes);
        let at = bytes.len() - 8;
        bytes[at] ^= 1;
        bytes
    };
    vec![
        case("gzip, brotli", encoded("gzip", gzip)).or(encoded("br", brotli)).fine(),
        case(
            "`Content-Encoding: identity`, or a compression that is not there",
            encoded("identity", <[u8]>::to_vec),
        )
        .or(encoded("zstd", <[u8]>::to_vec))
        .fine(),
        case("gzip that is none, is cut, has a wrong checksum", encoded("gzip", <[u8]>::to_vec))
            .or(encoded("gzip", cut))
            .or(encoded("gzip", wrong_sum))
            .or(encoded("br", <[u8]>::to_vec))
            .nonsense(),
        case("compressed twice", encoded("gzip", |bytes| gzip(&gzip(bytes))))
            .or(encoded("gzip, gzip", |bytes| gzip(&gzip(bytes))))
            .nonsense(),
        case("compressed and not labelled, or by what was not asked for (`deflate`, `zstd`)", |asked| {
            Reply::with_body(200, JSON, &gzip(&body(asked)))
        })
        .or(encoded("deflate", gzip))
        .or(encoded("zstd", gzip))
        .nonsense(),
    ]
}

/// The documented body with a member of filling around which it would be valid.
fn split(asked: Asked) -> (String, String) {
    let body = documented(asked).to_string();
    (format!("{},\"filling\":\"", &body[..body.len() - 1]), "\"}".to_owned())
}

fn too_large() -> Vec<Case> {
    const MEBIBYTES: usize = 128;
    let filled = |asked, size| {
        let (start, end) = split(asked);
        format!("{start}{}{end}", "x".repeat(size))
    };
    let chunked = move |asked| {
        let body = filled(asked, 3 << 20);
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len());
        Reply::Bytes(format!("{head}{body}\r\n0\r\n\r\n").into_bytes())
    };
    let declared = |asked| {
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 99999999999\r\n\r\n");
        let (start, _) = split(asked);
        Reply::Bytes(format!("{head}{start}{}", "x".repeat(3 << 20)).into_bytes())
    };
    let bomb = |label: &'static str, bomb: fn(&[u8], usize, &[u8]) -> Vec<u8>| {
        move |asked| {
            let (start, end) = split(asked);
            let body = bomb(start.as_bytes(), MEBIBYTES, end.as_bytes());
            Reply::with_body(200, &format!("{JSON}Content-Encoding: {label}\r\n"), &body)
        }
    };
    vec![
        case("1.9 MiB", move |asked| Reply::with_headers(200, JSON, &filled(asked, 1_900_000))).fine(),
        case("3 MiB", move |asked| Reply::with_headers(200, JSON, &filled(asked, 3 << 20)))
            .or(chunked)
            .or(declared)
            .nonsense(),
        case("a gzip or brotli bomb of 128 MiB", bomb("gzip", gzip_bomb))
            .or(bomb("br", brotli_bomb))
            .nonsense(),
    ]
}

fn labels() -> Vec<Case> {
    let labelled = |headers: &'static str| move |asked| Reply::with_body(200, headers, &body(asked));
    vec![
        case("JSON labelled `text/html`, or not labelled", labelled("Content-Type: text/html\r\n"))
            .or(labelled("Content-Type: application/json; charset=UTF-16\r\n"))
            .or(labelled("Content-Type: \r\n"))
            .or(labelled(""))
            .fine(),
    ]
}

fn no_json() -> Vec<Case> {
    let html = |status, _| Reply::with_headers(status, "Content-Type: text/html\r\n", HTML);
    let empty = |status, _| Reply::with_headers(status, JSON, "");
    let no_body = |_| Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    vec![
        Case::each("HTML or nothing with 200, 400, 401, 403, 404", &[200, 400, 401, 403, 404], html)
            .or(|_| Reply::with_headers(200, JSON, ""))
            .or(|_| Reply::with_headers(400, JSON, ""))
            .or(no_body)
            .nonsense(),
        Case::each("HTML or nothing with 500, 502, 503, 504", &[500, 502, 503, 504], html)
            .or(move |asked| empty(500, asked))
            .or(move |asked| empty(503, asked))
            .down(),
        Case::each("HTML, nothing, or JSON without `error`, with 429", &[429], html)
            .or(move |asked| empty(429, asked))
            .or(|_| Reply::json(429, r#"{"message":"slow down"}"#))
            .list("503 `upstream_rate_limited`, `Retry-After: 1`")
            .decide("207: both unknown"),
        case("a JSON list, text, number or `null`", |asked| {
            Reply::json(200, &format!("[{}]", documented(asked)))
        })
        .or(|_| Reply::json(200, "\"ok\""))
        .or(|_| Reply::json(200, "200"))
        .or(|_| Reply::json(200, "null"))
        .nonsense(),
        case("the text `Service Unavailable`", |_| Reply::with_headers(200, "", "Service Unavailable"))
            .nonsense(),
    ]
}

/// The documented body as text, changed.
fn text(change: impl Fn(&str) -> Vec<u8>) -> impl Fn(Asked) -> Reply {
    move |asked| Reply::with_body(200, JSON, &change(&documented(asked).to_string()))
}

/// The documented body with these members written in front of its own.
fn prefixed(members: &'static str) -> impl Fn(Asked) -> Reply {
    text(move |body| format!("{{{members},{}", &body[1..]).into_bytes())
}

fn nearly_json() -> Vec<Case> {
    let utf16 = |body: &str| body.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let deep = |depth: usize| {
        text(move |body| {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            format!("{{\"deep\":{nested},{}", &body[1..]).into_bytes()
        })
    };
    let bad_utf8 = text(|body| [b"{\"bad\":\"\xff\",", &body.as_bytes()[1..]].concat());
    let twice = |asked| {
        let name = match asked {
            Asked::List => "data",
            Asked::Approve => "approved_join_requests",
            Asked::Reject => "rejected_join_requests",
        };
        Reply::json(200, &format!("{{\"{name}\":[],{}", &documented(asked).to_string()[1..]))
    };
    vec![
        case("cut", text(|body| body.as_bytes()[..body.len() - 1].to_vec()))
            .or(text(|body| body.as_bytes()[..20].to_vec()))
            .nonsense(),
        case("something behind it, or in front", text(|body| format!("{body}{body}").into_bytes()))
            .or(text(|body| format!("{body}<html>").into_bytes()))
            .or(text(|body| format!("{body}\0").into_bytes()))
            .or(text(|body| format!("for (;;);{body}").into_bytes()))
            .nonsense(),
        case("UTF-16, a byte order mark, invalid UTF-8, half a surrogate pair", text(utf16))
            .or(text(|body| format!("\u{feff}{body}").into_bytes()))
            .or(bad_utf8)
            .or(prefixed(r#""half":"\ud83d""#))
            .nonsense(),
        case("nested 100 deep", deep(100)).fine(),
        case("nested 100,000 deep", deep(100_000)).nonsense(),
        case("a number that no computer holds", prefixed(r#""number":1e999"#)).nonsense(),
        case("`data` or the list of the verb twice", twice).nonsense(),
        case("`error` twice, once null", prefixed(r#""error":{"code":190},"error":null"#))
            .or(prefixed(r#""error":null,"error":{"code":190}"#))
            .nonsense(),
        case("a member twice in some inner object", prefixed(r#""inner":[{"a":1,"a":1}]"#))
            .or(prefixed(r#""inner":{"b":{"a":1,"\u0061":2}}"#))
            .nonsense(),
    ]
}
