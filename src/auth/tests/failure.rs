use std::collections::BTreeSet;

use crate::auth::AuthFailure;

#[test]
fn every_failure_has_a_label_of_its_own_and_a_text_that_may_stand_in_a_challenge() {
    let labels = AuthFailure::ALL.map(AuthFailure::reason).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(labels.len(), AuthFailure::ALL.len());
    // RFC 6750 §3: visible ASCII and spaces, without quotes and backslashes.
    let allowed = |byte: u8| matches!(byte, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~');
    for failure in AuthFailure::ALL {
        assert!(failure.description().bytes().all(allowed), "{failure:?}");
        assert!(failure.reason().bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()));
    }
}

#[test]
fn only_a_token_that_is_known_to_be_wrong_is_called_invalid() {
    let silent = AuthFailure::ALL.into_iter().filter(|failure| failure.error_code().is_none());
    assert_eq!(
        silent.collect::<Vec<_>>(),
        [AuthFailure::NoToken, AuthFailure::WrongScheme, AuthFailure::NoKeys]
    );
}
