//! The handle by which tests and the control API arrange the simulated world.

pub(crate) mod error;
pub(crate) mod seed;
mod settings;
pub(crate) mod spec;
mod trouble;

use std::fmt;

use self::error::ControlError;
use self::seed::SeededGroup;
use self::spec::{GroupSpec, GroupView, RequestSpec, RequestView};
use crate::world::Shared;
use crate::world::group::{Group, OpenRequest};
use crate::world::ids;

/// Groups a sandbox holds at most.
pub const MAX_GROUPS: usize = 10_000;
/// Open requests, participants or ordered item failures one group holds at most.
pub const MAX_REQUESTS: usize = 10_000;

/// Arranges one running sandbox. Clones act on the same sandbox; no call waits.
#[derive(Clone)]
pub struct Control {
    shared: Shared,
}

impl Control {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Creates a group and gives its id. Fails when the id is taken or invalid, or at [`MAX_GROUPS`].
    pub fn create_group(&self, spec: GroupSpec) -> Result<String, ControlError> {
        if spec.id.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(ControlError::InvalidId);
        }
        let mut world = self.shared.lock();
        if world.groups.len() >= MAX_GROUPS || spec.participants.len() > MAX_REQUESTS {
            return Err(ControlError::TooMany);
        }
        let owner = spec.owner_phone.unwrap_or_else(|| ids::BUSINESS_PHONE.to_owned());
        let number = world.numbers.group();
        let id = spec.id.unwrap_or_else(|| ids::group_id(&owner, number));
        if world.groups.contains_key(&id) {
            return Err(ControlError::GroupExists);
        }
        let mut group = Group::new(number, spec.name, owner, spec.capacity);
        group.suspended = spec.suspended;
        group.participants = spec.participants;
        world.groups.insert(id.clone(), group);
        Ok(id)
    }

    /// Deletes a group with its requests. What is held for it will change nothing.
    pub fn delete_group(&self, group_id: &str) -> Result<(), ControlError> {
        self.shared.lock().groups.remove(group_id).map(drop).ok_or(ControlError::UnknownGroup)
    }

    /// Every group, in order of id.
    pub fn groups(&self) -> Vec<GroupView> {
        let world = self.shared.lock();
        world.groups.iter().map(|(id, group)| view_group(id, group)).collect()
    }

    /// Suspends a group or lifts the suspension.
    pub fn set_suspended(&self, group_id: &str, suspended: bool) -> Result<(), ControlError> {
        self.with_group(group_id, |group| group.suspended = suspended)
    }

    /// Opens a join request and gives its id: the same one whenever the same person asks again.
    pub fn add_request(&self, group_id: &str, spec: RequestSpec) -> Result<String, ControlError> {
        let mut world = self.shared.lock();
        let now = world.clock.now().as_second();
        let fresh = if spec.wa_id.is_none() && spec.user_id.is_none() && spec.id.is_none() {
            Some(world.numbers.phone())
        } else {
            None
        };
        let group = world.groups.get_mut(group_id).ok_or(ControlError::UnknownGroup)?;
        if group.open().len() >= MAX_REQUESTS {
            return Err(ControlError::TooMany);
        }
        let wa_id = spec.wa_id.or(fresh);
        let person = wa_id.as_deref().or(spec.user_id.as_deref()).unwrap_or_default();
        let id = spec.id.unwrap_or_else(|| ids::join_request_id(person, group.number));
        if group.has_open(&id) {
            return Err(ControlError::RequestExists);
        }
        group.add(OpenRequest {
            id: id.clone(),
            wa_id,
            user_id: spec.user_id,
            parent_user_id: spec.parent_user_id,
            username: spec.username,
            created_at: spec.created_at.unwrap_or(now),
        });
        Ok(id)
    }

    /// Takes a request back, as the person who asked may do at any time.
    pub fn withdraw(&self, group_id: &str, join_request_id: &str) -> Result<(), ControlError> {
        self.with_group(group_id, |group| group.remove(join_request_id))?
            .map(drop)
            .ok_or(ControlError::UnknownRequest)
    }

    /// Ids of the open requests, oldest first; empty for an unknown group.
    pub fn open_requests(&self, group_id: &str) -> Vec<String> {
        self.requests(group_id).unwrap_or_default().into_iter().map(|request| request.id).collect()
    }

    /// The open requests in full, oldest first.
    pub fn requests(&self, group_id: &str) -> Result<Vec<RequestView>, ControlError> {
        self.with_group(group_id, |group| group.open().iter().map(view_request).collect())
    }

    /// Who is in the group: numbers, or user ids of those without one; empty for an unknown group.
    pub fn participants(&self, group_id: &str) -> Vec<String> {
        self.with_group(group_id, |group| group.participants.clone()).unwrap_or_default()
    }

    /// Makes decisions about one open request fail with `code`; 131203 stops approvals only.
    pub fn fail_item(&self, group_id: &str, join_request_id: &str, code: i64) -> Result<(), ControlError> {
        self.with_group(group_id, |group| {
            if group.failures() >= MAX_REQUESTS {
                return Err(ControlError::TooMany);
            }
            group.fail_item(join_request_id, code);
            Ok(())
        })?
    }

    /// Creates the three demonstration groups: an ordinary one, a nearly full one, and one with a
    /// person who cannot be added and two who are known by username only.
    pub fn seed_demo(&self) -> Result<Vec<SeededGroup>, ControlError> {
        seed::seed(self)
    }

    fn with_group<T>(&self, id: &str, act: impl FnOnce(&mut Group) -> T) -> Result<T, ControlError> {
        self.shared.lock().groups.get_mut(id).map(act).ok_or(ControlError::UnknownGroup)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("base_url", &self.shared.base_url).finish_non_exhaustive()
    }
}

fn is_id(id: &str) -> bool {
    (1..=256).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'='))
}

fn view_group(id: &str, group: &Group) -> GroupView {
    GroupView {
        id: id.to_owned(),
        name: group.name.clone(),
        owner_phone: group.owner_phone.clone(),
        capacity: group.capacity,
        suspended: group.suspended,
        participants: group.participants.clone(),
        open_requests: group.open().len(),
    }
}

fn view_request(request: &OpenRequest) -> RequestView {
    RequestView {
        id: request.id.clone(),
        wa_id: request.wa_id.clone(),
        user_id: request.user_id.clone(),
        parent_user_id: request.parent_user_id.clone(),
        username: request.username.clone(),
        created_at: request.created_at,
    }
}
