//! Scopes, groups and grants.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Desk, claims, claims_with, claims_without, hmac_source};
use crate::auth::{AuthFailure, Verifier};
use crate::config::GrantSettings;
use crate::domain::{GroupAccess, GroupId, Rights, Scope};

fn scopes_of(desk: &Desk, claims: &Value) -> Vec<Scope> {
    desk.verify(claims).unwrap().rights.scopes.iter().copied().collect()
}

fn groups(ids: &[&str]) -> GroupAccess {
    GroupAccess::Only(ids.iter().map(|id| GroupId::parse(id).unwrap()).collect())
}

#[test]
fn scopes_are_words_between_spaces_and_unknown_ones_grant_nothing() {
    let desk = Desk::new();
    assert_eq!(scopes_of(&desk, &claims()), [Scope::Read, Scope::Decide]);
    let with = |scope: &str| claims_with("scope", json!(scope));
    assert_eq!(scopes_of(&desk, &with("join_requests:read")), [Scope::Read]);
    assert_eq!(scopes_of(&desk, &with("  join_requests:decide  x ")), [Scope::Decide]);
    for scope in [
        "",
        "*",
        "join_requests",
        "join_requests:*",
        "JOIN_REQUESTS:READ",
        "join_requests:read,join_requests:decide",
        "join_requests:read\tjoin_requests:decide",
    ] {
        assert_eq!(scopes_of(&desk, &with(scope)), [], "{scope}");
    }
    assert_eq!(scopes_of(&desk, &claims_without("scope")), []);
}

#[test]
fn scopes_of_another_type_are_refused() {
    let desk = Desk::new();
    for scope in [json!(["join_requests:read"]), json!(null), json!(1), json!(true), json!({})] {
        assert_eq!(desk.failure("scope", scope.clone()), AuthFailure::MalformedScope, "{scope}");
    }
}

#[test]
fn the_claim_with_the_scopes_can_have_another_name() {
    let mut desk = Desk::new();
    desk.issuer().scope_claim = "scp".to_owned();
    assert_eq!(scopes_of(&desk, &claims()), []);
    assert_eq!(scopes_of(&desk, &claims_with("scp", json!("join_requests:read"))), [Scope::Read]);
    assert_eq!(desk.failure("scp", json!([])), AuthFailure::MalformedScope);
}

#[test]
fn groups_are_a_list_of_ids_or_a_star_alone() {
    let desk = Desk::new();
    let access = |value: Value| desk.verify(&claims_with("groups", value)).unwrap().rights.groups.clone();
    assert_eq!(access(json!(["b", "a", "a"])), groups(&["a", "b"]));
    assert_eq!(access(json!([])), groups(&[]));
    assert_eq!(access(json!("*")), GroupAccess::All);
    for value in [
        json!(null),
        json!(true),
        json!(1),
        json!({}),
        json!({"a": true}),
        json!(""),
        json!("a"),
        json!("**"),
        json!(" *"),
        json!(["*"]),
        json!(["a", "*"]),
        json!(["a", ""]),
        json!(["a", "../me"]),
        json!(["a", 1]),
        json!([["a"]]),
        json!([null]),
    ] {
        assert_eq!(desk.failure("groups", value.clone()), AuthFailure::MalformedGroups, "{value}");
    }
}

#[test]
fn more_than_1000_groups_are_refused() {
    let desk = Desk::new();
    let many = |count: usize| claims_with("groups", vec!["a"; count].into());
    assert!(desk.verify(&many(1000)).is_ok());
    assert_eq!(desk.verify(&many(1001)).unwrap_err(), AuthFailure::MalformedGroups);
}

#[test]
fn a_token_without_groups_has_none_unless_the_settings_say_otherwise() {
    let mut desk = Desk::new();
    let without = claims_without("groups");
    assert_eq!(desk.verify(&without).unwrap().rights.groups, groups(&[]));
    desk.settings.require_groups_claim = false;
    assert_eq!(desk.verify(&without).unwrap().rights.groups, GroupAccess::All);
    assert_eq!(desk.verify(&claims_with("groups", json!([]))).unwrap().rights.groups, groups(&[]));
    assert_eq!(desk.failure("groups", json!(null)), AuthFailure::MalformedGroups);
}

fn grant(subject: &str, scope: Scope, group: &str) -> GrantSettings {
    let rights = Rights { scopes: BTreeSet::from([scope]), groups: groups(&[group]) };
    GrantSettings { subject: subject.to_owned(), rights }
}

#[test]
fn a_grant_takes_the_place_of_what_its_subjects_token_says() {
    let mut desk = Desk::new();
    desk.issuer().grants = vec![grant("pod", Scope::Read, "granted"), grant("other", Scope::Decide, "o")];
    let mut token = claims_with("sub", json!("pod"));
    token["groups"] = json!("*");
    let rights = &desk.verify(&token).unwrap().rights;
    assert_eq!(*rights, grant("pod", Scope::Read, "granted").rights);
    // What it replaces is not read, so it may be of another service's form.
    token["groups"] = json!(["system:serviceaccounts"]);
    token["scope"] = json!(["x"]);
    assert!(desk.verify(&token).is_ok());
    assert_eq!(desk.verify(&claims()).unwrap().rights.scopes.len(), 2);
}

#[test]
fn two_grants_for_one_subject_are_reported_at_start() {
    let mut desk = Desk::new();
    desk.issuer().grants = vec![grant("pod", Scope::Read, "a"), grant("pod", Scope::Decide, "b")];
    desk.issuer().algorithms = vec!["RS256".to_owned(), "nonsense".to_owned()];
    desk.issuer().key = hmac_source("short");
    let problems = Verifier::new(&desk.settings).unwrap_err();
    assert_eq!(problems.0.len(), 4, "{problems}");
    assert!(problems.0.iter().all(|problem| problem.issuer == "main"));
    let shown = problems.to_string();
    for part in ["same subject", "RS256", "`nonsense`", "at least 32 bytes"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}
