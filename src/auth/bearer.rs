//! The `Authorization` field: RFC 6750 §2.1.

use super::{AuthFailure, MAX_TOKEN_BYTES};

/// The token of an `Authorization` field: the scheme `Bearer` in any case, spaces, one token of at most 8 KiB.
pub fn bearer_token(header_value: &[u8]) -> Result<&str, AuthFailure> {
    let end = header_value.iter().position(|byte| *byte == b' ').unwrap_or(header_value.len());
    let (scheme, rest) = header_value.split_at(end);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(AuthFailure::WrongScheme);
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let (_, token) = rest.split_at(spaces);
    if token.len() > MAX_TOKEN_BYTES {
        return Err(AuthFailure::TooLarge);
    }
    if !is_token68(token) {
        return Err(AuthFailure::MalformedHeader);
    }
    str::from_utf8(token).ok().ok_or(AuthFailure::MalformedHeader)
}

/// RFC 9110 §11.2: letters, digits, `-._~+/`, and any `=` only at the end.
fn is_token68(bytes: &[u8]) -> bool {
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let (body, _) = bytes.split_at(bytes.len() - padding);
    let plain = |byte: &u8| PLAIN.get(usize::from(*byte)).is_some_and(|plain| *plain);
    !body.is_empty() && body.iter().all(plain)
}

/// Which bytes may stand before the padding. A table: tokens are long, and every request has one.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    while let [byte, more @ ..] = rest {
        #[expect(
            clippy::indexing_slicing,
            reason = "a byte is less than 256, and the compiler would refuse anything else here"
        )]
        {
            plain[*byte as usize] = true;
        }
        rest = more;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_with_several_spaces() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(bearer_token(value.as_bytes()), Ok("a.b.c"), "{value}");
        }
    }

    #[test]
    fn anything_but_one_token_is_refused() {
        for value in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer a,b",
            "Bearer a, Bearer b",
            "Bearer a ",
            "Bearer =",
            "Bearer a=b",
            "Bearer \"a\"",
            "Bearer a\u{0}",
            "Bearer \ta",
            "Bearer ä",
        ] {
            assert_eq!(bearer_token(value.as_bytes()), Err(AuthFailure::MalformedHeader), "{value:?}");
        }
        assert_eq!(bearer_token(b"Bearer \xff"), Err(AuthFailure::MalformedHeader));
    }

    #[test]
    fn another_scheme_is_told_apart() {
        for value in ["", "Basic YTpi", "Bearera.b.c", "a.b.c", " Bearer a", "Bearer\ta"] {
            assert_eq!(bearer_token(value.as_bytes()), Err(AuthFailure::WrongScheme), "{value:?}");
        }
    }

    #[test]
    fn a_token_of_more_than_8_kib_is_refused_here_already() {
        let token = "a".repeat(MAX_TOKEN_BYTES);
        assert_eq!(bearer_token(format!("Bearer {token}").as_bytes()), Ok(token.as_str()));
        assert_eq!(bearer_token(format!("Bearer {token}a").as_bytes()), Err(AuthFailure::TooLarge));
    }
}
