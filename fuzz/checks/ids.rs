//! Ids of groups and join requests.

use joingate::domain::{GroupId, JoinRequestId};
use url::Url;

/// The bytes are taken for an id of either kind: exactly those of its alphabet and length are accepted, unchanged.
pub fn ids(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let group = GroupId::parse(text);
    assert_eq!(group.is_ok(), consists_of(text, "_-=", GroupId::MAX_LENGTH));
    if let Ok(id) = group {
        assert_eq!(id.as_str(), text);
        assert_eq!(format!("{id:?}"), "GroupId(…)");
        stays_one_segment(&id);
    }
    let request = JoinRequestId::parse(text);
    assert_eq!(request.is_ok(), consists_of(text, "+/=_-", JoinRequestId::MAX_LENGTH));
    if let Ok(id) = request {
        assert_eq!(id.as_str(), text);
        assert_eq!(format!("{id:?}"), "JoinRequestId(…)");
    }
}

fn consists_of(text: &str, marks: &str, longest: usize) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || marks.contains(character);
    !text.is_empty() && text.len() <= longest && text.chars().all(allowed)
}

/// In a URL the id names one object, and no other.
fn stays_one_segment(id: &GroupId) {
    let mut url = Url::parse("https://graph.test.invalid").unwrap();
    url.path_segments_mut().unwrap().extend(["v23.0", id.as_str(), "join_requests"]);
    assert_eq!(url.as_str(), format!("https://graph.test.invalid/v23.0/{}/join_requests", id.as_str()));
}
