//! Cursors: a place in one version of a list.

use serde::{Deserialize, Serialize};

use crate::codec;

/// A decoded cursor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cursor {
    pub(crate) offset: usize,
    pub(crate) version_id: String,
}

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        let plain = serde_json::json!({"offset": self.offset, "versionId": self.version_id});
        codec::encode(plain.to_string().as_bytes())
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&codec::decode(text)?).ok()
    }
}
