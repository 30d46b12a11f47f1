//! Where an HTTP message ends.

/// Most fields of a head.
const FIELDS: usize = 64;

/// The end of a request's head, which is the end of the request: none here has a body.
pub(crate) fn request_end(bytes: &[u8]) -> Option<usize> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::Request::new(&mut fields).parse(bytes) {
        Ok(httparse::Status::Complete(end)) => Some(end),
        Ok(httparse::Status::Partial) | Err(_) => None,
    }
}

/// Status and end of an answer that is there as a whole. It must state its length.
pub(crate) fn answer_end(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut answer = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(head)) = answer.parse(bytes) else { return None };
    let length = answer.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|field| str::from_utf8(field.value).ok()?.parse::<usize>().ok())?;
    (bytes.len() >= head + length).then_some((answer.code?, head + length))
}
