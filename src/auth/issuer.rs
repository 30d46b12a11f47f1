//! One issuer as the settings describe it, ready to check tokens.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{Allowed, IssuerKeys, KeyProblem};
use crate::config::IssuerSettings;
use crate::domain::Rights;

/// An issuer whose tokens are accepted.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) iss: String,
    pub(super) audience: String,
    pub(super) typ: Option<String>,
    pub(super) subjects: Option<BTreeSet<String>>,
    pub(super) scope_claim: String,
    /// Rights by subject, in place of what the token says.
    pub(super) grants: BTreeMap<String, Rights>,
    pub(super) keys: IssuerKeys,
}

impl Issuer {
    /// Reads keys and algorithms; all that is wrong with this issuer comes back at once.
    pub(super) fn new(settings: &IssuerSettings) -> Result<Self, Vec<KeyProblem>> {
        let mut problems = Vec::new();
        let mut report = |fault: &dyn std::fmt::Display| {
            problems.push(KeyProblem { issuer: settings.name.clone(), message: fault.to_string() });
        };
        let allowed = Allowed::parse(&settings.algorithms, &settings.key).unwrap_or_else(|faults| {
            for fault in &faults {
                report(fault);
            }
            // Only to go on and find what is wrong with the key itself.
            Allowed::ByKey
        });
        let keys = IssuerKeys::new(&settings.key, allowed).map_err(|fault| report(&fault));
        let mut grants = BTreeMap::new();
        for grant in &settings.grants {
            if grants.insert(grant.subject.clone(), grant.rights.clone()).is_some() {
                report(&"two grants are for the same subject; give it one");
            }
        }
        match keys {
            Ok(keys) if problems.is_empty() => Ok(Self {
                name: settings.name.clone(),
                iss: settings.issuer.clone(),
                audience: settings.audience.clone(),
                typ: settings.typ.clone(),
                subjects: settings.subjects.as_ref().map(|list| list.iter().cloned().collect()),
                scope_claim: settings.scope_claim.clone(),
                grants,
                keys,
            }),
            Ok(_) | Err(()) => Err(problems),
        }
    }
}
