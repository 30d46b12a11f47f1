//! What the gateway ships for those who watch it: alerts, runbook, dashboard. That alerts come at their time is in
//! `k8s/monitoring/rules_test.yaml`; that every query finds something is tried by `tests/monitoring`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use joingate::telemetry::{Metrics, metrics_table};
use serde_json::{Deserializer, Value};

use crate::support::run_program;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "k8s/monitoring", name].iter().collect()
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&text("dashboard.json")).unwrap()
}

/// The panels that show something.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row")
}

/// What follows the mark, up to the first character that no name has.
fn names_after<'t>(text: &'t str, mark: &'t str) -> BTreeSet<&'t str> {
    let foreign = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    text.split(mark).skip(1).filter_map(|rest| rest.split(foreign).next()).collect()
}

#[tokio::test]
async fn promtool_takes_the_rules_and_every_alert_comes_and_goes_in_time() {
    for arguments in [
        vec!["check", "rules", "--lint=all", "--lint-fatal", path("rules.yaml").to_str().unwrap()],
        vec!["test", "rules", path("rules_test.yaml").to_str().unwrap()],
        vec!["test", "rules", path("rules_slow_test.yaml").to_str().unwrap()],
    ] {
        let output = run_program("promtool", "prometheus", &arguments, "").await;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
    }
}

#[test]
fn every_alert_is_tested_firing_and_not_and_has_its_section_in_the_runbook() {
    let (rules, runbook) = (text("rules.yaml"), text("RUNBOOK.md"));
    let tests = text("rules_test.yaml") + &text("rules_slow_test.yaml");
    let alerts = names_after(&rules, "- alert: ");
    assert!(alerts.len() > 20, "{alerts:?}");
    let sections = names_after(&runbook, "\n## ");
    assert_eq!(sections, alerts);
    let anchors = alerts.iter().map(|alert| alert.to_lowercase()).collect::<BTreeSet<_>>();
    let linked = names_after(&rules, "runbook_url: https://runbooks.example.com/joingate#");
    assert_eq!(linked, anchors.iter().map(String::as_str).collect());
    let dashboard = text("dashboard.json");
    for anchor in names_after(&runbook, "](#").into_iter().chain(names_after(&dashboard, "${runbook}#")) {
        assert!(anchors.contains(anchor), "{anchor}");
    }
    for section in runbook.split("\n## ").skip(1) {
        let (alert, body) = section.split_once('\n').unwrap();
        let whole = ["**Means.**", "**Do.**"].iter().all(|part| body.contains(part));
        let refers = body.contains("As [Joingate") || body.contains("as for [Joingate");
        assert!(whole || refers, "{alert} says neither what it means nor where that stands");
    }
    for alert in alerts {
        let cases =
            tests.split("- eval_time: ").filter(|case| case.contains(&format!("alertname: {alert}\n")));
        let (firing, quiet): (Vec<_>, Vec<_>) = cases.partition(|case| case.contains("exp_labels"));
        assert!(!firing.is_empty() && !quiet.is_empty(), "{alert}");
    }
}

#[test]
fn every_metric_that_is_named_is_there_and_every_one_that_is_there_is_shown() {
    let table = metrics_table(&Metrics::new("v23.0").unwrap());
    let there = names_after(&table, "`joingate_");
    let base = |name: &str| {
        let parts = ["_bucket", "_sum", "_count"];
        parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name).to_owned()
    };
    let mut shown = BTreeSet::new();
    for file in ["rules.yaml", "rules_test.yaml", "rules_slow_test.yaml", "dashboard.json", "RUNBOOK.md"] {
        let text = text(file);
        let named = names_after(&text, "joingate_").into_iter().map(base).collect::<BTreeSet<_>>();
        assert!(named.iter().all(|name| there.contains(&**name)), "{file}: {named:?}");
        shown.extend(if file == "dashboard.json" { named } else { BTreeSet::new() });
    }
    let never = there.iter().filter(|name| !shown.contains(**name)).collect::<Vec<_>>();
    assert!(never.is_empty(), "on no panel: {never:?}");
}

#[test]
fn every_panel_says_what_it_shows_in_one_sentence_and_has_its_unit() {
    let dashboard = dashboard();
    assert!(panels(&dashboard).count() > 30);
    for panel in panels(&dashboard) {
        let title = &panel["title"];
        let description = panel["description"].as_str().unwrap();
        let one = description.ends_with('.') && !description.trim_end_matches('.').contains(". ");
        assert!(one, "{title}: {description}");
        let defaults = &panel["fieldConfig"]["defaults"];
        assert!(defaults["unit"].is_string() && defaults["thresholds"]["steps"].is_array(), "{title}");
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            assert!(expression.contains(r#"job="$job""#), "{title}: {expression}");
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}

#[test]
fn no_panel_hides_another() {
    let dashboard = dashboard();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().unwrap());
        assert!(w > 0 && h > 0 && x + w <= 24, "{}", panel["title"]);
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{} stands on another panel", panel["title"]);
        }
    }
}

#[tokio::test]
async fn dashboard_and_rules_are_config_maps_that_a_cluster_can_take() {
    let folder = path("").to_str().unwrap().to_owned();
    let rendered = run_program("kubectl", "kubernetes-client", &["kustomize", &folder], "").await;
    let yaml = String::from_utf8(rendered.stdout).unwrap();
    let to_json = ["label", "--local", "--filename", "-", "--output", "json", "rendered=yes"];
    let json = run_program("kubectl", "kubernetes-client", &to_json, &yaml).await.stdout;
    let maps = Deserializer::from_slice(&json).into_iter().collect::<Result<Vec<Value>, _>>().unwrap();
    let [dashboard, rules] = &maps[..] else { panic!("{yaml}") };
    assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");
    assert_eq!(dashboard["data"]["joingate.json"], text("dashboard.json"));
    assert_eq!(rules["data"]["joingate.yaml"], text("rules.yaml"));
    // The most that an object of a cluster may be, annotations included.
    assert!(json.len() < 900 * 1024, "{}", json.len());
}
