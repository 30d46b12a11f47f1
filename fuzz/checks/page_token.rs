//! Page tokens, under a key of these checks.

use joingate::domain::GroupId;
use joingate::graph::Cursor;
use joingate::moderation::{PageTokenInvalid, PageTokens};

/// A token that was sealed once with [`KEY`] for [`GROUP`]; it stands in the corpus too.
const SEALED: &str = "bm9uY2Utb2YtdGhlBamM2QAud5sz_wz7kBj2ayToQ7_df6rh";
const GROUP: &str = "group-of-the-checks";
const KEY: [u8; 32] = [7; 32];

/// The bytes are taken for a token, which opens only if it is the one that was sealed, and only for its group and key;
/// and for a cursor, whose own token opens to the same cursor, and to nothing once it is changed or cut.
pub fn page_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let tokens = PageTokens::new(&KEY).unwrap();
    let group = GroupId::parse(GROUP).unwrap();
    assert_eq!(tokens.open(&group, text).is_ok(), text == SEALED);
    opens_nowhere_else(text);
    if let Some(cursor) = Cursor::parse(text) {
        let token = tokens.seal(&group, &cursor);
        assert_eq!(tokens.open(&group, &token).as_ref(), Ok(&cursor));
        opens_nowhere_else(&token);
        // Some place, another for each cursor.
        let at = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % token.len();
        let (before, rest) = token.split_at(at);
        let other = if rest.starts_with('A') { "B" } else { "A" };
        let (_, after) = rest.split_at(1);
        assert_eq!(tokens.open(&group, &format!("{before}{other}{after}")), Err(PageTokenInvalid));
        assert_eq!(tokens.open(&group, before), Err(PageTokenInvalid));
    }
}

fn opens_nowhere_else(token: &str) {
    let (group, other_group) = (GroupId::parse(GROUP).unwrap(), GroupId::parse("another-group").unwrap());
    let (tokens, other_tokens) = (PageTokens::new(&KEY).unwrap(), PageTokens::new(&[8; 32]).unwrap());
    assert_eq!(tokens.open(&other_group, token), Err(PageTokenInvalid));
    assert_eq!(other_tokens.open(&group, token), Err(PageTokenInvalid));
}
