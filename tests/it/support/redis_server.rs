//! A Redis of a test's own: on a free port of the loopback, without files that outlive it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;

use super::certificate::{LoopbackCertificate, pem};

/// Longer than Redis takes to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ports tried before giving up: somebody may take one between our look and Redis' start.
const PORTS: usize = 10;

/// A running Redis. It does not outlive its test.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    options: Vec<String>,
    /// What a look at it needs in its URL, such as `:password@`.
    user: String,
    directory: TempDir,
}

/// A certificate for the loopback and the authority that signed it, as files.
pub(crate) struct Tls {
    pub ca_file: PathBuf,
    options: Vec<String>,
    _directory: TempDir,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let LoopbackCertificate { authority, certificate, key } = LoopbackCertificate::new();
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, label: &str, der: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, pem(label, der)).unwrap();
            path
        };
        let ca_file = write("ca.pem", "CERTIFICATE", &authority);
        let files = [
            ("--tls-ca-cert-file", ca_file.clone()),
            ("--tls-cert-file", write("redis.pem", "CERTIFICATE", &certificate)),
            ("--tls-key-file", write("redis.key", "PRIVATE KEY", &key)),
        ];
        let options =
            files.into_iter().flat_map(|(name, path)| [name.to_owned(), path.display().to_string()]);
        Self { ca_file, options: options.collect(), _directory: directory }
    }
}

impl RedisServer {
    /// One that keeps everything until its time.
    pub(crate) fn start() -> Self {
        Self::with(&["--maxmemory-policy", "noeviction"], "")
    }

    /// One with further options; `user` stands in front of the host in the URL of whoever looks at it.
    pub(crate) fn with(options: &[&str], user: &str) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>();
        for _ in 0..PORTS {
            let port = free_port();
            let directory = tempfile::tempdir().unwrap();
            let child =
                spawn(&[vec!["--port".to_owned(), port.to_string()], options.clone()].concat(), &directory);
            let mut server = Self { child, port, options: options.clone(), user: user.to_owned(), directory };
            if server.is_up() {
                return server;
            }
        }
        panic!("Redis does not start");
    }

    /// One that speaks nothing but TLS.
    pub(crate) fn with_tls(tls: &Tls) -> Self {
        for _ in 0..PORTS {
            let port = free_port();
            let listen = ["--port", "0", "--tls-auth-clients", "no", "--tls-port", &port.to_string()]
                .map(str::to_owned);
            let options = [listen.to_vec(), tls.options.clone()].concat();
            let directory = tempfile::tempdir().unwrap();
            let child = spawn(&options, &directory);
            let mut server = Self { child, port, options, user: String::new(), directory };
            if server.accepts() {
                return server;
            }
        }
        panic!("Redis does not start");
    }

    /// A cluster of one node: a script that touches two slots is refused.
    pub(crate) fn cluster() -> Self {
        let bus = free_port().to_string();
        let server = Self::with(&["--cluster-enabled", "yes", "--cluster-port", &bus], "");
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("ADDSLOTS").arg((0..16_384).collect::<Vec<u16>>());
        server.ask::<()>(&slots);
        let mut state = redis::cmd("CLUSTER");
        state.arg("INFO");
        until("the cluster is not up", || server.ask::<String>(&state).contains("cluster_state:ok"));
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its URL, without user and password.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on looks at it so.
    pub(crate) fn log_in_with(&mut self, user: &str) {
        user.clone_into(&mut self.user);
    }

    /// Runs a command over a connection of its own.
    pub(crate) fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> T {
        command.query(&mut self.connection().unwrap()).unwrap()
    }

    /// Runs a command given as words.
    pub(crate) fn tell<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        self.ask(&command)
    }

    /// Every key with everything it holds, as text where it is some.
    pub(crate) fn content(&self) -> Vec<String> {
        let keys = self.tell::<Vec<Vec<u8>>>(&["KEYS", "*"]);
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let content = |key: &[u8]| match self.ask::<String>(redis::cmd("TYPE").arg(key)).as_str() {
            "hash" => self.ask::<Vec<Vec<u8>>>(redis::cmd("HGETALL").arg(key)),
            "zset" => self.ask(redis::cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES")),
            "list" => self.ask(redis::cmd("LRANGE").arg(key).arg(0).arg(-1)),
            "set" => self.ask(redis::cmd("SMEMBERS").arg(key)),
            kind => {
                assert_eq!(kind, "string");
                vec![self.ask(redis::cmd("GET").arg(key))]
            }
        };
        let shown = |key: &Vec<u8>| {
            let values = content(key).iter().map(|value| show(value)).collect::<Vec<_>>();
            format!("{} {}", show(key), values.join(" "))
        };
        keys.iter().map(shown).collect()
    }

    /// Listens to every command from now on.
    pub(crate) fn overhear(&self) -> Overheard {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut agreed = [0; 5];
        stream.read_exact(&mut agreed).unwrap();
        assert_eq!(&agreed, b"+OK\r\n");
        let mut reading = stream.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let mut told = Vec::new();
            // Ends when the other half is shut down.
            drop(reading.read_to_end(&mut told));
            String::from_utf8_lossy(&told).into_owned()
        });
        Overheard { stream, reader }
    }

    pub(crate) fn connection(&self) -> redis::RedisResult<Connection> {
        let url = format!("redis://{}127.0.0.1:{}", self.user, self.port);
        Client::open(url)?.get_connection_with_timeout(Duration::from_secs(5))
    }

    /// Ends it at once, with everything in it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it anew on the same port.
    pub(crate) fn start_again(&mut self) {
        let listen = ["--port".to_owned(), self.port.to_string()].to_vec();
        self.child = spawn(&[listen, self.options.clone()].concat(), &self.directory);
        assert!(self.is_up(), "Redis does not start again");
    }

    /// Stops it without ending it: connections stay, nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.child.id().to_string()]);
        assert!(kill.status().expect("kill runs").success());
    }

    fn is_up(&mut self) -> bool {
        self.comes_up(|server| {
            let ping = |mut connection: Connection| redis::cmd("PING").query::<String>(&mut connection);
            server.connection().and_then(ping).is_ok()
        })
    }

    fn accepts(&mut self) -> bool {
        self.comes_up(|server| TcpStream::connect(("127.0.0.1", server.port)).is_ok())
    }

    /// False when it ended instead, as when its port was taken.
    fn comes_up(&mut self, look: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if look(self) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(options: &[String], directory: &TempDir) -> Child {
    let path = directory.path().display().to_string();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", &path]).args(options);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server is missing (Debian: redis-server); tests/run installs it")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[track_caller]
fn until(failure: &str, look: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !look() {
        assert!(Instant::now() < end, "{failure}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Who listens to the commands of a Redis.
pub(crate) struct Overheard {
    stream: TcpStream,
    reader: JoinHandle<String>,
}

impl Overheard {
    /// Everything heard, one command a line.
    pub(crate) fn end(self) -> String {
        self.stream.shutdown(Shutdown::Both).unwrap();
        self.reader.join().unwrap()
    }
}
