//! The manifests as `kubectl` renders them, read together with the settings that they carry.

use std::time::Duration;

use joingate::config::{Environment, Settings};
use serde_json::{Deserializer, Value, json};

use crate::support::run_program;

/// Where the Deployment mounts the Secret.
const SECRETS: &str = "/run/secrets/joingate";

async fn kubectl(arguments: &[&str], input: &str) -> String {
    let output = run_program("kubectl", "kubernetes-client", arguments, input).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every object of `k8s/base`.
async fn rendered() -> Vec<Value> {
    let base = concat!(env!("CARGO_MANIFEST_DIR"), "/k8s/base");
    let yaml = kubectl(&["kustomize", base], "").await;
    // Changes nothing that matters here, talks to no cluster, and prints JSON.
    let to_json = ["label", "--local", "--filename", "-", "--output", "json", "rendered=yes"];
    let json = kubectl(&to_json, &yaml).await;
    let objects = Deserializer::from_str(&json).into_iter();
    objects.collect::<Result<_, _>>().unwrap()
}

fn find<'o>(objects: &'o [Value], kind: &str) -> &'o Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "more than one {kind}");
    object
}

fn pod_of(objects: &[Value]) -> &Value {
    &find(objects, "Deployment")["spec"]["template"]["spec"]
}

/// The settings of the config map, loaded as the gateway loads them: an unknown key or a bad value fails.
fn settings_of(objects: &[Value]) -> Settings {
    let text = find(objects, "ConfigMap")["data"]["joingate.toml"].as_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().to_str().unwrap();
    for name in ["graph-token", "secret-key", "auth-hmac-secret"] {
        assert!(text.contains(&format!("\"{SECRETS}/{name}\"")), "{name} is not used");
        std::fs::write(directory.path().join(name), "0123456789abcdef0123456789abcdef").unwrap();
    }
    let file = directory.path().join("joingate.toml");
    std::fs::write(&file, text.replace(SECRETS, own)).unwrap();
    let environment = Environment::from_pairs(Vec::<(String, String)>::new());
    Settings::load(Some(&file), &environment).unwrap_or_else(|problems| panic!("{problems}"))
}

#[tokio::test]
async fn the_settings_of_the_manifests_are_settings_of_the_gateway() {
    let objects = rendered().await;
    let settings = settings_of(&objects);
    let container = &pod_of(&objects)["containers"][0];
    let port = |name: &str| {
        let ports = container["ports"].as_array().unwrap();
        let found = ports.iter().find(|port| port["name"] == name);
        found.unwrap_or_else(|| panic!("no port {name}"))["containerPort"].clone()
    };
    assert_eq!(settings.graph.token.current().expose_text(), "0123456789abcdef0123456789abcdef");
    assert!(settings.server.secret_key.is_some(), "replicas share the key of page tokens");
    assert_eq!(port("http"), json!(settings.server.listen.port()));
    assert_eq!(port("admin"), json!(settings.server.admin_listen.port()));
    assert!(
        settings.server.listen.ip().is_unspecified() && settings.server.admin_listen.ip().is_unspecified()
    );
}

#[tokio::test]
async fn the_pod_finds_its_settings_and_secrets() {
    let objects = rendered().await;
    let pod = pod_of(&objects);
    let container = &pod["containers"][0];
    let file = json!([{ "name": "JOINGATE_CONFIG", "value": "/etc/joingate/joingate.toml" }]);
    assert_eq!(container["env"], file);
    let mounts = json!([
        { "name": "config", "mountPath": "/etc/joingate", "readOnly": true },
        { "name": "secrets", "mountPath": SECRETS, "readOnly": true },
    ]);
    assert_eq!(container["volumeMounts"], mounts);
    // The name carries the hash of the content, so a change rolls the pods.
    let config = &find(&objects, "ConfigMap")["metadata"]["name"];
    assert!(config.as_str().unwrap().starts_with("joingate-config-"));
    assert_eq!(&pod["volumes"][0]["configMap"]["name"], config);
    assert_eq!(pod["volumes"][1]["secret"]["secretName"], "joingate-secrets");
}

#[tokio::test]
async fn the_services_lead_to_the_two_listeners() {
    let objects = rendered().await;
    let labels = &find(&objects, "Deployment")["spec"]["template"]["metadata"]["labels"];
    let services = objects.iter().filter(|object| object["kind"] == "Service");
    let mut targets = Vec::new();
    for service in services {
        for (name, value) in service["spec"]["selector"].as_object().unwrap() {
            assert_eq!(&labels[name], value, "{service}");
        }
        let ports = service["spec"]["ports"].as_array().unwrap();
        targets.extend(ports.iter().map(|port| port["targetPort"].as_str().unwrap().to_owned()));
    }
    targets.sort();
    assert_eq!(targets, ["admin", "http"]);
}

#[tokio::test]
async fn the_probes_ask_the_admin_port() {
    let objects = rendered().await;
    let container = &pod_of(&objects)["containers"][0];
    for (probe, path) in
        [("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]
    {
        let asked = &container[probe]["httpGet"];
        assert_eq!((&asked["path"], &asked["port"]), (&json!(path), &json!("admin")), "{probe}");
    }
}

#[tokio::test]
async fn the_pod_meets_the_restricted_security_standard() {
    let objects = rendered().await;
    let pod = pod_of(&objects);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_ne!(pod["securityContext"]["runAsUser"], 0);
    assert_eq!(pod["securityContext"]["seccompProfile"], json!({ "type": "RuntimeDefault" }));
    for absent in ["hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"] {
        assert!(pod.get(absent).is_none(), "{absent}");
    }
    let containers = pod["containers"].as_array().unwrap();
    let restricted = json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] }
    });
    assert_eq!(containers.iter().map(|one| &one["securityContext"]).collect::<Vec<_>>(), [&restricted]);
    for volume in pod["volumes"].as_array().unwrap() {
        let kinds = volume.as_object().unwrap().keys().map(String::as_str);
        assert!(kinds.into_iter().all(|kind| ["name", "configMap", "secret"].contains(&kind)), "{volume}");
    }
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(find(&objects, "ServiceAccount")["automountServiceAccountToken"], false);
}

#[tokio::test]
async fn the_pod_is_given_the_time_that_going_down_takes() {
    let objects = rendered().await;
    let server = settings_of(&objects).server;
    let grace = pod_of(&objects)["terminationGracePeriodSeconds"].as_u64().unwrap();
    let needed = server.drain_delay + server.shutdown_timeout;
    assert!(Duration::from_secs(grace) > needed, "{grace} s are given, {needed:?} are needed");
}
