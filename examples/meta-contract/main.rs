//! `cargo run --example meta-contract -- FILE`: holds a document of Meta's (OpenAPI 3, YAML or JSON) for the join request edge against what
//! the gateway sends and reads, and names every difference. What it sends is taken down from a gateway at work in front of
//! the sandbox; what it reads is the table by which it counts `graph_schema_drift_total`.
//!
//! Exit codes: 0 no difference but explained ones, 1 differences, 2 no document of this edge.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command, and a client of the gateway")]

mod compare;
mod observe;

use std::error::Error;
use std::process::ExitCode;

use serde_json::Value;

use compare::compare;
use observe::calls_at_work;

/// Differences that are meant, with the reason.
const EXPLAINED: &[(&str, &str)] = &[
    ("GET sends ?limit: not in the document", "Graph's cursor paging, documented for all edges"),
    ("GET sends ?after: not in the document", "Graph's cursor paging, documented for all edges"),
    (
        "GET sends ?appsecret_proof: not in the document",
        "asked for by apps that demand it; documented for all of Graph",
    ),
    (
        "POST sends ?appsecret_proof: not in the document",
        "asked for by apps that demand it; documented for all of Graph",
    ),
    (
        "DELETE sends ?appsecret_proof: not in the document",
        "asked for by apps that demand it; documented for all of Graph",
    ),
    (
        "GET answer data[].user_id : read by the gateway, not in the document",
        "business-scoped user ids, announced for all webhooks and answers about people",
    ),
    (
        "GET answer data[].parent_user_id : read by the gateway, not in the document",
        "business-scoped user ids",
    ),
    ("GET answer data[].username : read by the gateway, not in the document", "business-scoped user ids"),
    (
        "POST answer rejected_join_requests : read by the gateway, not in the document",
        "read to notice an answer that contradicts itself",
    ),
    (
        "DELETE answer approved_join_requests : read by the gateway, not in the document",
        "read to notice an answer that contradicts itself",
    ),
];
/// Members of Graph's errors that its handbook on errors has, and the documents of single edges do not.
const OF_ERRORS: &[&str] = &["error_subcode", "fbtrace_id", "is_transient"];

fn explanation(difference: &str) -> Option<&'static str> {
    let known = EXPLAINED.iter().find(|(explained, _)| *explained == difference);
    let of_error = || {
        let place = difference.strip_suffix(" : read by the gateway, not in the document")?;
        let (_, member) = place.rsplit_once("errors[].")?;
        OF_ERRORS.contains(&member).then_some("a member of every error of Graph")
    };
    known.map(|(_, reason)| *reason).or_else(of_error)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("meta-contract: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<bool, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        return Err("usage: cargo run --example meta-contract -- FILE".into());
    };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    // JSON is YAML.
    let document: Value = serde_saphyr::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let differences = compare(&document, &calls_at_work().await?)?;
    let mut unexplained = 0;
    for difference in &differences {
        if let Some(reason) = explanation(difference) {
            println!("{difference} ({reason})");
        } else {
            unexplained += 1;
            println!("{difference}");
        }
    }
    println!("{} differences, {unexplained} of them unexplained.", differences.len());
    Ok(unexplained == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_explained_and_what_is_of_another_type_is_not() {
        for (place, explained) in [
            ("GET answer data[].user_id : read by the gateway, not in the document", true),
            ("GET answer data[].user_id : [\"integer\"] in the document, string to the gateway", false),
            ("POST answer errors[].fbtrace_id : read by the gateway, not in the document", true),
            ("POST answer errors[].fbtrace_id : [\"object\"] in the document, string to the gateway", false),
            ("POST answer errors[].code : read by the gateway, not in the document", false),
            ("POST sends ?limit: not in the document", false),
        ] {
            assert_eq!(explanation(place).is_some(), explained, "{place}");
        }
    }
}
