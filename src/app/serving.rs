//! A listener and the threads that serve its connections. Each thread has a runtime of its own, and what a request sets off stays on
//! the thread of its connection, but for what all threads share: a walk that another one has begun, connections to Graph, and Redis. The
//! threads outlive their connections, since a decision may outlive its caller.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join_all, select_all};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long nothing is accepted after that failed, as it does when there are no more descriptors.
const REST: Duration = Duration::from_millis(500);

/// Serves one connection to its end, on the thread that it was made on.
pub(super) type Service = Rc<dyn Fn(tokio::net::TcpStream) -> LocalBoxFuture<'static, ()>>;
/// Makes one, on the thread that it is for.
pub(super) type MakingService = LocalBoxFuture<'static, io::Result<Service>>;

/// What bounds a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Threads.
    pub(super) threads: usize,
    /// Connections held at most by one thread. Further ones wait in the system's own queue.
    pub(super) connections: u32,
    /// Longest wait for requests in flight on the way down.
    pub(super) shutdown: Duration,
}

/// A running server. Dropped, it runs on for as long as the runtime that accepts its connections.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    threads: Vec<Thread>,
    bounds: Bounds,
    accepting: CancellationToken,
    draining: CancellationToken,
}

/// One thread.
#[derive(Debug)]
struct Thread {
    door: Door,
    ended: oneshot::Receiver<()>,
}

/// Where a thread takes connections.
#[derive(Clone, Debug)]
struct Door {
    handed: mpsc::Sender<(TcpStream, OwnedSemaphorePermit)>,
    places: Arc<Semaphore>,
}

impl Server {
    /// Serves each connection on a thread, by what `make_service` makes there. The token that it is given is cancelled on the way
    /// down: a connection is to end after what is in flight on it. Connections are accepted by a task among `background`.
    pub(super) async fn start(
        (name, listener): (&str, TcpListener),
        bounds: Bounds,
        background: &TaskTracker,
        make_service: impl Fn(CancellationToken) -> MakingService + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (accepting, draining) = (CancellationToken::new(), CancellationToken::new());
        let address = listener.local_addr()?;
        let mut threads = Vec::new();
        for number in 0..bounds.threads {
            let (make_service, draining) = (make_service.clone(), draining.clone());
            let make_service = move || make_service(draining);
            threads.push(Thread::start(format!("{name}-{number}"), bounds.connections, make_service).await?);
        }
        let doors = threads.iter().map(|thread| thread.door.clone()).collect();
        background.spawn(accepting.clone().run_until_cancelled_owned(accept(listener, doors)));
        Ok(Self { address, threads, bounds, accepting, draining })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, and waits for the end of those that there are.
    pub(super) async fn drain(&self) {
        self.accepting.cancel();
        self.draining.cancel();
        let all = self.threads.iter().map(|thread| thread.door.places.acquire_many(self.bounds.connections));
        if timeout(self.bounds.shutdown, join_all(all)).await.is_err() {
            tracing::warn!(address = %self.address, "connections were still open at the end");
        }
    }

    /// Ends the threads, and whatever still goes on there.
    pub(super) async fn end(self) {
        let close = |Thread { door, ended }| {
            drop(door);
            ended
        };
        // All doors first. Nothing is sent: that a thread is gone says all.
        let ended = self.threads.into_iter().map(close).collect::<Vec<_>>();
        drop(join_all(ended).await);
    }
}

impl Thread {
    async fn start(
        name: String,
        connections: u32,
        make_service: impl FnOnce() -> MakingService + Send + 'static,
    ) -> io::Result<Self> {
        let places = Arc::new(Semaphore::new(connections as usize));
        let (handed, arriving) = mpsc::channel(connections as usize);
        let ((ready, started), (end, ended)) = (oneshot::channel(), oneshot::channel());
        std::thread::Builder::new().name(name).spawn(move || {
            serve(make_service, arriving, ready);
            drop::<oneshot::Sender<()>>(end);
        })?;
        started.await.map_err(|_died| io::Error::other("a thread died at its start"))??;
        Ok(Self { door: Door { handed, places }, ended })
    }
}

/// One thread from its start to its end.
fn serve(
    make_service: impl FnOnce() -> MakingService,
    mut arriving: mpsc::Receiver<(TcpStream, OwnedSemaphorePermit)>,
    ready: oneshot::Sender<io::Result<()>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async move {
        let service = match make_service().await {
            Ok(service) => service,
            Err(error) => return drop(ready.send(Err(error))),
        };
        drop(ready.send(Ok(())));
        while let Some((stream, place)) = arriving.recv().await {
            // A socket that cannot be watched can only be closed.
            let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { continue };
            let served = service(stream);
            drop(spawn_local(async move {
                served.await;
                drop(place);
            }));
        }
    });
    // A name that is still looked up would hold it until the resolver gives up.
    runtime.shutdown_background();
}

/// Hands connections to the threads, each to the one that has fewest.
async fn accept(listener: TcpListener, doors: Vec<Door>) {
    loop {
        // A thread that died takes nothing any more, and has all of its places free.
        let open = doors.iter().filter(|door| !door.handed.is_closed());
        let Some(mut door) = open.clone().max_by_key(|door| door.places.available_permits()) else {
            return tracing::error!("no thread is left that serves connections");
        };
        if door.places.available_permits() == 0 {
            // All are full: the first one that has a place takes the next.
            (door, _, _) = select_all(open.map(|door| Box::pin(has_place(door)))).await;
        }
        // Taken by nobody else; it is never closed while this goes on.
        let Ok(place) = Arc::clone(&door.places).acquire_owned().await else { return };
        match listener.accept().await.and_then(|(stream, _)| {
            stream.set_nodelay(true)?;
            stream.into_std()
        }) {
            Ok(stream) => drop(door.handed.send((stream, place)).await),
            Err(error) if is_of_one_connection(&error) => (),
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted at the moment");
                sleep(REST).await;
            }
        }
    }
}

/// Waits until the thread has a place.
async fn has_place(door: &Door) -> &Door {
    // It fails only when closed, and then there is nothing to wait for.
    drop(door.places.acquire().await);
    door
}

/// Whether the next connection may be accepted all the same.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Of;
    // accept(2): what the network has done to the connection meanwhile comes here, too.
    let of_the_network =
        matches!(error.kind(), Of::HostUnreachable | Of::NetworkDown | Of::NetworkUnreachable);
    let of_the_peer = matches!(
        error.kind(),
        Of::ConnectionAborted | Of::ConnectionRefused | Of::ConnectionReset | Of::InvalidInput
    );
    of_the_network || of_the_peer
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// Sends back each byte with the name of the thread that serves it.
    async fn echo(mut stream: TcpStream) {
        let number = std::thread::current().name().and_then(|name| name.bytes().last()).unwrap_or_default();
        while stream.read_u8().await.is_ok() {
            stream.write_u8(number).await.unwrap();
        }
    }

    async fn echoing(bounds: Bounds, background: &TaskTracker) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let make = |_draining| -> MakingService {
            async { Ok(Rc::new(|stream| echo(stream).boxed_local()) as Service) }.boxed_local()
        };
        Server::start(("echo", listener), bounds, background, make).await.unwrap()
    }

    async fn thread_of(stream: &mut TcpStream) -> u8 {
        stream.write_u8(0).await.unwrap();
        stream.read_u8().await.unwrap()
    }

    #[tokio::test]
    async fn where_all_places_are_taken_the_next_waits_for_the_first_that_is_free() {
        let background = TaskTracker::new();
        let bounds = Bounds { threads: 2, connections: 2, shutdown: Duration::from_secs(10) };
        let server = echoing(bounds, &background).await;
        let (mut open, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            threads.push(thread_of(&mut stream).await);
            open.push(stream);
        }
        threads.sort_unstable();
        assert_eq!(threads, b"0011", "each thread has its share");
        // The system takes it, and nobody serves it yet.
        let mut next = TcpStream::connect(server.address()).await.unwrap();
        next.write_u8(0).await.unwrap();
        let freed = {
            let mut first = open.remove(1);
            assert!(timeout(Duration::from_millis(200), next.read_u8()).await.is_err(), "there was no place");
            thread_of(&mut first).await
        };
        let served = timeout(Duration::from_secs(10), next.read_u8()).await.expect("nobody serves it");
        assert_eq!(served.unwrap(), freed, "by another thread than the one with a place");
        drop((open, next));
        server.drain().await;
        server.end().await;
    }
}
