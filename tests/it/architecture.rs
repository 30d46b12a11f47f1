//! What may stand where in `src`: who imports whom, which crate is named in which module, how long a file may be.

use crate::support::{SourceFile, own_modules, source_files, tokens};

/// What each module may import of ours.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("json", &[]),
    ("config", &["domain"]),
    ("telemetry", &["config", "domain"]),
    ("net", &["config"]),
    ("store", &["config", "domain", "telemetry"]),
    ("auth", &["config", "domain", "json", "telemetry", "net", "store"]),
    ("limits", &["config", "domain", "telemetry", "net", "store"]),
    ("graph", &["config", "domain", "json", "telemetry", "net", "limits"]),
    ("moderation", &["config", "domain", "telemetry", "store", "limits", "graph"]),
    ("api", &["config", "domain", "telemetry", "auth", "limits", "moderation"]),
];

/// These put the others together.
const ON_TOP: &[&str] = &["app", "cli", "lib", "main"];

/// Crates that only some places may name: a folder ends with `/`.
const CRATES: &[(&str, &[&str])] = &[
    ("actix_web", &["api/", "app/", "cli/"]),
    ("actix_http", &["app/"]),
    ("actix_service", &["app/"]),
    ("hyper", &["app/http2.rs", "net/", "graph/transport.rs", "auth/keys/fetch.rs"]),
    ("hyper_util", &["app/http2.rs", "net/"]),
    ("hyper_rustls", &["net/"]),
    ("tower_http", &["net/"]),
    ("tokio_rustls", &["app/tls.rs", "net/connector.rs"]),
    ("redis", &["store/"]),
    ("governor", &["limits/"]),
    ("jsonwebtoken", &["auth/", "cli/token/"]),
    ("prometheus", &["telemetry/metrics/"]),
    ("bytes", &["moderation/list.rs"]),
    ("siphasher", &["store/names.rs"]),
    ("opentelemetry", &["telemetry/traces/", "telemetry/trace_context.rs"]),
    ("opentelemetry_http", &["telemetry/traces/", "net/collector.rs"]),
    ("opentelemetry_otlp", &["telemetry/traces/"]),
    ("opentelemetry_sdk", &["telemetry/traces/"]),
    ("tracing_opentelemetry", &["telemetry/traces/"]),
];

/// The only files that know Graph's JSON.
const GRAPH_JSON: &[&str] = &["graph/wire.rs", "graph/shape.rs", "graph/usage.rs", "graph/tests/"];

/// Most lines of a file, its unit tests left out.
const MAX_LINES: usize = 300;

fn wrong_imports(file: &SourceFile) -> Vec<String> {
    let module = file.module();
    if ON_TOP.contains(&module) {
        return Vec::new();
    }
    let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{}: `{module}` is not in the table of imports", file.path)];
    };
    let tokens = tokens(&file.text);
    let named = own_modules(&tokens, file.depth());
    let foreign = named.into_iter().filter(|name| *name != module && !allowed.contains(name));
    foreign.map(|name| format!("{}: `{module}` may not import `{name}`", file.path)).collect()
}

fn names_crate(file: &SourceFile, name: &str) -> bool {
    let tokens = tokens(&file.text);
    tokens.iter().enumerate().any(|(at, token)| {
        let used = at > 0 && matches!(tokens[at - 1], "use" | "crate");
        *token == name && (used || tokens.get(at + 1) == Some(&"::"))
    })
}

fn stands_in(file: &SourceFile, places: &[&str]) -> bool {
    places.iter().any(
        |place| {
            if place.ends_with('/') { file.path.starts_with(place) } else { file.path == *place }
        },
    )
}

fn misplaced_crates(file: &SourceFile) -> Vec<String> {
    let misplaced =
        CRATES.iter().filter(|(name, places)| !stands_in(file, places) && names_crate(file, name));
    misplaced
        .map(|(name, places)| format!("{}: `{name}` may be named only in {}", file.path, places.join(", ")))
        .collect()
}

fn leaked_json(file: &SourceFile) -> Vec<String> {
    let leaks = file.module() == "graph" && !stands_in(file, GRAPH_JSON) && names_crate(file, "serde_json");
    let message = format!("{}: Graph's JSON shapes belong in {}", file.path, GRAPH_JSON.join(", "));
    leaks.then_some(message).into_iter().collect()
}

fn too_long(file: &SourceFile) -> Vec<String> {
    // Only a whole module of tests ends the count, not a line that merely declares one.
    let code = file.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().count();
    let message = format!("{}: {lines} lines, at most {MAX_LINES} are allowed", file.path);
    (lines > MAX_LINES).then_some(message).into_iter().collect()
}

fn silenced_lints(file: &SourceFile) -> Vec<String> {
    let tokens = tokens(&file.text);
    let silenced = tokens.windows(3).filter(|window| matches!(window, ["[" | "," | "(", "allow", "("]));
    silenced.map(|_| format!("{}: `allow`; use `expect` with a reason", file.path)).collect()
}

fn open_ends(file: &SourceFile) -> Vec<String> {
    let marks = ["TODO", "FIXME", "XXX"].into_iter();
    let found = marks.filter(|mark| file.text.contains(mark));
    found.map(|mark| format!("{}: {mark}", file.path)).collect()
}

fn two_homes(files: &[SourceFile]) -> Vec<String> {
    let both = files.iter().filter(|file| {
        let folder = format!("{}/", file.path.trim_end_matches(".rs"));
        files.iter().any(|other| other.path.starts_with(&folder))
    });
    both.map(|file| format!("{}: there is a folder of that name, too", file.path)).collect()
}

#[track_caller]
fn check(directories: &[&str], rule: impl Fn(&SourceFile) -> Vec<String>) {
    let files = directories.iter().flat_map(|directory| source_files(directory));
    let wrong = files.flat_map(|file| rule(&file)).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_point_one_way() {
    check(&["src"], wrong_imports);
}

#[test]
fn a_crate_is_named_only_where_its_work_is_done() {
    check(&["src"], misplaced_crates);
}

#[test]
fn graphs_json_shapes_stay_in_their_files() {
    check(&["src"], leaked_json);
}

#[test]
fn files_are_short() {
    check(&["src", "sandbox/src", "examples", "bench"], too_long);
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    check(&["src", "sandbox", "examples", "bench", "tests"], silenced_lints);
}

#[test]
fn nothing_is_left_to_be_done_later() {
    check(&["src", "sandbox/src", "examples", "bench"], open_ends);
}

#[test]
fn a_module_is_a_file_or_a_folder() {
    for directory in ["src", "sandbox/src"] {
        let wrong = two_homes(&source_files(directory));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// The rules themselves, on snippets: each can fail, and none fails on what only looks wrong.
mod rules {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    fn imports(path: &str, text: &str) -> Vec<String> {
        wrong_imports(&file(path, text))
    }

    #[test]
    fn an_upward_import_is_found_in_every_form() {
        let forms = [
            "use crate::graph::Page;",
            "use crate::{domain::GroupId, graph::{Page, Cursor}};",
            "use crate::{domain::{GroupId}, graph};",
            "use crate::{\n    domain,\n    graph as g,\n};",
            "fn f() -> crate::graph::Page { g() }",
            "use crate :: graph::Page;",
            "pub(crate) use crate::graph::*;",
            "macro_rules! m { () => { $crate::graph::page() } }",
        ];
        for form in forms {
            let found = imports("config/server.rs", form);
            assert_eq!(found, ["config/server.rs: `config` may not import `graph`"], "{form}");
        }
    }

    #[test]
    fn an_import_of_everything_or_of_an_unknown_module_is_found() {
        assert_eq!(imports("domain/caller.rs", "use crate::*;").len(), 1);
        assert_eq!(imports("domain/caller.rs", "use crate::{self as all};").len(), 1);
        assert_eq!(imports("helpers/mod.rs", "fn f() {}").len(), 1);
    }

    #[test]
    fn a_way_out_over_super_is_found() {
        assert_eq!(imports("net/mod.rs", "use super::graph::Page;").len(), 1);
        assert_eq!(imports("config/section/kinds.rs", "use super::super::super::{api, domain};").len(), 1);
        let nested = "mod tests { use super::super::super::graph::Page; }";
        assert_eq!(imports("config/server.rs", nested).len(), 1);
        let after = "mod tests { fn f() {} } use super::super::graph::Page;";
        assert_eq!(imports("config/server.rs", after).len(), 1);
    }

    #[test]
    fn what_the_table_allows_and_what_is_no_code_passes() {
        let harmless = [
            "use crate::domain::{Caller, graph};",
            "use super::graph::Page;",
            "mod tests { use super::super::graph::Page; }",
            "// use crate::graph::Page;",
            "/// [`crate::graph::Page`]",
            "/* /* */ use crate::graph::Page; */",
            r##"const A: &str = "use crate::graph"; const B: &str = r#"" crate::graph"#; const C: &[u8] = b"\" crate::graph";"##,
            r"fn f<'a>(q: char) -> bool { q == '\'' || q == '{' || q == '/' } // crate::graph",
            "pub(crate) fn graph() {}",
            "use crate::config::Secret;",
        ];
        for text in harmless {
            assert_eq!(imports("config/server.rs", text), Vec::<String>::new(), "{text}");
        }
        assert!(imports("app/mod.rs", "use crate::graph::Page;").is_empty());
    }

    #[test]
    fn a_misplaced_crate_is_found() {
        let places = [
            ("limits/mod.rs", "use actix_web::web;"),
            ("app/mod.rs", "enum E { Metrics(prometheus::Error) }"),
            ("graph/client.rs", "use {url::Url, hyper::Method};"),
            ("api/state.rs", "use ::redis::Client;"),
            ("cli/check.rs", "use jsonwebtoken;"),
            ("moderation/list.rs", "extern crate governor;"),
        ];
        for (path, text) in places {
            assert_eq!(misplaced_crates(&file(path, text)).len(), 1, "{path}: {text}");
        }
        assert!(misplaced_crates(&file("cli/token/mod.rs", "use jsonwebtoken::Header;")).is_empty());
        assert!(misplaced_crates(&file("api/state.rs", "// hyper::Client\nlet redis = 1;")).is_empty());
    }

    #[test]
    fn leaked_json_is_found() {
        assert_eq!(leaked_json(&file("graph/client.rs", "fn f(v: serde_json::Value) {}")).len(), 1);
        assert!(leaked_json(&file("graph/wire.rs", "use serde_json::Value;")).is_empty());
    }

    #[test]
    fn a_long_file_is_found_and_its_unit_tests_do_not_count() {
        let long = "fn f() {}\n".repeat(MAX_LINES + 1);
        assert_eq!(too_long(&file("api/state.rs", &long)).len(), 1);
        assert_eq!(too_long(&file("api/state.rs", &format!("#[cfg(test)]\nmod tests;\n{long}"))).len(), 1);
        let tested = format!("fn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(too_long(&file("api/state.rs", &tested)).is_empty());
    }

    #[test]
    fn silenced_lints_open_ends_and_two_homes_are_found() {
        for text in ["#[allow(dead_code)]", "#![allow(warnings)]", "#[cfg_attr(test, allow(unused))]"] {
            assert_eq!(silenced_lints(&file("net/mod.rs", text)).len(), 1, "{text}");
        }
        assert!(silenced_lints(&file("net/mod.rs", "groups.allow(group); fn allow() {}")).is_empty());
        assert_eq!(open_ends(&file("net/mod.rs", &["// TO", "DO: later"].concat())).len(), 1);
        let homes = [file("net.rs", ""), file("net/client.rs", ""), file("network/mod.rs", "")];
        assert_eq!(two_homes(&homes).len(), 1);
        assert!(two_homes(&homes[1..]).is_empty());
    }
}
