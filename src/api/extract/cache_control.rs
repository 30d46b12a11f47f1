//! How old an answer the caller accepts.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CacheDirective, HeaderMap};

/// The `max-age` of the request (RFC 9111, section 5.2.1); `None` when only a fresh answer will do. The smallest one
/// counts, `no-cache` and `no-store` beat it, and what cannot be read asks for nothing.
pub(crate) fn accepted_age(headers: &HeaderMap) -> Option<Duration> {
    let mut accepted = None::<u32>;
    for field in headers.get_all(CACHE_CONTROL) {
        // Names of directives have no case.
        let field = field.to_str().ok()?.to_ascii_lowercase();
        for directive in field.split(',').filter_map(|text| text.trim().parse().ok()) {
            match directive {
                CacheDirective::MaxAge(seconds) => {
                    accepted = Some(accepted.map_or(seconds, |known| known.min(seconds)));
                }
                CacheDirective::NoCache | CacheDirective::NoStore => return None,
                CacheDirective::NoTransform
                | CacheDirective::OnlyIfCached
                | CacheDirective::MaxStale(_)
                | CacheDirective::MinFresh(_)
                | CacheDirective::MustRevalidate
                | CacheDirective::Public
                | CacheDirective::Private
                | CacheDirective::ProxyRevalidate
                | CacheDirective::SMaxAge(_)
                | CacheDirective::Extension(..) => (),
            }
        }
    }
    accepted.map(|seconds| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn accepted(fields: &[&[u8]]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(CACHE_CONTROL, HeaderValue::from_bytes(field).unwrap());
        }
        accepted_age(&headers).map(|age| age.as_secs())
    }

    #[test]
    fn only_a_readable_max_age_accepts_a_copy() {
        let cases: [(&[&[u8]], _); 14] = [
            (&[], None),
            (&[b"max-age=5"], Some(5)),
            (&[b"Max-Age=5"], Some(5)),
            (&[b"max-age=\"5\""], Some(5)),
            (&[b"max-age=0"], Some(0)),
            (&[b" no-transform , max-age=5"], Some(5)),
            (&[b"max-age=9", b"max-age=5, max-age=7"], Some(5)),
            (&[b"max-age=5, no-cache"], None),
            (&[b"max-age=5", b"NO-STORE"], None),
            (&[b"max-age"], None),
            (&[b"max-age=-1"], None),
            (&[b"max-age=99999999999"], None),
            (&[b"max-stale=5, min-fresh=5, s-maxage=5"], None),
            (&[b"max-age=5", b"\xff"], None),
        ];
        for (fields, expected) in cases {
            assert_eq!(accepted(fields), expected, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_in_the_field_is_survived(field in "[\\x20-\\x7e\\x80-\\xff]*") {
            accepted(&[field.as_bytes()]);
        }
    }
}
