//! Starting and stopping a sandbox.

use std::io;
use std::net::SocketAddr;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::control::Control;
use crate::options::SandboxOptions;
use crate::world::Shared;
use crate::{control_http, graph};

/// Threads that serve requests.
const WORKERS: usize = 2;

/// The way to start a sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox;

impl Sandbox {
    /// Listens and serves in the background of the current tokio runtime until stopped or dropped.
    /// Fails when the address cannot be bound, or with [`io::ErrorKind::InvalidInput`] when the page
    /// size is not 1 to 1024 or the version is not of the form `v23.0`.
    pub async fn start(options: SandboxOptions) -> io::Result<RunningSandbox> {
        if !(1..=graph::MAX_LIMIT).contains(&options.page_size) || !graph::is_version(&options.version) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "page size or version out of bounds"));
        }
        let listener = TcpListener::bind(options.listen).await?.into_std()?;
        let addr = listener.local_addr()?;
        let shared = Shared::new(options, &format!("http://{addr}"));
        let control = Control::new(shared.clone());
        let for_app = control.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(shared.clone()))
                .app_data(web::Data::new(for_app.clone()))
                .configure(control_http::routes)
                .default_service(web::to(graph::serve))
        })
        .workers(WORKERS)
        .on_connect(graph::keep_socket)
        // A caller who has gone away ends the wait for its answer.
        .h1_allow_half_closed(false)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        #[expect(
            clippy::disallowed_methods,
            reason = "the running sandbox owns the task and ends it in `stop`"
        )]
        let task = tokio::spawn(server);
        Ok(RunningSandbox { addr, control, handle, task: Some(task) })
    }
}

/// A sandbox that serves. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct RunningSandbox {
    addr: SocketAddr,
    control: Control,
    handle: ServerHandle,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl RunningSandbox {
    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Scheme, host and port, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The handle that arranges this sandbox.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Stops listening, drops open connections and waits for the workers to end.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(task) = self.task.take() {
            // The server's own result says no more than that it has ended.
            drop(task.await);
        }
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        if self.task.is_some() {
            // The command is sent by the call itself; the future would only wait for it.
            drop(self.handle.stop(false));
        }
    }
}
