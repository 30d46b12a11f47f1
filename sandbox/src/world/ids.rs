//! Identifiers in the shape of Graph's, made of numbers that belong to nobody.

use aws_lc_rs::digest::{SHA256, digest};

use crate::codec;

/// The business number all simulated groups belong to, unless a group names another.
pub(crate) const BUSINESS_PHONE: &str = "15550109999";

const FIRST_PHONE: u64 = 15_550_100_000;
const FIRST_GROUP: u64 = 120_363_000_000_000_000;

/// Counters from which identifiers are made; the same steps give the same ids in every run.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    phones: u64,
    groups: u64,
    traces: u64,
}

impl Numbers {
    /// A fictitious telephone number that was not handed out before.
    pub(crate) fn phone(&mut self) -> String {
        self.phones += 1;
        (FIRST_PHONE + self.phones).to_string()
    }

    /// The numeric part of a new group's identity.
    pub(crate) fn group(&mut self) -> u64 {
        self.groups += 1;
        FIRST_GROUP + self.groups
    }

    /// A trace id: unlike the last one, without meaning.
    pub(crate) fn trace(&mut self) -> String {
        self.traces += 1;
        let hash = digest(&SHA256, &self.traces.to_be_bytes());
        let text: String = codec::encode(hash.as_ref()).chars().take(22).collect();
        format!("A{text}")
    }
}

/// The id of a group in Meta's shape.
pub(crate) fn group_id(owner_phone: &str, number: u64) -> String {
    codec::encode(format!("capi_group:{owner_phone}:{number}").as_bytes())
}

/// The id of a join request: the same for the same person and group, however often they ask.
pub(crate) fn join_request_id(person: &str, group: u64) -> String {
    codec::plain(format!("{person}:{group}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{group_id, join_request_id};

    #[test]
    fn ids_look_like_those_of_graph() {
        let group = group_id("15550109999", 120_363_000_000_000_001);
        assert!(group.starts_with("Y2FwaV9ncm91cD"), "{group}");
        assert!(group.chars().all(|letter| letter.is_ascii_alphanumeric()), "{group}");
        let request = join_request_id("15550100001", 120_363_000_000_000_001);
        assert_eq!(request, "MTU1NTAxMDAwMDE6MTIwMzYzMDAwMDAwMDAwMDAx");
    }
}
