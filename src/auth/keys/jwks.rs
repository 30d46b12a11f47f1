//! A JSON Web Key Set (RFC 7517). Keys that cannot check a token of ours are skipped, as the RFC asks; a set that
//! is broken as a whole, or leaves no key, is refused.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;

use super::material::Material;
use super::problem::KeyFault;
use super::{Allowed, Key};
use crate::json::{self, Object, Value};

const MAX_KEYS: usize = 100;
const MAX_KID_BYTES: usize = 256;

/// The usable keys of a set.
pub(super) fn parse(document: &[u8], allowed: &Allowed) -> Result<Vec<Key>, KeyFault> {
    let set = json::object(document).ok().ok_or(KeyFault::NotAKeySet)?;
    let entries = set.get("keys").and_then(Value::as_array);
    let entries = entries.ok_or(KeyFault::NotAKeySet)?;
    if entries.len() > MAX_KEYS {
        return Err(KeyFault::TooManyKeys(entries.len()));
    }
    let mut keys = Vec::new();
    let mut skipped = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match key(entry, allowed) {
            Ok(key) => keys.push(key),
            Err(fault) => {
                tracing::debug!(index, reason = %fault, "a key of a key set is not usable and was skipped");
                skipped.push(format!("key {}: {fault}", index + 1));
            }
        }
    }
    let mut kids = BTreeSet::new();
    let named = keys.iter().filter_map(|key| key.kid.as_deref());
    if !named.into_iter().all(|kid| kids.insert(kid)) {
        return Err(KeyFault::DuplicateKid);
    }
    if keys.is_empty() {
        return Err(KeyFault::NoUsableKey(describe(&skipped)));
    }
    Ok(keys)
}

/// The first few reasons; the others are most often the same.
fn describe(skipped: &[String]) -> String {
    if skipped.is_empty() {
        return "it is empty".to_owned();
    }
    skipped.iter().take(5).cloned().collect::<Vec<_>>().join("; ")
}

fn key(entry: &Value<'_>, allowed: &Allowed) -> Result<Key, KeyFault> {
    let members = entry.as_object().ok_or(KeyFault::NotAKeySet)?;
    let kid = kid(members)?;
    check_purpose(members)?;
    let material = material(members)?;
    let mut algorithms = allowed.for_key(material.key_type);
    if let Some(name) = members.get("alg") {
        let own: Option<Algorithm> = name.as_str().and_then(|name| name.parse().ok());
        algorithms.retain(|algorithm| Some(*algorithm) == own);
    }
    if algorithms.is_empty() {
        return Err(KeyFault::WrongAlgorithm);
    }
    Ok(Key { kid, algorithms, decoding: material.decoding })
}

fn kid(members: &Object<'_>) -> Result<Option<String>, KeyFault> {
    let Some(value) = members.get("kid") else {
        return Ok(None);
    };
    let text = value.as_str().filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()));
    text.map(|kid| Some(kid.to_owned())).ok_or(KeyFault::WrongKid)
}

/// RFC 7517 §4.2 and §4.3: a key says itself when it is for something else than checking signatures.
fn check_purpose(members: &Object<'_>) -> Result<(), KeyFault> {
    if members.get("use").is_some_and(|usage| usage.as_str() != Some("sig")) {
        return Err(KeyFault::WrongUse);
    }
    let verifies = |operations: &Value<'_>| {
        let operations = operations.as_array();
        operations
            .is_some_and(|operations| operations.iter().any(|operation| operation.as_str() == Some("verify")))
    };
    if members.get("key_ops").is_some_and(|operations| !verifies(operations)) {
        return Err(KeyFault::WrongOperations);
    }
    Ok(())
}

fn material(members: &Object<'_>) -> Result<Material, KeyFault> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let bytes = |name: &str| {
        let decoded = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        decoded.ok_or(KeyFault::Parameter)
    };
    let point = |size: usize| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        // RFC 7518 §6.2.1.2: each coordinate has the full size of the field.
        let whole = x.len() == size && y.len() == size;
        whole.then(|| [vec![4], x, y].concat()).ok_or(KeyFault::Invalid)
    };
    match (text("kty"), text("crv")) {
        (Some("oct"), _) => Err(KeyFault::Symmetric),
        // Whoever can read the set could sign tokens with it.
        _ if members.contains_key("d") => Err(KeyFault::PrivateKey),
        (Some("RSA"), _) => Material::rsa(&bytes("n")?, &bytes("e")?),
        (Some("EC"), Some("P-256")) => Material::p256(&point(32)?),
        (Some("EC"), Some("P-384")) => Material::p384(&point(48)?),
        (Some("OKP"), Some("Ed25519")) => Material::ed25519(&bytes("x")?),
        (Some(_) | None, _) => Err(KeyFault::UnsupportedType),
    }
}
