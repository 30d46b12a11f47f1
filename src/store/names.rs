//! What this process calls groups and requests in its own memory: nothing in clear, and far cheaper than the digests that leave it.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::domain::{GroupId, JoinRequestId};

/// 128 bits under keys that nobody outside the process can know: no two things that ever meet in its memory share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u128);

/// Gives names. Those of another one, or of another process, are different.
pub struct Names(SipHasher13);

impl Names {
    /// Draws its keys.
    pub fn new() -> Self {
        let random = || RandomState::new().hash_one("joingate");
        Self(SipHasher13::new_with_keys(random(), random()))
    }

    /// Names a request of a group.
    pub fn request(&self, group: &GroupId, id: &JoinRequestId) -> Name {
        self.name((group.as_str(), id.as_str()))
    }

    /// Names a group.
    pub fn group(&self, group: &GroupId) -> Name {
        self.name(group.as_str())
    }

    fn name(&self, what: impl Hash) -> Name {
        let mut hasher = self.0;
        what.hash(&mut hasher);
        Name(hasher.finish128().as_u128())
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Names").finish_non_exhaustive()
    }
}
