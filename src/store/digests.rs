//! What the store calls things: keyed hashes, so that nothing in clear ever enters it.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::domain::{Caller, GroupId, JoinRequestId};

/// Names the record of one Idempotency-Key of one caller on one route.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey([u8; 32]);

/// Tells one request from another under the same key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Names a join request of one group: the same for every replica with the same `server.secret_key`. Written as 22
/// characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdDigest([u8; 16]);

/// Names a group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct GroupDigest([u8; 16]);

/// Names a caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CallerDigest([u8; 16]);

/// Names an account with Meta.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AccountDigest([u8; 16]);

/// Whoever holds the lease of a record. Each claim makes its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerId(Uuid);

impl OwnerId {
    /// One that was never used before.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

/// Makes the digests, under a key of its own.
pub(super) struct Digests(hmac::Key);

impl Digests {
    /// Derives its key from the process's secret, so that no two uses of the secret share a key.
    pub(super) fn new(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"joingate store v1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    pub(super) fn record_key(&self, caller: &Caller, route: &str, key: &str) -> RecordKey {
        RecordKey(self.tag("record", [caller.issuer.as_str(), &caller.subject, route, key]))
    }

    pub(super) fn fingerprint<P: AsRef<[u8]>>(&self, parts: impl IntoIterator<Item = P>) -> Fingerprint {
        Fingerprint(self.tag("fingerprint", parts))
    }

    pub(super) fn id(&self, group: &GroupId, id: &JoinRequestId) -> IdDigest {
        IdDigest(half(self.tag("id", [group.as_str(), id.as_str()])))
    }

    pub(super) fn group(&self, group: &GroupId) -> GroupDigest {
        GroupDigest(half(self.tag("group", [group.as_str()])))
    }

    pub(super) fn caller(&self, caller: &Caller) -> CallerDigest {
        CallerDigest(half(self.tag("caller", [caller.issuer.as_str(), &caller.subject])))
    }

    /// The one account that there is. Gateways with another secret share nothing with us.
    pub(super) fn account(&self) -> AccountDigest {
        AccountDigest(half(self.tag("account", ["default"])))
    }

    /// HMAC-SHA-256 over the use and the parts, each after its length: no two lists of parts are the same text.
    fn tag<P: AsRef<[u8]>>(&self, usage: &str, parts: impl IntoIterator<Item = P>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        let mut part = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        part(usage.as_bytes());
        for bytes in parts {
            part(bytes.as_ref());
        }
        let mut tag = [0; 32];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }
}

/// 128 bits: no two of the ids that ever meet in a store share them.
fn half(tag: [u8; 32]) -> [u8; 16] {
    tag.first_chunk().copied().unwrap_or_default()
}

impl Serialize for IdDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for IdDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_ref()).map_err(serde::de::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_bytes| serde::de::Error::custom("a digest has 16 bytes"))
    }
}

/// Shown in full: it says nothing to anybody without the key.
macro_rules! shown_as_text {
    ($($digest:ident),*) => {$(
        impl fmt::Display for $digest {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $digest {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({self})", stringify!($digest))
            }
        }
    )*};
}

shown_as_text!(RecordKey, Fingerprint, IdDigest, GroupDigest, CallerDigest, AccountDigest);

impl fmt::Display for OwnerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(issuer: &str, subject: &str) -> Caller {
        Caller { issuer: issuer.to_owned(), subject: subject.to_owned() }
    }

    #[test]
    fn parts_never_run_into_each_other() {
        let digests = Digests::new(&[7; 32]);
        let key = |issuer, subject, route, key| digests.record_key(&caller(issuer, subject), route, key);
        assert_eq!(key("main", "app", "/a", "1"), key("main", "app", "/a", "1"));
        assert_ne!(key("main", "app", "/a", "1"), key("maina", "pp", "/a", "1"));
        assert_ne!(key("main", "app", "/a", "1"), key("main", "app", "/a1", ""));
        assert_ne!(digests.fingerprint(["ab", "c"]), digests.fingerprint(["a", "bc"]));
        assert_ne!(digests.fingerprint(["a", ""]), digests.fingerprint(["a"]));
    }

    #[test]
    fn digests_hold_for_one_group_and_one_secret() {
        let (one, other) = (Digests::new(&[7; 32]), Digests::new(&[8; 32]));
        let group = |text| GroupId::parse(text).unwrap();
        let id = JoinRequestId::parse("MTIz").unwrap();
        assert_eq!(one.id(&group("a"), &id), Digests::new(&[7; 32]).id(&group("a"), &id));
        assert_ne!(one.id(&group("a"), &id), one.id(&group("b"), &id));
        assert_ne!(one.id(&group("a"), &id), other.id(&group("a"), &id));
    }

    #[test]
    fn a_digest_is_read_back_from_its_text_and_from_nothing_else() {
        let digest =
            Digests::new(&[7; 32]).id(&GroupId::parse("a").unwrap(), &JoinRequestId::parse("b").unwrap());
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(text.len(), 24);
        assert_eq!(serde_json::from_str::<IdDigest>(&text).unwrap(), digest);
        for wrong in ["\"\"", "\"AAAA\"", "\"not base64 at all!!!!!\"", "7"] {
            assert!(serde_json::from_str::<IdDigest>(wrong).is_err(), "{wrong}");
        }
    }
}
