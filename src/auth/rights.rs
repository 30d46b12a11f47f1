//! What a token claims that its caller may do: scopes and groups.

use std::collections::BTreeSet;

use super::AuthFailure;
use crate::domain::{GroupAccess, GroupId, Rights, Scope};
use crate::json::{Object, Value};

const MAX_GROUPS: usize = 1000;

/// The rights in the claims. Without `groups` there are none, or all, as the settings say.
pub(super) fn claimed(
    claims: &Object<'_>,
    scope_claim: &str,
    require_groups_claim: bool,
) -> Result<Rights, AuthFailure> {
    let groups = match claims.get("groups") {
        None if require_groups_claim => GroupAccess::Only(BTreeSet::new()),
        None => GroupAccess::All,
        Some(Value::String(every)) if every == "*" => GroupAccess::All,
        Some(Value::Array(names)) if names.len() <= MAX_GROUPS => GroupAccess::Only(listed(names)?),
        Some(
            Value::String(_)
            | Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Object(_),
        ) => return Err(AuthFailure::MalformedGroups),
    };
    let scopes = match claims.get(scope_claim) {
        None => BTreeSet::new(),
        // Names that mean nothing here are other services' scopes.
        Some(Value::String(names)) => names.split(' ').filter_map(Scope::from_name).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(AuthFailure::MalformedScope);
        }
    };
    Ok(Rights { scopes, groups })
}

/// Each a group id; `"*"` in a list is none, so that a list never means more than it shows.
fn listed(names: &[Value<'_>]) -> Result<BTreeSet<GroupId>, AuthFailure> {
    let ids = names.iter().map(|name| name.as_str().and_then(|text| GroupId::parse(text).ok()));
    ids.collect::<Option<_>>().ok_or(AuthFailure::MalformedGroups)
}
