//! Those who ask, each over a connection of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use crate::Fallible;
use crate::figures::Latencies;
use crate::message::answer_end;
use crate::sockets::{Connection, Sockets};
use crate::upstream::Upstream;

/// Groups are numbers of sixteen digits from here on.
const FIRST_GROUP: usize = 1_000_000_000_000_000;
/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is read at once.
const BUFFER: usize = 64 * 1024;

/// When callers ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Each as soon as it is answered.
    Closed,
    /// Somebody, once in every such time.
    Rate(Duration),
    /// Each once.
    Once,
    /// Not any more.
    Done,
}

/// The requests, as they are sent.
#[derive(Debug)]
pub(crate) struct Letters {
    heads: Vec<String>,
    tokens: Vec<String>,
    next_token: usize,
}

impl Letters {
    pub(crate) fn new(path: &str, tokens: &str, groups: usize) -> Fallible<Self> {
        let head = |group: usize| {
            let path = path.replace("{group}", &(FIRST_GROUP + group).to_string());
            format!(
                "GET {path} HTTP/1.1\r\nHost: gateway.internal\r\nUser-Agent: load/1\r\nAccept: application/json\r\n\
                 X-Request-Id: 5f0c1f5e-7a6d-4f7e-9a0e-0c1f5e7a6d4f\r\nAuthorization: Bearer "
            )
        };
        let tokens = tokens.lines().map(str::to_owned).collect::<Vec<_>>();
        if tokens.is_empty() || groups == 0 {
            return Err("there must be a token and a group".into());
        }
        Ok(Self { heads: (0..groups).map(head).collect(), tokens, next_token: 0 })
    }

    /// The next request about this group.
    pub(crate) fn write(&mut self, group: usize) -> String {
        let head = self.heads.get(group % self.heads.len()).map_or("", String::as_str);
        let token = self.tokens.get(self.next_token).map_or("", String::as_str);
        self.next_token = (self.next_token + 1) % self.tokens.len();
        format!("{head}{token}\r\n\r\n")
    }
}

#[derive(Debug)]
struct Caller {
    connection: Connection,
    /// When its request was due; none while it has none.
    asked: Option<Instant>,
    /// For the next group.
    turns: usize,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Callers {
    all: Vec<Caller>,
    by_socket: HashMap<usize, usize>,
    letters: Letters,
    habit: Habit,
    idle: VecDeque<usize>,
    /// When somebody is to ask next, where that is by the clock.
    next: Instant,
    /// Requests due while nobody was idle.
    overdue: VecDeque<Instant>,
    answered: u64,
    lost: u64,
    late: u64,
    statuses: BTreeMap<u16, u64>,
}

impl Callers {
    /// Opens a connection for each.
    pub(crate) fn connect(
        to: SocketAddr,
        count: usize,
        letters: Letters,
        habit: Habit,
        sockets: &mut Sockets,
        upstream: &mut Option<Upstream>,
    ) -> Fallible<Self> {
        let (mut all, mut by_socket) = (Vec::with_capacity(count), HashMap::with_capacity(count));
        let mut buffer = vec![0; BUFFER];
        for number in 0..count {
            let stream = std::net::TcpStream::connect(to)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            by_socket.insert(sockets.watch(&mut stream)?, number);
            all.push(Caller { connection: Connection::new(stream), asked: None, turns: number });
            // Where there is nothing in between, the upstream is who was connected to.
            for readable in sockets.readable()? {
                if let Some(upstream) = upstream {
                    upstream.serve(readable, &mut buffer, sockets)?;
                }
            }
        }
        let idle = (0..count).collect();
        let (statuses, overdue, next) = (BTreeMap::new(), VecDeque::new(), Instant::now());
        Ok(Self {
            all,
            by_socket,
            letters,
            habit,
            idle,
            next,
            overdue,
            answered: 0,
            lost: 0,
            late: 0,
            statuses,
        })
    }

    pub(crate) const fn answered(&self) -> u64 {
        self.answered
    }

    /// Connections that were closed, or took nothing.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Requests that nothing has come of.
    pub(crate) fn unanswered(&self) -> usize {
        self.overdue.len() + self.all.iter().filter(|caller| caller.asked.is_some()).count()
    }

    /// Requests that had to wait until a caller was idle.
    pub(crate) const fn late(&self) -> u64 {
        self.late
    }

    pub(crate) const fn statuses(&self) -> &BTreeMap<u16, u64> {
        &self.statuses
    }

    /// Asks for that long; answers how long it was.
    pub(crate) fn ask(
        &mut self,
        lasting: Duration,
        sockets: &mut Sockets,
        upstream: &mut Option<Upstream>,
        latencies: &mut Latencies,
    ) -> Fallible<Duration> {
        self.next = Instant::now();
        self.go_on(lasting, sockets, upstream, latencies)
    }

    /// Asks nothing more, and waits for what is still to come, for a while.
    pub(crate) fn finish(&mut self, sockets: &mut Sockets, upstream: &mut Option<Upstream>) -> Fallible<()> {
        self.habit = Habit::Done;
        self.go_on(PATIENCE, sockets, upstream, &mut Latencies::default()).map(drop)
    }

    fn go_on(
        &mut self,
        lasting: Duration,
        sockets: &mut Sockets,
        upstream: &mut Option<Upstream>,
        latencies: &mut Latencies,
    ) -> Fallible<Duration> {
        let started = Instant::now();
        let mut buffer = vec![0; BUFFER];
        while started.elapsed() < lasting {
            self.send_due();
            if let Some(upstream) = upstream {
                upstream.answer();
            }
            for number in sockets.readable()? {
                match self.by_socket.get(&number).copied() {
                    Some(caller) => self.read(caller, &mut buffer, latencies),
                    None => {
                        if let Some(upstream) = upstream {
                            upstream.serve(number, &mut buffer, sockets)?;
                        }
                    }
                }
            }
            if self.has_ended() {
                break;
            }
        }
        Ok(started.elapsed())
    }

    fn has_ended(&self) -> bool {
        match self.habit {
            Habit::Closed | Habit::Rate(_) => false,
            Habit::Once => self.answered + self.lost >= self.all.len() as u64,
            Habit::Done => self.unanswered() == 0,
        }
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        match self.habit {
            Habit::Closed => {
                while let Some(caller) = self.idle.pop_front() {
                    self.send(caller, now);
                }
            }
            Habit::Rate(gap) => {
                while self.next <= now {
                    self.overdue.push_back(self.next);
                    self.next += gap;
                }
                self.send_overdue();
                self.late = self.late.max(self.overdue.len() as u64);
            }
            Habit::Done => self.send_overdue(),
            Habit::Once => {
                if self.answered == 0 {
                    while let Some(caller) = self.idle.pop_front() {
                        self.send(caller, now);
                    }
                }
            }
        }
    }

    fn send_overdue(&mut self) {
        while let (Some(due), Some(caller)) = (self.overdue.front().copied(), self.idle.front().copied()) {
            self.overdue.pop_front();
            self.idle.pop_front();
            self.send(caller, due);
        }
    }

    fn send(&mut self, number: usize, due: Instant) {
        let count = self.all.len();
        let Some(caller) = self.all.get_mut(number) else { return };
        let letter = self.letters.write(caller.turns);
        caller.turns += count;
        caller.asked = Some(due);
        if !caller.connection.give(letter.as_bytes()) {
            self.lost += 1;
        }
    }

    fn read(&mut self, number: usize, buffer: &mut [u8], latencies: &mut Latencies) {
        let Some(caller) = self.all.get_mut(number) else { return };
        let open = caller.connection.take(buffer);
        if let Some((status, end)) = answer_end(&caller.connection.received) {
            caller.connection.received.drain(..end);
            if let Some(asked) = caller.asked.take() {
                latencies.add(asked.elapsed());
            }
            self.answered += 1;
            *self.statuses.entry(status).or_default() += 1;
            self.idle.push_back(number);
        }
        if !open {
            self.lost += 1;
            self.idle.retain(|idle| *idle != number);
        }
    }
}
