//! One group: its open requests in order of arrival, its members, and what happens to a decision.

use std::collections::HashMap;

use crate::codes;
use crate::world::verb::Decision;

/// Where list versions begin: they are as long as Graph's.
const FIRST_VERSION: u64 = 1_755_000_000_000_000_000;
/// Distance between the list versions of two groups, so that no cursor fits two of them.
const VERSION_STRIDE: u64 = 1_000_000_000;

/// A person waiting to be let in.
#[derive(Debug, Clone)]
pub(crate) struct OpenRequest {
    pub(crate) id: String,
    pub(crate) wa_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) parent_user_id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) created_at: i64,
}

impl OpenRequest {
    /// The name under which the person becomes a member.
    fn person(&self) -> String {
        self.wa_id.clone().or_else(|| self.user_id.clone()).unwrap_or_else(|| self.id.clone())
    }
}

/// A simulated group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) owner_phone: String,
    pub(crate) capacity: usize,
    pub(crate) suspended: bool,
    pub(crate) number: u64,
    pub(crate) participants: Vec<String>,
    open: Vec<OpenRequest>,
    failures: HashMap<String, i64>,
    changes: u64,
}

impl Group {
    pub(crate) fn new(number: u64, name: String, owner_phone: String, capacity: usize) -> Self {
        Self {
            name,
            owner_phone,
            capacity,
            suspended: false,
            number,
            participants: Vec::new(),
            open: Vec::new(),
            failures: HashMap::new(),
            changes: 0,
        }
    }

    pub(crate) fn open(&self) -> &[OpenRequest] {
        &self.open
    }

    pub(crate) fn failures(&self) -> usize {
        self.failures.len()
    }

    /// Names the list as it is now; every change of the list makes a new version.
    pub(crate) fn list_version(&self) -> String {
        (FIRST_VERSION + self.number % 100_000 * VERSION_STRIDE + self.changes).to_string()
    }

    pub(crate) fn has_open(&self, id: &str) -> bool {
        self.open.iter().any(|request| request.id == id)
    }

    pub(crate) fn add(&mut self, request: OpenRequest) {
        self.changes += 1;
        self.open.push(request);
    }

    /// Takes a request off the list; nothing when it is not open.
    pub(crate) fn remove(&mut self, id: &str) -> Option<OpenRequest> {
        let at = self.open.iter().position(|request| request.id == id)?;
        self.changes += 1;
        Some(self.open.remove(at))
    }

    pub(crate) fn fail_item(&mut self, id: &str, code: i64) {
        self.failures.insert(id.to_owned(), code);
    }

    /// Applies a decision to one id and gives the request that was decided, or says with which code it
    /// fails. An approved person takes a place at once.
    pub(crate) fn decide(&mut self, decision: Decision, id: &str) -> Result<OpenRequest, i64> {
        if !self.has_open(id) {
            return Err(codes::UNKNOWN_REQUEST);
        }
        if let Some(code) = self.failures.get(id)
            && (decision == Decision::Approve || *code != codes::TERMS_NOT_ACCEPTED)
        {
            return Err(*code);
        }
        if decision == Decision::Approve && self.participants.len() >= self.capacity {
            return Err(codes::GROUP_FULL);
        }
        let request = self.remove(id).ok_or(codes::UNKNOWN_REQUEST)?;
        if decision == Decision::Approve {
            let person = request.person();
            if !self.participants.contains(&person) {
                self.participants.push(person);
            }
        }
        Ok(request)
    }
}
