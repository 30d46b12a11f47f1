//! Connections and HTTP that go wrong.

use crate::graph_answers::bodies::{JSON, documented};
use crate::graph_answers::case::{Asked, Case, case, walk};
use crate::support::Reply;

pub(in crate::graph_answers) fn all(elsewhere: &str) -> Vec<Case> {
    let cases = [connections(), slow(), heads(), framing(), before_the_answer(), redirects(elsewhere)];
    cases.into_iter().flatten().collect()
}

fn body(asked: Asked) -> String {
    documented(asked).to_string()
}

/// Exactly these bytes in front of the documented body; `{length}` is its length.
fn headed(head: &str, asked: Asked) -> Vec<u8> {
    let body = body(asked);
    format!("{}{body}", head.replace("{length}", &body.len().to_string())).into_bytes()
}

fn raw(head: &'static str) -> impl Fn(Asked) -> Reply {
    move |asked| Reply::Bytes(headed(head, asked))
}

/// The same, and the end of the connection.
fn last(head: &'static str) -> impl Fn(Asked) -> Reply {
    move |asked| Reply::BytesThenClose(headed(head, asked))
}

fn whole(asked: Asked) -> Vec<u8> {
    let body = body(asked);
    format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// All but so many bytes of the answer.
fn all_but(missing: usize, asked: Asked) -> Vec<u8> {
    let mut bytes = whole(asked);
    bytes.truncate(bytes.len() - missing);
    bytes
}

fn connections() -> Vec<Case> {
    vec![
        case("nobody listens", |_| Reply::Close)
            .unreachable()
            .list("503 `upstream_unavailable`, 0 calls, `Retry-After: 5`")
            .decide("503 `upstream_unavailable`, 0 calls, `Retry-After: 5`"),
        case("the connection is closed without an answer", |_| Reply::Close).or(|_| Reply::Reset).down(),
        case("… within the head", |_| Reply::BytesThenClose(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()))
            .down(),
        case("… within the body", |asked| Reply::BytesThenClose(all_but(1, asked)))
            .or(|asked| Reply::BytesThenClose(all_but(body(asked).len(), asked)))
            .down(),
        walk("closed once, then answered", |asked| vec![Reply::Close, Reply::Bytes(whole(asked))])
            .list("200: 2 requests, 2 calls")
            .decide("207: both unknown"),
    ]
}

fn slow() -> Vec<Case> {
    let slow = |what: &str, reply: fn(Asked) -> Reply| {
        case(what, reply).impatiently().list("504 `upstream_timeout`, 2 calls").decide("207: both unknown")
    };
    vec![
        slow("no answer in time", |_| Reply::Stall),
        slow("half an answer in time", |asked| Reply::Bytes(all_but(10, asked))),
        slow("an answer that drips byte by byte", |asked| Reply::Drip(whole(asked))),
        slow("`100 Continue` for ever", |_| {
            Reply::Drip("HTTP/1.1 100 Continue\r\n\r\n".repeat(99).into_bytes())
        }),
    ]
}

fn heads() -> Vec<Case> {
    let fields = |number: usize| format!("HTTP/1.1 200 OK\r\n{}", "X-Field: value\r\n".repeat(number));
    let many = move |asked| {
        let body = body(asked);
        Reply::Bytes(format!("{}Content-Length: {}\r\n\r\n{body}", fields(200), body.len()).into_bytes())
    };
    let long = |asked| {
        let (body, long) = (body(asked), "x".repeat(1 << 20));
        let head = format!("HTTP/1.1 200 OK\r\nX-Long: {long}\r\nContent-Length: {}\r\n\r\n", body.len());
        Reply::Bytes(format!("{head}{body}").into_bytes())
    };
    vec![
        case("a status line of another protocol", raw("SSH-2.0-OpenSSH_9.9\r\n\r\n"))
            .or(raw("HTTP/2 200\r\nContent-Length: {length}\r\n\r\n"))
            .or(raw("HTTP/1.1 abc OK\r\nContent-Length: {length}\r\n\r\n"))
            .or(raw("HTTP/1.1 20 OK\r\nContent-Length: {length}\r\n\r\n"))
            .or(raw("HTTP/1.1 -200 OK\r\nContent-Length: {length}\r\n\r\n"))
            .or(last(""))
            .down(),
        case(
            "NUL or no colon in a header field",
            raw("HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: {length}\r\n\r\n"),
        )
        .or(raw("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: {length}\r\n\r\n"))
        .down(),
        case("200 header fields, or one of 1 MiB", many).or(long).down(),
        case("no reason, a long one, HTTP/1.0", raw("HTTP/1.1 200\r\nContent-Length: {length}\r\n\r\n"))
            .or(raw("HTTP/1.1 200 All is well, all is well\r\nContent-Length: {length}\r\n\r\n"))
            .or(raw("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n"))
            .or(last("HTTP/1.0 200 OK\r\n\r\n"))
            .or(last("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"))
            .fine(),
        case("status 999", raw("HTTP/1.1 999 Odd\r\nContent-Length: {length}\r\n\r\n"))
            .list("503 `upstream_unavailable`, 3 calls, `Retry-After: 5`")
            .decide("200: both as asked"),
    ]
}

fn framing() -> Vec<Case> {
    let chunked = |size: &'static str, end: &'static str| {
        move |asked| {
            let body = body(asked);
            let size = size.replace("{length}", &format!("{:x}", body.len()));
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            Reply::BytesThenClose(format!("{head}{size}\r\n{body}\r\n{end}").into_bytes())
        }
    };
    vec![
        case("chunked, with an extension, with trailers", chunked("{length}", "0\r\n\r\n"))
            .or(chunked("{length};a=b", "0\r\n\r\n"))
            .or(chunked("{length}", "0\r\nX-Trailer: a\r\n\r\n"))
            .fine(),
        case(
            "chunked, with a size that is no number, is too large, or without an end",
            chunked("zz", "0\r\n\r\n"),
        )
        .or(chunked("-1", "0\r\n\r\n"))
        .or(chunked("fffffffffffffffff", "0\r\n\r\n"))
        .or(chunked("{length}", ""))
        .down(),
        case(
            "`Content-Length` no number, negative, or two that differ",
            last("HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"),
        )
        .or(last("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"))
        .or(last("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nContent-Length: 3\r\n\r\n"))
        .down(),
        case("`Content-Length` too small", last("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")).nonsense(),
        case("two answers to one request", |asked| Reply::Bytes(whole(asked).repeat(2))).fine(),
    ]
}

fn before_the_answer() -> Vec<Case> {
    let after = |lead: &'static str| move |asked| Reply::Bytes([lead.as_bytes(), &whole(asked)].concat());
    vec![
        case(
            "`100 Continue`, `102`, `103 Early Hints` and then the answer",
            after("HTTP/1.1 100 Continue\r\n\r\n"),
        )
        .or(after("HTTP/1.1 102 Processing\r\n\r\n"))
        .or(after("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"))
        .or(after("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"))
        .fine(),
        case(
            "`101 Switching Protocols`",
            raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n"),
        )
        .nonsense(),
    ]
}

fn redirects(elsewhere: &str) -> Vec<Case> {
    let location = format!("{JSON}Location: {elsewhere}/v23.0/Y2FwaTox/join_requests\r\n");
    let redirect = move |status, asked| Reply::with_headers(status, &location, &body(asked));
    vec![
        Case::each("301, 302, 303, 307, 308 to another host", &[301, 302, 303, 307, 308], redirect)
            .nonsense(),
        Case::each("300, 304, 399", &[300, 304, 399], |status, asked| {
            Reply::with_headers(status, JSON, &body(asked))
        })
        .nonsense(),
    ]
}
