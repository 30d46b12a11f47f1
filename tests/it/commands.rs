//! The program as a shell or a container starts it.

use std::path::Path;
use std::time::Duration;

use joingate::api::openapi_document;
use joingate::config::{Environment, SettingProblem, Settings};
use joingate_sandbox::{Fault, RunningSandbox, Sandbox, SandboxOptions};
use tempfile::TempDir;

use crate::support::process::{Process, Ran, run, serving, set};
use crate::support::{
    AUDIENCE, Client, DECIDE, GRAPH_TOKEN, ISSUER, LoopbackCertificate, READ, SECRET, TestApp, token,
};

const META_TOKEN: &str = "EAAonlyforthistest0123456789";

/// A directory with a valid settings file and the files it names.
struct Deployment(TempDir);

impl Deployment {
    fn new() -> Self {
        let deployment = Self(tempfile::tempdir().unwrap());
        let token = deployment.write("meta-token", META_TOKEN);
        let secret = deployment.write("secret", SECRET);
        deployment.write(
            "joingate.toml",
            &format!(
                "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nsecret_key_file = \"{secret}\"\n\
                 [auth.issuers.main]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\nhmac_secret_file = \"{secret}\"\n\
                 [graph]\ntoken_file = \"{token}\"\n"
            ),
        );
        deployment
    }

    /// Writes a file and gives its path.
    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// `joingate check` on the settings file.
    fn check(&self, environment: &[(&str, &str)]) -> Ran {
        run(&["check", "--config", &self.path("joingate.toml")], environment)
    }

    /// `joingate check` on other settings.
    fn check_toml(&self, toml: &str) -> Ran {
        let path = self.write("other.toml", toml);
        run(&["check", "--config", &path], &[])
    }
}

/// Checks that the settings were refused with exactly these lines, in whatever order.
#[track_caller]
fn expect_problems(ran: &Ran, expected: &[&str]) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.out, "");
    if let [only] = expected {
        assert_eq!(ran.err.trim_end(), format!("joingate: 1 problem in the settings: {only}"));
        return;
    }
    let mut lines = ran.err.lines();
    let heading = format!("joingate: {} problems in the settings:", expected.len());
    assert_eq!(lines.next(), Some(heading.as_str()), "{}", ran.err);
    let mut found = lines.map(str::trim).collect::<Vec<_>>();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[track_caller]
fn expect_hidden(ran: &Ran, secrets: &[&str]) {
    for secret in secrets {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{ran:?}");
    }
}

#[test]
fn check_prints_the_settings_in_force_with_their_sources() {
    let deployment = Deployment::new();
    let ran = deployment.check(&[
        ("JOINGATE_TELEMETRY__LEVEL", "debug"),
        ("JOINGATE_SERVER__LISTEN", "127.0.0.1:1234"),
        ("JOINGATE_GRAPH__APP_SECRET", "0123456789abcdef"),
        ("JOINGATE_GRAPH__PROXY_URL", "http://user:word@proxy.test.invalid:3128"),
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let file = deployment.path("joingate.toml");
    let token_file = deployment.path("meta-token");
    for line in [
        format!("server.admin_listen = 127.0.0.1:0  ({file})"),
        format!("graph.token_file = {token_file}  ({file})"),
        format!("auth.issuers.main.issuer = {ISSUER}  ({file})"),
        "server.listen = 127.0.0.1:1234  (JOINGATE_SERVER__LISTEN)".to_owned(),
        "telemetry.level = debug  (JOINGATE_TELEMETRY__LEVEL, fixed)".to_owned(),
        "limits.graph = 5000/h  (default, re-read while running)".to_owned(),
        "graph.version = v23.0  (default)".to_owned(),
        "server.max_body = 64KiB  (default)".to_owned(),
        "graph.page_size = –  (default)".to_owned(),
        "graph.app_secret = (set)  (JOINGATE_GRAPH__APP_SECRET)".to_owned(),
        "graph.proxy_url = http://…@proxy.test.invalid:3128/  (JOINGATE_GRAPH__PROXY_URL)".to_owned(),
        "The settings are valid.".to_owned(),
    ] {
        assert!(ran.out.lines().any(|printed| printed == line), "{line}\n{}", ran.out);
    }
    expect_hidden(&ran, &[META_TOKEN, SECRET, "0123456789abcdef", "word@"]);
}

/// Settings with everything wrong. Words in capitals stand for paths.
const WRONG: &str = r#"
stray = 1
[server]
listen = 8080
max_ids = 5000
drain_delay = "2 parsecs"
docs = "yes"
max_boddy = "64KiB"
public_url = "ftp://gateway.test.invalid"
secret_key_file = "WEAK"
[auth.issuers.one]
issuer = "https://one.test.invalid"
audience = "a"
hmac_secret_file = "SECRET"
[auth.issuers.two]
issuer = "https://one.test.invalid"
audience = "a"
hmac_secret_file = "SECRET"
algorithms = ["HS1"]
[auth.issuers.three]
issuer = "https://three.test.invalid"
hmac_secret_file = "WEAK"
[auth.issuers.four]
issuer = "https://four.test.invalid"
audience = "a"
[graph]
base_url = "http://graph.test.invalid"
token_file = "TOKEN"
token = "EAAonlyforthistest0123456789"
app_secret_file = "MISSING"
version = "23"
[limits]
graph = "5000"
[telemetry]
level = "loud"
"#;

/// What is said about them.
const WRONGS: &[&str] = &[
    "stray (FILE): there is no such setting",
    "server.listen (FILE): `8080` is not an IP address with a port, such as `0.0.0.0:8080`",
    "server.max_ids (FILE): `5000` is not a whole number from 1 to 1024",
    "server.drain_delay (FILE): `2 parsecs` is not a duration from 0ms to 1min",
    "server.docs (FILE): `yes` is not `true` or `false`",
    "server.max_boddy (FILE): there is no such setting; did you mean `server.max_body`?",
    "server.public_url (FILE): `ftp://gateway.test.invalid` is not an http or https URL without user, query and fragment",
    "server.secret_key_file (FILE): the content is not 32 to 4096 bytes, and no PEM document",
    "auth.issuers.two.issuer (FILE): another issuer has the same value; each needs its own",
    "auth.issuers.two (FILE): the algorithm `HS1` is not known; known are HS, RS and PS with 256, 384 or 512, ES256, ES384, EdDSA",
    "auth.issuers.three.audience (not set): it must be set",
    "auth.issuers.three.hmac_secret_file (FILE): the content is not 32 to 4096 bytes, and no PEM document",
    "auth.issuers.four.jwks_url (not set): one of jwks_url, jwks_file, public_key_file and hmac_secret_file must be set",
    "graph.base_url (FILE): `http://graph.test.invalid` is not an https URL of scheme and host only (http for loopback)",
    "graph.token (FILE): both `token` and `token_file` are set; keep one",
    "graph.app_secret_file (FILE): cannot read the file: No such file or directory (os error 2)",
    "graph.version (FILE): `23` is not a version such as `v23.0`",
    "limits.graph (FILE): `5000` is not a rate such as `600/min` (s, min or h)",
    "telemetry.level (FILE): `loud` is not `error` or `warn` or `info` or `debug`",
];

#[test]
fn check_names_every_problem_at_once() {
    let deployment = Deployment::new();
    let weak = deployment.write("weak", "31-bytes-are-one-byte-too-few..");
    let toml = WRONG
        .replace("WEAK", &weak)
        .replace("SECRET", &deployment.path("secret"))
        .replace("TOKEN", &deployment.path("meta-token"))
        .replace("MISSING", &deployment.path("missing"));
    let ran = deployment.check_toml(&toml);
    let file = deployment.path("other.toml");
    let lines = WRONGS.iter().map(|line| line.replace("FILE", &file));
    let lines = lines.collect::<Vec<_>>();
    expect_problems(&ran, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    expect_hidden(&ran, &[META_TOKEN, "31-bytes"]);
}

#[test]
fn a_token_file_that_is_empty_or_cannot_be_read_is_one_line() {
    let deployment = Deployment::new();
    let (empty, directory) = (deployment.write("empty", "\n"), deployment.path(""));
    for (file, reason) in [(&empty, "the content is not one line"), (&directory, "cannot read the file")] {
        let ran = deployment.check(&[("JOINGATE_GRAPH__TOKEN_FILE", file)]);
        assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 1), "{ran:?}");
        assert!(ran.err.contains("graph.token_file (JOINGATE_GRAPH__TOKEN_FILE): "), "{ran:?}");
        assert!(ran.err.contains(reason), "{ran:?}");
    }
}

#[test]
fn check_reads_the_files_that_settings_point_to() {
    let deployment = Deployment::new();
    let no_key = deployment.write("no-key", "this is no key");
    let file = deployment.path("joingate.toml");
    let ran = deployment.check(&[
        ("JOINGATE_GRAPH__CA_FILE", &no_key),
        ("JOINGATE_AUTH__ISSUERS__OTHER__ISSUER", "https://other.test.invalid"),
        ("JOINGATE_AUTH__ISSUERS__OTHER__AUDIENCE", AUDIENCE),
        ("JOINGATE_AUTH__ISSUERS__OTHER__JWKS_FILE", &no_key),
        ("JOINGATE_AUTH__ISSUERS__MAIN__ALGORITHMS", "HS256,RS256"),
    ]);
    let other =
        ["AUDIENCE", "ISSUER", "JWKS_FILE"].map(|name| format!("JOINGATE_AUTH__ISSUERS__OTHER__{name}"));
    let expected = [
        "graph.ca_file (JOINGATE_GRAPH__CA_FILE): the file holds no certificate in PEM form".to_owned(),
        format!(
            "auth.issuers.other ({}): the file is not a JSON object with a list `keys`, each member once",
            other.join(", ")
        ),
        format!(
            "auth.issuers.main ({file}, JOINGATE_AUTH__ISSUERS__MAIN__ALGORITHMS): the algorithm RS256 does not suit the key"
        ),
    ];
    expect_problems(&ran, &expected.each_ref().map(String::as_str));
    expect_hidden(&ran, &["this is no key"]);
}

#[test]
fn check_wants_a_certificate_and_its_own_key() {
    let deployment = Deployment::new();
    LoopbackCertificate::new().write_to(deployment.0.path());
    let (certificate, key) = (deployment.path("tls.crt"), deployment.path("tls.key"));
    let check = |certificate: &str, key: &str| {
        deployment
            .check(&[("JOINGATE_SERVER__TLS_CERT_FILE", certificate), ("JOINGATE_SERVER__TLS_KEY_FILE", key)])
    };
    assert_eq!(check(&certificate, &key).code, Some(0));
    let swapped = check(&key, &certificate);
    let message =
        "server.tls_cert_file (JOINGATE_SERVER__TLS_CERT_FILE): it holds no certificate in PEM form";
    expect_problems(&swapped, &[message]);
    let message = "server.tls_key_file (JOINGATE_SERVER__TLS_KEY_FILE): it holds no unencrypted private key in PEM form";
    expect_problems(&check(&certificate, &certificate), &[message]);
    let elsewhere = tempfile::tempdir().unwrap();
    let [_, other] = LoopbackCertificate::new().write_to(elsewhere.path());
    let message = "server.tls_key_file (JOINGATE_SERVER__TLS_KEY_FILE): it is not the key of the first certificate of `tls_cert_file`, or of no known kind";
    expect_problems(&check(&certificate, other.to_str().unwrap()), &[message]);
    let ran = deployment.check(&[("JOINGATE_SERVER__TLS_CERT_FILE", &certificate)]);
    expect_problems(&ran, &["server.tls_key_file (not set): it must be set with `tls_cert_file`"]);
    let ran = deployment.check(&[("JOINGATE_SERVER__TLS_KEY_FILE", &key)]);
    expect_problems(&ran, &["server.tls_cert_file (not set): it must be set with `tls_key_file`"]);
}

#[test]
fn check_without_any_settings_says_what_is_needed() {
    expect_problems(
        &run(&["check"], &[]),
        &[
            "auth.issuers (not set): at least one issuer is needed, such as [auth.issuers.main]",
            "graph.token_file (not set): the system-user token must be given",
        ],
    );
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    let deployment = Deployment::new();
    let long = META_TOKEN.repeat(400);
    let ran = deployment.check(&[
        ("JOINGATE_GRAPH__ACCESS_TOKEN", META_TOKEN),
        ("JOINGATE_GRAPH__TOKEN_FILE", META_TOKEN),
        ("JOINGATE_GRAPH__APP_SECRET_FILE", &long),
        ("JOINGATE_AUTH__ISSUERS__MAIN__HMAC_SECRET", SECRET),
        ("JOINGATE_GRAPH__BASE_URL", "https://user:word@graph.test.invalid"),
    ]);
    let file = deployment.path("joingate.toml");
    let both = format!(
        "auth.issuers.main.hmac_secret ({}): both `hmac_secret` and `hmac_secret_file` are set; keep one",
        "JOINGATE_AUTH__ISSUERS__MAIN__HMAC_SECRET"
    );
    let expected = [
        "graph.access_token (JOINGATE_GRAPH__ACCESS_TOKEN): there is no such setting",
        "graph.token_file (JOINGATE_GRAPH__TOKEN_FILE): cannot read the file: No such file or directory (os error 2)",
        "graph.app_secret_file (JOINGATE_GRAPH__APP_SECRET_FILE): the value is not the path of a file with one line of visible ASCII, at most 4096 bytes",
        &both,
        "graph.base_url (JOINGATE_GRAPH__BASE_URL): `https://…@graph.test.invalid` is not an https URL of scheme and host only (http for loopback)",
    ];
    expect_problems(&ran, &expected);
    expect_hidden(&ran, &[META_TOKEN, SECRET, "word@"]);
    for graph in [
        format!("token_file = [\"{META_TOKEN}\"]"),
        format!("token = [\"{META_TOKEN}\"]"),
        format!("token = \"two lines\\n{META_TOKEN}\""),
        format!("token = {{ {META_TOKEN} = \"{META_TOKEN}\" }}").replacen(META_TOKEN, "value", 1),
    ] {
        let toml = std::fs::read_to_string(&file).unwrap();
        let (before, _) = toml.split_once("token_file").unwrap();
        let ran = deployment.check_toml(&format!("{before}{graph}\n"));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        expect_hidden(&ran, &[META_TOKEN]);
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_named() {
    let deployment = Deployment::new();
    let ran = deployment.check_toml(&format!("[graph]\ntoken = \"{META_TOKEN}\n"));
    let first = ran.err.lines().nth(1).unwrap_or_default();
    let file = deployment.path("other.toml");
    assert_eq!(first.trim(), format!("the settings file ({file}): not valid TOML near line 2"));
    assert_eq!(ran.code, Some(2));
    expect_hidden(&ran, &[META_TOKEN]);

    let large = format!("# {}\n", "x".repeat(1024 * 1024));
    for (path, message) in [
        (deployment.path("missing.toml"), "cannot read it: No such file or directory (os error 2)"),
        (deployment.write("large.toml", &large), "larger than 1 MiB"),
    ] {
        let ran = run(&["check"], &[("JOINGATE_CONFIG", &path)]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains(&format!("the settings file ({path}): {message}\n")), "{ran:?}");
    }
}

#[test]
fn the_option_names_the_settings_file_before_the_environment_does() {
    let deployment = Deployment::new();
    let file = deployment.path("joingate.toml");
    assert_eq!(run(&["check"], &[("JOINGATE_CONFIG", &file)]).code, Some(0));
    let ran = deployment.check(&[("JOINGATE_CONFIG", "/nowhere/joingate.toml")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn links_to_services_are_ignored_and_near_misses_are_not() {
    let deployment = Deployment::new();
    let ran = deployment.check(&[
        ("JOINGATE_PORT", "tcp://10.0.0.1:80"),
        ("JOINGATE_SERVICE_HOST", "10.0.0.1"),
        ("JOINGATE_SERVICE_PORT", "80"),
        ("JOINGATE_ADMIN_SERVICE_PORT_HTTP", "9090"),
        ("JOINGATE_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("JOINGATE_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("JOINGATE_ADMIN_PORT_9090_TCP_PROTO", "tcp"),
        ("OTHER_SERVICE_HOST", "10.0.0.2"),
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains("10.0.0.1"));
    let ran =
        deployment.check(&[("JOINGATE_GRAPH_TOKEN", META_TOKEN), ("JOINGATE_SERVER__SOMETHING_ELSE", "80")]);
    let expected = [
        "graph_token (JOINGATE_GRAPH_TOKEN): there is no such setting; did you mean `graph.token`?",
        "server.something_else (JOINGATE_SERVER__SOMETHING_ELSE): there is no such setting",
    ];
    expect_problems(&ran, &expected);
    expect_hidden(&ran, &[META_TOKEN]);
}

#[test]
fn wrong_usage_ends_with_two() {
    for arguments in [
        &["frobnicate"][..],
        &["--frobnicate"],
        &["check", "--config"],
        &["check", "--config", "a", "--config", "b"],
        &["serve", "extra"],
        &["openapi", "--config", "a"],
        &["token"],
        &[
            "token",
            "--key-file",
            "a",
            "--iss",
            "i",
            "--aud",
            "a",
            "--sub",
            "s",
            "--scope",
            "x",
            "--ttl",
            "soon",
        ],
    ] {
        let ran = run(arguments, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains("error: ") && ran.err.contains("--help"), "{}", ran.err);
    }
    for arguments in [["--help"], ["--version"]] {
        let ran = run(&arguments, &[]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert!(ran.out.contains("joingate"), "{}", ran.out);
    }
    let version = format!("joingate {} (commit unknown, Graph API v23.0)\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&["--version"], &[]).out, version);
}

#[test]
fn openapi_prints_the_document_of_the_library() {
    let ran = run(&["openapi"], &[]);
    let expected = openapi_document().to_pretty_json().unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, format!("{expected}\n"));
}

fn mint(key_file: &str, more: &[&str]) -> Ran {
    let usual = [
        "token",
        "--key-file",
        key_file,
        "--iss",
        ISSUER,
        "--aud",
        AUDIENCE,
        "--sub",
        "shell",
        "--scope",
        READ,
    ];
    run(&[&usual[..], more].concat(), &[])
}

#[tokio::test]
async fn a_minted_token_opens_what_it_says_and_nothing_else() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    let (other, _) = app.group_with_requests(1);
    let deployment = Deployment::new();
    let ran = mint(&deployment.path("secret"), &["--groups", &group, "--alg", "HS512", "--kid", "k"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let token = ran.out.strip_suffix('\n').expect("one line");
    let caller = Client::new(app.url(), Some(token.to_owned()));
    assert_eq!(caller.list(&group).await.status, 200);
    caller.list(&other).await.expect_problem(403, "forbidden_group");
    caller.approve(&group, &open).await.expect_problem(403, "forbidden_scope");
    app.stop().await;
}

#[test]
fn token_says_in_one_sentence_why_it_mints_nothing() {
    let deployment = Deployment::new();
    let secret = deployment.path("secret");
    let weak = deployment.write("weak", "a-short-secret");
    let pem = deployment.write("pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let unusable =
        "the key file holds neither a secret of 32 to 4096 bytes nor one unencrypted private key as PEM";
    for (key_file, more, message) in [
        ("/nowhere", &[][..], "the key file: cannot read the file: No such file or directory (os error 2)"),
        (&weak, &[], unusable),
        (&pem, &[], unusable),
        (&secret, &["--alg", "RS256"], "the algorithm `RS256` does not suit the key"),
        (&secret, &["--ttl", "721h"], "--ttl must be 1 second to 30 days, such as 90s, 10m or 24h"),
        (&secret, &["--groups", "a,../b"], "--groups must be group ids separated by commas, or * alone"),
    ] {
        let ran = mint(key_file, more);
        // A key that cannot be used is a failure; an option that cannot be is wrong usage.
        let code = if more.is_empty() { 1 } else { 2 };
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{more:?}");
        assert_eq!(ran.err, format!("joingate: {message}\n"));
    }
}

async fn sandbox_with_requests(requests: usize) -> (RunningSandbox, String, Vec<String>) {
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let group = sandbox.control().create_group(joingate_sandbox::GroupSpec::default()).unwrap();
    let add = |_| sandbox.control().add_request(&group, joingate_sandbox::RequestSpec::default()).unwrap();
    let open = (0..requests).map(add).collect();
    (sandbox, group, open)
}

fn moderator() -> String {
    token("moderator", &format!("{READ} {DECIDE}"), Some("*"))
}

#[tokio::test]
async fn serve_is_what_happens_without_a_command() {
    let deployment = Deployment::new();
    let file = deployment.path("joingate.toml");
    for arguments in [&["serve", "--config", &file][..], &["--config", &file]] {
        let process = Process::start(arguments, Vec::new()).await;
        assert_eq!(process.operator().get("/readyz").await.status, 200);
        let ended = process.stop().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.log.iter().all(|line| line.starts_with(r#"{"timestamp":"#)), "{ended:?}");
    }
}

#[tokio::test]
async fn sigterm_drains_and_finishes_what_is_in_flight() {
    let (sandbox, group, open) = sandbox_with_requests(2).await;
    let mut settings = serving(&sandbox);
    set(&mut settings, "SERVER__DRAIN_DELAY", "3s");
    let mut process = Process::start(&["serve"], settings).await;
    let caller = process.caller(Some(moderator()));
    let before = caller.list(&group).await;
    assert_eq!((before.status, before.header("connection")), (200, ""));

    // Longer than the drain delay: it ends after the listener has closed.
    sandbox.control().fail_next(1, Fault::delay(5000)).unwrap();
    let in_flight = caller.approve(&group, &open[..1]);
    let meanwhile = async {
        process.audit.next_with(r#""event":"intended""#).await;
        process.terminate();
        process.log.next_with("going down: not ready, still serving").await;
        assert_eq!(process.operator().get("/readyz").await.status, 503);
        assert_eq!(process.operator().get("/livez").await.status, 200);
        let served = caller.list(&group).await;
        assert_eq!((served.status, served.header("connection")), (200, "close"));
    };
    let (decided, ()) = tokio::join!(in_flight, meanwhile);
    assert_eq!((decided.status, decided.outcomes()), (200, vec!["approved".to_owned()]));
    assert_eq!(decided.header("connection"), "close");
    assert_eq!(sandbox.control().participants(&group).len(), 1);

    let ended = process.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let event = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].clone();
    assert_eq!(ended.audit.iter().map(event).collect::<Vec<_>>(), ["intended", "decided"]);
    assert!(ended.log.last().is_some_and(|line| line.contains(r#""message":"down""#)), "{ended:?}");
}

#[test]
fn what_the_machine_lacks_is_said_in_one_line_with_the_setting() {
    let deployment = Deployment::new();
    let file = deployment.path("joingate.toml");
    let without_certificates = [("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", "/nowhere")];
    for (arguments, environment, setting) in [
        ("check", &without_certificates[..], "graph.ca_file (not set): "),
        ("serve", &without_certificates[..], "graph.ca_file (not set): "),
        ("serve", &[("JOINGATE_TELEMETRY__AUDIT", "/proc/nowhere")][..], "telemetry.audit "),
        ("serve", &[("JOINGATE_SERVER__LISTEN", "192.0.2.1:80")], "server.listen = 192.0.2.1:80 "),
        ("serve", &[("JOINGATE_STORE__REDIS_CA_FILE", "/nowhere")], "store.redis_ca_file "),
    ] {
        let ran = run(&[arguments, "--config", &file], environment);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let line = ran.err.lines().last().unwrap();
        assert!(line.contains(setting) && !line.ends_with("builder error"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_taken_port_is_a_clear_failure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let deployment = Deployment::new();
    let file = deployment.path("joingate.toml");
    for key in ["listen", "admin_listen"] {
        let name = format!("JOINGATE_SERVER__{}", key.to_uppercase());
        let ran = run(&["serve", "--config", &file], &[(&name, &address)]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        let sentence = format!(
            "joingate: server.{key} = {address} cannot be listened on: Address already in use (os error 98)"
        );
        assert_eq!(ran.err.lines().last(), Some(sentence.as_str()), "{ran:?}");
    }
}

#[test]
fn serve_refuses_bad_settings_as_check_does() {
    let deployment = Deployment::new();
    let file = deployment.path("joingate.toml");
    let environment = [
        ("JOINGATE_SERVER__MAX_IDS", "0"),
        ("JOINGATE_AUTH__ISSUERS__MAIN__ALGORITHMS", "none"),
        ("JOINGATE_GRAPH__CA_FILE", "/nowhere"),
    ];
    let served = run(&["serve", "--config", &file], &environment);
    let checked = deployment.check(&environment);
    assert_eq!((served.code, &served.err), (Some(2), &checked.err));
    assert_eq!(served.err.lines().count(), 4, "{}", served.err);
}

#[tokio::test]
async fn a_changed_token_file_is_taken_while_running() {
    let (sandbox, group, _) = sandbox_with_requests(1).await;
    let deployment = Deployment::new();
    let mut settings = serving(&sandbox);
    settings.retain(|(name, _)| name != "JOINGATE_GRAPH__TOKEN");
    set(&mut settings, "GRAPH__TOKEN_FILE", deployment.write("live-token", GRAPH_TOKEN));
    let mut process = Process::start(&["serve"], settings).await;
    let caller = process.caller(Some(moderator()));
    assert_eq!(caller.list(&group).await.status, 200);
    sandbox.control().set_token(META_TOKEN);
    caller.list(&group).await.expect_problem(503, "upstream_credential_invalid");

    deployment.write("live-token", "not one line\nof text\n");
    let refused = process.log.next_with("its old content holds").await;
    assert!(refused.contains("graph.token_file"), "{refused}");
    deployment.write("live-token", &format!("{META_TOKEN}\n"));
    process.log.next_with("a changed file was taken").await;
    assert_eq!(caller.list(&group).await.status, 200);
    let reloads = process.operator().get("/metrics").await.text;
    for result in ["taken", "refused"] {
        let series = format!(r#"joingate_config_reloads_total{{result="{result}",what="graph.token_file"}}"#);
        assert!(reloads.contains(&series), "{series}");
    }
}

#[tokio::test]
async fn the_process_leaves_no_core_dump() {
    let deployment = Deployment::new();
    let file = deployment.path("joingate.toml");
    let process = Process::start(&["serve", "--config", &file], Vec::new()).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let values = core.unwrap().split_whitespace().skip(4).take(2).collect::<Vec<_>>();
    assert_eq!(values, ["0", "0"]);
}

/// Loads settings of an issuer, a token and these.
fn load(pairs: &[(&str, &str)]) -> Result<Settings, Vec<SettingProblem>> {
    let usual = [
        ("AUTH__ISSUERS__TEST__ISSUER", ISSUER),
        ("AUTH__ISSUERS__TEST__AUDIENCE", AUDIENCE),
        ("AUTH__ISSUERS__TEST__HMAC_SECRET", SECRET),
        ("GRAPH__TOKEN", META_TOKEN),
    ];
    let pairs = usual.iter().chain(pairs);
    let environment = pairs.map(|(name, value)| (format!("JOINGATE_{name}"), (*value).to_owned()));
    Settings::load(None, &Environment::from_pairs(environment)).map_err(|problems| problems.0)
}

#[test]
fn a_proxy_elsewhere_would_see_the_token_of_plain_calls() {
    let base = ("JOINGATE_GRAPH__BASE_URL", "http://127.0.0.1:8090");
    for (proxy, told) in [("http://proxy:3128", true), ("http://127.0.0.1:3128", false)] {
        let ran = run(&["check"], &[base, ("JOINGATE_GRAPH__PROXY_URL", proxy)]);
        assert_eq!(ran.err.contains("it must be on the loopback"), told, "{}", ran.err);
    }
}

#[test]
fn values_at_their_bounds_are_taken_and_beyond_them_refused() {
    for (name, taken, refused) in [
        ("SERVER__MAX_IDS", &["1", "1024"][..], &["0", "1025", "-1", "1.5", "", "many"][..]),
        ("SERVER__MAX_BODY", &["1KiB", "1MiB", "1024B"], &["1023B", "1025KiB", "64KB", "64"]),
        ("SERVER__DRAIN_DELAY", &["0s", "60s", "1m", "1min"], &["61s", "-1s", "5", "5 days"]),
        ("SERVER__DOCS", &["true", "false"], &["yes", "1", "True"]),
        ("SERVER__LISTEN", &["[::1]:0"], &["8080", "localhost:80", "1.2.3.4:65536"]),
        ("LIMITS__CALLER", &["1/s", "600/min", "5/h"], &["0/s", "5", "5/day", "-1/s"]),
        ("LIMITS__CALLER_BURST", &["17"], &["16"]),
        ("GRAPH__VERSION", &["v23.0", "v1.12"], &["23.0", "v23", "v23.0/..", "v.1"]),
        ("GRAPH__PROXY_URL", &["http://proxy:3128"], &["https://proxy", "socks5://proxy", "proxy:3128"]),
        (
            "SERVER__PUBLIC_URL",
            &["http://a", "https://a.b/c"],
            &["a.b", "//a", "https://a/?q", "https://a/#f", "https://u@a/"],
        ),
        ("IDEMPOTENCY__TTL", &["1min", "168h"], &["59s", "169h"]),
        ("IDEMPOTENCY__REMEMBER_DECISIONS", &["0s", "1h"], &["61min"]),
        ("TELEMETRY__LOG", &["json", "pretty"], &["JSON", "text"]),
    ] {
        for value in taken {
            assert!(load(&[(name, value)]).is_ok(), "{name} = {value}");
        }
        for value in refused {
            let problems = load(&[(name, value)]).err().unwrap_or_else(|| panic!("{name} = {value}"));
            let key = name.to_ascii_lowercase().replace("__", ".");
            assert_eq!((problems.len(), &problems[0].key), (1, &key), "{problems:?}");
            assert_eq!(problems[0].source, format!("JOINGATE_{name}"));
        }
    }
}

#[test]
fn graph_is_called_in_clear_only_on_this_machine() {
    for url in ["https://graph.facebook.com", "http://127.0.0.1:8081", "http://[::1]:80", "http://localhost"]
    {
        assert!(load(&[("GRAPH__BASE_URL", url)]).is_ok(), "{url}");
    }
    for url in [
        "http://graph.facebook.com",
        "http://127.0.0.1.test.invalid",
        "http://localhost.test.invalid",
        "https://graph.facebook.com/v23.0",
        "https://graph.facebook.com/?a=b",
        "https://graph.facebook.com/#a",
        "https://user@graph.facebook.com",
        "ftp://127.0.0.1",
        "graph.facebook.com",
    ] {
        assert!(load(&[("GRAPH__BASE_URL", url)]).is_err(), "{url}");
    }
}

#[test]
fn types_of_toml_are_not_mixed_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("joingate.toml");
    let load_toml = |line: &str| {
        std::fs::write(&path, format!("[server]\n{line}\n")).unwrap();
        problem_keys(&path)
    };
    assert_eq!(load_toml("max_ids = 5\ndocs = true"), [""; 0]);
    for line in ["max_ids = \"5\"", "max_ids = 5.0", "max_ids = true", "max_ids = [5]", "max_ids = { a = 5 }"]
    {
        let keys = load_toml(line);
        let expected = if line.contains('{') { "server.max_ids.a" } else { "server.max_ids" };
        assert_eq!(keys, [expected], "{line}");
    }
    assert_eq!(load_toml("docs = \"true\""), ["server.docs"]);
    assert_eq!(load_toml("drain_delay = 5"), ["server.drain_delay"]);
}

/// The keys refused in a file, with all that is required in the environment.
fn problem_keys(file: &Path) -> Vec<String> {
    let pairs = [
        ("JOINGATE_AUTH__ISSUERS__TEST__ISSUER", ISSUER),
        ("JOINGATE_AUTH__ISSUERS__TEST__AUDIENCE", AUDIENCE),
        ("JOINGATE_AUTH__ISSUERS__TEST__HMAC_SECRET", SECRET),
        ("JOINGATE_GRAPH__TOKEN", META_TOKEN),
    ];
    let environment = Environment::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let problems =
        Settings::load(Some(file), &environment).map_or_else(|problems| problems.0, |_| Vec::new());
    problems.into_iter().map(|problem| problem.key).collect()
}

#[test]
fn the_environment_overrides_the_file_value_by_value() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("joingate.toml");
    let issuer = format!("issuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\nhmac_secret = \"{SECRET}\"\n");
    let toml = format!(
        "[server]\nmax_ids = 5\ndrain_delay = \"7s\"\n[auth.issuers.a]\n{issuer}[graph]\ntoken = \"t\"\n"
    );
    std::fs::write(&path, toml).unwrap();
    let environment = Environment::from_pairs([("JOINGATE_SERVER__MAX_IDS".to_owned(), "9".to_owned())]);
    let settings = Settings::load(Some(&path), &environment).unwrap();
    assert_eq!(settings.server.max_ids, 9);
    assert_eq!(settings.server.drain_delay, Duration::from_secs(7));
    assert_eq!(settings.auth.issuers[0].audience, AUDIENCE);
}

#[test]
fn a_section_that_does_not_exist_is_refused_even_when_it_is_empty() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("joingate.toml");
    let text = "[server]\n[grph]\n[[limts]]\n[auth.issuers.other]\n[limits.callers]\n";
    std::fs::write(&file, text).unwrap();
    let problems = Settings::load(Some(&file), &Environment::default()).unwrap_err().0;
    let unknown = problems.iter().filter(|problem| problem.message.starts_with("there is no such setting"));
    let keys = unknown.map(|problem| problem.key.as_str()).collect::<Vec<_>>();
    assert_eq!(keys, ["auth.issuers.other", "grph", "limits.callers", "limts.0"]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let pairs =
        [("JOINGATE_SERVER__SHUTDOWN_TIMEOUT", "10s"), ("JOINGATE_SERVER__ADMIN_LISTEN", "0.0.0.0:8080")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let problems = Settings::load(None, &Environment::from_pairs(pairs)).unwrap_err().to_string();
    for expected in [
        "server.shutdown_timeout (JOINGATE_SERVER__SHUTDOWN_TIMEOUT): at least `request_deadline`",
        "server.admin_listen (JOINGATE_SERVER__ADMIN_LISTEN): it must differ from `listen`",
    ] {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn shared_state_needs_a_key_that_is_shared_too_and_the_url_holds_no_password() {
    let url = ("STORE__REDIS_URL", "redis://redis.test.invalid/3");
    let alone = load(&[url]).unwrap_err();
    assert_eq!((alone.len(), alone[0].key.as_str()), (1, "server.secret_key_file"), "{alone:?}");
    let key = ("SERVER__SECRET_KEY", SECRET);
    assert!(load(&[url, key]).is_ok());
    let refused = load(&[("STORE__REDIS_URL", "redis://app:notshown@redis.test.invalid"), key]).unwrap_err();
    assert_eq!((refused.len(), refused[0].key.as_str()), (1, "store.redis_url"), "{refused:?}");
    assert!(!refused[0].message.contains("notshown"), "{refused:?}");
    let without_url = load(&[("STORE__REDIS_PASSWORD", "notshown"), key]).unwrap_err();
    assert_eq!(without_url[0].key, "store.redis_password_file", "{without_url:?}");
}
