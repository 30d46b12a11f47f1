//! The manifests as `kubectl` renders them, read together with the settings that they carry. What they come to as a whole is in
//! `k8s/rendered`; real schemas are tried by `tests/manifests`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use joingate::config::{Environment, Settings};
use serde_json::{Deserializer, Value, json};

use crate::generated::regenerating;
use crate::support::run_program;

/// Where the Deployment mounts the Secret.
pub(crate) const SECRETS: &str = "/run/secrets/joingate";
const OVERLAYS: [&str; 2] = ["production", "dev"];
/// What nobody's password is; every secret of the tests is this.
const MADE_UP: &str = "0123456789abcdef0123456789abcdef";

async fn kubectl(arguments: &[&str], input: &str) -> String {
    let output = run_program("kubectl", "kubernetes-client", arguments, input).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(source, target).unwrap();
        }
    }
}

/// An overlay as it would be applied, with keys of the tests' own.
async fn yaml(overlay: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    copy(&root().join("k8s"), directory.path());
    let overlay = directory.path().join("overlays").join(overlay);
    let keys = overlay.join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    for name in ["secret-key", "auth-hmac-secret", "graph-token"] {
        std::fs::write(keys.join(name), MADE_UP).unwrap();
    }
    kubectl(&["kustomize", overlay.to_str().unwrap()], "").await
}

struct Rendered {
    overlay: &'static str,
    objects: Vec<Value>,
}

impl Rendered {
    async fn of(overlay: &'static str) -> Self {
        // Changes nothing that matters here, talks to no cluster, and prints JSON.
        let to_json = ["label", "--local", "--filename", "-", "--output", "json", "rendered=yes"];
        let json = kubectl(&to_json, &yaml(overlay).await).await;
        let objects = Deserializer::from_str(&json).into_iter().collect::<Result<_, _>>().unwrap();
        Self { overlay, objects }
    }

    async fn both() -> [Self; 2] {
        let [production, dev] = OVERLAYS;
        [Self::of(production).await, Self::of(dev).await]
    }

    fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    fn find(&self, kind: &str, name: &str) -> &Value {
        let mut found = self.all(kind).filter(|object| {
            let full = object["metadata"]["name"].as_str().unwrap();
            full == name || name.ends_with('-') && full.starts_with(name)
        });
        let object = found.next().unwrap_or_else(|| panic!("no {kind} {name} in {}", self.overlay));
        assert!(found.next().is_none(), "more than one {kind} {name} in {}", self.overlay);
        object
    }

    /// The gateway's.
    fn pod(&self) -> &Value {
        &self.find("Deployment", "joingate")["spec"]["template"]["spec"]
    }

    fn gateway(&self) -> &Value {
        let containers = self.pod()["containers"].as_array().unwrap();
        containers.iter().find(|container| container["name"] == "joingate").unwrap()
    }

    /// The pods of all.
    fn pods(&self) -> Vec<&Value> {
        let with_pods = self.all("Deployment").chain(self.all("StatefulSet"));
        with_pods.map(|object| &object["spec"]["template"]["spec"]).collect()
    }

    /// The settings of the config map, loaded as the gateway loads them: an unknown key or a bad value fails.
    fn settings(&self) -> Settings {
        let text = self.find("ConfigMap", "joingate-config-")["data"]["joingate.toml"].as_str().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().to_str().unwrap();
        let mark = format!("\"{SECRETS}/");
        let named = text.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap());
        for name in named {
            std::fs::write(directory.path().join(name), MADE_UP).unwrap();
        }
        let file = directory.path().join("joingate.toml");
        std::fs::write(&file, text.replace(SECRETS, own)).unwrap();
        let environment = Environment::from_pairs(Vec::<(String, String)>::new());
        Settings::load(Some(&file), &environment).unwrap_or_else(|problems| panic!("{problems}"))
    }
}

#[tokio::test]
async fn the_rendered_manifests_are_those_that_were_looked_at() {
    for overlay in OVERLAYS {
        let (rendered, file) = (yaml(overlay).await, root().join(format!("k8s/rendered/{overlay}.yaml")));
        if regenerating() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &rendered).unwrap();
        }
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            known == rendered,
            "{overlay} renders to something else: look at it with JOINGATE_REGENERATE=1"
        );
    }
}

#[tokio::test]
async fn the_settings_of_the_manifests_are_settings_of_the_gateway() {
    for rendered in Rendered::both().await {
        let settings = rendered.settings();
        let port = |name: &str| {
            let ports = rendered.gateway()["ports"].as_array().unwrap();
            let found = ports.iter().find(|port| port["name"] == name);
            found.unwrap_or_else(|| panic!("no port {name}"))["containerPort"].clone()
        };
        assert_eq!(settings.graph.token.current().expose_text(), MADE_UP);
        assert!(settings.server.secret_key.is_some(), "replicas share the key of page tokens");
        let listeners = [settings.server.listen, settings.server.admin_listen];
        assert_eq!([port("http"), port("admin")], listeners.map(|listener| json!(listener.port())));
        assert!(listeners.iter().all(|listener| listener.ip().is_unspecified()));
    }
}

#[tokio::test]
async fn in_production_the_replicas_share_a_redis_that_only_they_reach() {
    let production = Rendered::of("production").await;
    let settings = production.settings();
    let redis = settings.store.redis.as_ref().expect("production has a store");
    let service = production.find("Service", "joingate-redis");
    let port = &service["spec"]["ports"][0]["port"];
    assert_eq!(redis.url.host_str(), Some("joingate-redis"));
    assert_eq!(&json!(redis.url.port()), port);
    assert!(redis.password.is_some());
    let set = production.find("StatefulSet", "joingate-redis");
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    let policy = &production.find("NetworkPolicy", "joingate-redis")["spec"];
    for selector in [&service["spec"]["selector"], &policy["podSelector"]["matchLabels"]] {
        assert!(
            selector.as_object().unwrap().iter().all(|(name, value)| &labels[name] == value),
            "{selector}"
        );
    }
    assert_eq!(policy["egress"], Value::Null);
    let [asked_by] = policy["ingress"].as_array().unwrap().as_slice() else { panic!("{policy}") };
    let gateways = &production.find("Deployment", "joingate")["spec"]["template"]["metadata"]["labels"];
    let allowed = asked_by["from"][0]["podSelector"]["matchLabels"].as_object().unwrap();
    assert!(allowed.iter().all(|(name, value)| &gateways[name] == value), "{policy}");
    assert!(asked_by["from"][0]["podSelector"]["matchLabels"] != *labels, "Redis is no gateway");
    // As many as there may be in a roll keep what they may without Redis.
    let scaler = &production.find("HorizontalPodAutoscaler", "joingate")["spec"];
    let (least, most) = (scaler["minReplicas"].as_u64().unwrap(), scaler["maxReplicas"].as_u64().unwrap());
    let most = f64::from(u8::try_from(most).unwrap());
    assert!(least >= 2 && settings.store.local_share * (most + 2.0) <= 1.0);
}

#[tokio::test]
async fn redis_takes_its_settings_and_its_password_as_the_pod_gives_them() {
    let production = Rendered::of("production").await;
    let container =
        &production.find("StatefulSet", "joingate-redis")["spec"]["template"]["spec"]["containers"][0];
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let conf = production.find("ConfigMap", "joingate-redis")["data"]["redis.conf"].as_str().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let conf = conf.replace("/data", directory.path().to_str().unwrap());
    std::fs::write(path("redis.conf"), format!("{conf}\nport {port}\nbind 127.0.0.1\n")).unwrap();
    std::fs::write(path("redis-password"), MADE_UP).unwrap();
    let script = container["command"][2].as_str().unwrap();
    let script = script
        .replace("/etc/redis/redis.conf", &path("redis.conf"))
        .replace(&format!("{SECRETS}/redis-password"), &path("redis-password"));
    let mut child = std::process::Command::new("sh")
        .args(["-euc", &script])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ask = |url: String| {
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_connection_with_timeout(Duration::from_secs(1)).ok()?;
        let policy =
            redis::cmd("CONFIG").arg(&["GET", "maxmemory-policy"]).query::<Vec<String>>(&mut connection);
        Some(policy.map_err(|error| error.code().map(str::to_owned)))
    };
    let answered = async || ask(format!("redis://:{MADE_UP}@127.0.0.1:{port}"));
    let policy = crate::store::state::eventually("Redis", answered).await;
    let without = ask(format!("redis://127.0.0.1:{port}"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(policy.unwrap(), ["maxmemory-policy", "noeviction"]);
    assert_eq!(without, Some(Err(Some("NOAUTH".to_owned()))));
}

#[tokio::test]
async fn the_pod_finds_its_settings_and_secrets() {
    for rendered in Rendered::both().await {
        let (pod, container) = (rendered.pod(), rendered.gateway());
        let file = json!([{ "name": "JOINGATE_CONFIG", "value": "/etc/joingate/joingate.toml" }]);
        assert_eq!(container["env"], file);
        let mounts = json!([
            { "name": "config", "mountPath": "/etc/joingate", "readOnly": true },
            { "name": "secrets", "mountPath": SECRETS, "readOnly": true },
        ]);
        assert_eq!(container["volumeMounts"], mounts);
        // The name carries the hash of the content, so a change rolls the pods.
        let config = &rendered.find("ConfigMap", "joingate-config-")["metadata"]["name"];
        assert_eq!(&pod["volumes"][0]["configMap"]["name"], config);
        let secret = &pod["volumes"][1]["secret"]["secretName"];
        match rendered.overlay {
            // Whoever applies it makes the Secret, and Kubernetes swaps it.
            "production" => assert_eq!(secret, "joingate-secrets"),
            _ => assert_eq!(secret, &rendered.find("Secret", "joingate-secrets-")["metadata"]["name"]),
        }
    }
}

#[tokio::test]
async fn the_services_lead_to_the_listeners() {
    for rendered in Rendered::both().await {
        let template = &rendered.find("Deployment", "joingate")["spec"]["template"];
        let containers = template["spec"]["containers"].as_array().unwrap();
        let ports = containers.iter().flat_map(|container| container["ports"].as_array().unwrap());
        let ports = ports.map(|port| port["name"].as_str().unwrap()).collect::<Vec<_>>();
        let mut targets = BTreeMap::new();
        for service in
            rendered.all("Service").filter(|service| service["metadata"]["name"] != "joingate-redis")
        {
            for (name, value) in service["spec"]["selector"].as_object().unwrap() {
                assert_eq!(&template["metadata"]["labels"][name], value, "{service}");
            }
            let target = service["spec"]["ports"][0]["targetPort"].as_str().unwrap();
            assert!(ports.contains(&target), "{service}");
            targets.insert(service["metadata"]["name"].as_str().unwrap(), target);
        }
        let mut expected = BTreeMap::from([("joingate", "http"), ("joingate-admin", "admin")]);
        if rendered.overlay == "dev" {
            expected.insert("joingate-sandbox", "sandbox");
        }
        assert_eq!(targets, expected);
    }
}

#[tokio::test]
async fn the_probes_ask_the_admin_port() {
    for rendered in Rendered::both().await {
        for (probe, path) in
            [("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]
        {
            let asked = &rendered.gateway()[probe]["httpGet"];
            assert_eq!((&asked["path"], &asked["port"]), (&json!(path), &json!("admin")), "{probe}");
        }
    }
}

#[tokio::test]
async fn every_pod_meets_the_restricted_security_standard() {
    for rendered in Rendered::both().await {
        let namespace = rendered.all("Namespace").next().unwrap();
        assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
        for pod in rendered.pods() {
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_ne!(pod["securityContext"]["runAsUser"], 0);
            assert_eq!(pod["securityContext"]["seccompProfile"], json!({ "type": "RuntimeDefault" }));
            for absent in ["hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"] {
                assert!(pod.get(absent).is_none(), "{absent}");
            }
            let restricted = json!({
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] }
            });
            for container in pod["containers"].as_array().unwrap() {
                assert_eq!(container["securityContext"], restricted);
                assert!(container["resources"]["limits"]["memory"].is_string(), "{container}");
                assert!(container["resources"]["requests"]["cpu"].is_string(), "{container}");
            }
            for volume in pod["volumes"].as_array().unwrap() {
                let kinds = volume.as_object().unwrap().keys().map(String::as_str);
                let known = ["name", "configMap", "secret", "emptyDir"];
                assert!(kinds.into_iter().all(|kind| known.contains(&kind)), "{volume}");
            }
            assert_eq!(pod["automountServiceAccountToken"], false);
        }
        assert_eq!(rendered.find("ServiceAccount", "joingate")["automountServiceAccountToken"], false);
    }
}

#[tokio::test]
async fn the_pod_is_given_the_time_that_going_down_takes() {
    for rendered in Rendered::both().await {
        let server = rendered.settings().server;
        let grace = rendered.pod()["terminationGracePeriodSeconds"].as_u64().unwrap();
        // And for the admin port, the audit log and the last traces.
        let needed = server.drain_delay + server.shutdown_timeout + Duration::from_secs(10);
        assert!(Duration::from_secs(grace) > needed, "{grace} s are given, {needed:?} are needed");
    }
}

#[tokio::test]
async fn the_gateway_reaches_no_private_address_on_the_port_of_graph() {
    let production = Rendered::of("production").await;
    let egress = &production.find("NetworkPolicy", "joingate")["spec"]["egress"];
    let blocks = egress.as_array().unwrap().iter().filter_map(|rule| rule["to"].as_array()).flatten();
    let blocks = blocks.filter_map(|to| to["ipBlock"].as_object()).collect::<Vec<_>>();
    assert_eq!(blocks.len(), 2);
    let excepted = blocks.iter().flat_map(|block| block["except"].as_array().unwrap()).collect::<Vec<_>>();
    for private in
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"]
    {
        assert!(excepted.contains(&&json!(private)), "{private}");
    }
}

/// The Dockerfile's last stage of a name.
fn stage(name: &str) -> String {
    let dockerfile = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let start = dockerfile.find(&format!("AS {name}\n")).unwrap();
    dockerfile.get(start..).unwrap().split("\nFROM ").next().unwrap().to_owned()
}

#[test]
fn the_stage_of_the_crates_has_every_file_that_cargo_looks_for() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    // What stands in a folder that cargo looks through by itself may be missing; what is named by its path must be there.
    let named = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    let (stage, mut found) = (stage("crates"), 0);
    for path in named {
        assert!(stage.contains(&format!(" {path}")), "{path} is not in the stage `crates` of the Dockerfile");
        found += 1;
    }
    assert!(found >= 5);
}

#[tokio::test]
async fn image_and_manifests_agree_on_user_ports_and_entry_point() {
    let dev = Rendered::of("dev").await;
    let user = dev.pod()["securityContext"]["runAsUser"].as_u64().unwrap();
    for (name, ports) in [("joingate", &["http", "admin"][..]), ("sandbox", &["sandbox"])] {
        let stage = stage(name);
        assert!(stage.contains(&format!("USER {user}:{user}\n")), "{stage}");
        let containers = dev.pod()["containers"].as_array().unwrap();
        let container = containers.iter().find(|container| container["name"] == name).unwrap();
        let of_container = container["ports"].as_array().unwrap();
        let numbers = ports.iter().map(|port| {
            let found = of_container.iter().find(|one| one["name"] == **port);
            found.unwrap()["containerPort"].to_string()
        });
        assert!(stage.contains(&format!("EXPOSE {}\n", numbers.collect::<Vec<_>>().join(" "))), "{stage}");
        // The arguments follow the image's entry point.
        assert_eq!(container["command"], Value::Null);
        assert!(stage.contains("ENTRYPOINT [\"/joingate"), "{stage}");
    }
}
