//! The two listeners and what is served on them.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_service::{
    IntoServiceFactory, Service as _, ServiceFactory, ServiceFactoryExt, fn_factory, map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App as Routes, Error, web};
use futures_util::FutureExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::StartError;
use super::connection::BoundedConnection;
use super::http2;
use super::serving::{Bounds, MakingService, Server, Service};
use super::tls::TlsListener;
use crate::api::{Api, Readiness, admin_routes, api_routes, observe, openapi_document};
use crate::config::ServerSettings;
use crate::telemetry::Metrics;

/// How long an idle client connection is kept.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// How long a client may take to send the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long what a client still sends is read after an answer that ends the connection, so that it sees the answer.
const LINGER: Duration = Duration::from_secs(1);
/// How much longer than it may take an exchange has to be before its connection is given up.
const MARGIN: Duration = Duration::from_secs(5);
/// Connections of clients held at most, by all threads together. An idle one takes 12 to 14 KiB, as measured.
const MAX_CONNECTIONS: u32 = 10_240;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

pub(super) fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A program that was just restarted gets its address back.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error| StartError::Listen { key: key.to_owned(), address, error })
}

/// Most threads that serve. Two do more than Graph can take, and each costs memory: without a bound a container on a large machine
/// would need more of it than on a small one.
const MOST_THREADS: usize = 4;

/// One for each core, four at most.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

pub(super) async fn serve_api(
    listener: TcpListener,
    tls: Option<Arc<TlsListener>>,
    (api, readiness): (web::Data<Api>, Readiness),
    settings: &ServerSettings,
    background: &TaskTracker,
) -> Result<Server, StartError> {
    let with_docs = settings.docs;
    let document = web::Data::new(openapi_document());
    let readiness = web::Data::new(readiness);
    let routes = move || {
        Routes::new()
            .app_data(api.clone())
            .app_data(document.clone())
            .app_data(readiness.clone())
            .wrap(from_fn(observe))
            .configure(|config| api_routes(config, with_docs))
    };
    let threads = threads();
    let bounds = Bounds {
        threads,
        connections: MAX_CONNECTIONS / u32::try_from(threads).unwrap_or(u32::MAX),
        shutdown: settings.shutdown_timeout,
    };
    let make = connections(tls, routes, settings.request_deadline);
    Server::start(("api", listener), bounds, background, make)
        .await
        .map_err(|error| StartError::System { what: "the API cannot be served".to_owned(), error })
}

pub(super) async fn serve_admin(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: Readiness,
    background: &TaskTracker,
) -> Result<Server, StartError> {
    let (metrics, readiness) = (web::Data::from(metrics), web::Data::new(readiness));
    let routes =
        move || Routes::new().app_data(metrics.clone()).app_data(readiness.clone()).configure(admin_routes);
    // A thread of its own: probes are answered however busy the API is.
    let bounds = Bounds { threads: 1, connections: 256, shutdown: Duration::from_secs(1) };
    let make = connections(None, routes, Duration::from_secs(5));
    Server::start(("admin", listener), bounds, background, make)
        .await
        .map_err(|error| StartError::System { what: "the admin port cannot be served".to_owned(), error })
}

/// What serves connections on one thread: as `HttpServer` of actix-web does it, but on connections that come to an end. A request may
/// take as long as `longest`.
fn connections<T, B>(
    tls: Option<Arc<TlsListener>>,
    routes: impl Fn() -> Routes<T> + Clone + Send + 'static,
    longest: Duration,
) -> impl Fn(CancellationToken) -> MakingService + Clone + Send + 'static
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    // Idle, then a head, then the request itself, and something for a busy machine.
    let patience = KEEP_ALIVE + HEAD_TIMEOUT + longest + MARGIN;
    move |draining| {
        let (tls, routes) = (tls.clone(), routes());
        Box::pin(async move {
            let failed = |()| io::Error::other("its routes cannot be set up");
            let routes = routes.into_factory().map_err(|error: Error| error.error_response());
            let routes =
                map_config(routes, |()| AppConfig::default()).new_service(()).await.map_err(failed)?;
            let routes = Rc::new(routes);
            let (shared, ending) = (Rc::clone(&routes), draining.clone());
            let http1 = HttpService::build()
                .graceful_shutdown_signal(move || ending.clone().cancelled_owned())
                // A client that closes its side has gone away, as for other proxies: it holds no place and no walk any more.
                .h1_allow_half_closed(false)
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_TIMEOUT)
                .client_disconnect_timeout(LINGER)
                .finish(fn_factory(move || ready(Ok::<_, ()>(Rc::clone(&shared)))))
                .new_service(())
                .await
                .map_err(failed)?;
            let http1 = Rc::new(http1);
            let serve = move |stream: TcpStream| {
                let (draining, tls) = (draining.clone(), tls.clone());
                let (http1, routes) = (Rc::clone(&http1), Rc::clone(&routes));
                async move {
                    let client = stream.peer_addr().ok();
                    let stream = BoundedConnection::new(stream, patience);
                    // How a connection ends is the client's affair.
                    let Some(tls) = tls else {
                        return drop(http1.call((Either::Left(stream), Protocol::Http1, client)).await);
                    };
                    // What only TLS needs has places of its own: connections without it would be twice as large.
                    match draining.run_until_cancelled(Box::pin(tls.accept(stream))).await {
                        Some(Ok((stream, true))) => {
                            let draining = draining.cancelled_owned();
                            Box::pin(http2::serve(stream, client, routes, draining, patience)).await;
                        }
                        Some(Ok((stream, false))) => {
                            let stream = Either::Right(Box::new(stream));
                            drop(http1.call((stream, Protocol::Http1, client)).await);
                        }
                        Some(Err(_)) | None => (),
                    }
                }
                .boxed_local()
            };
            Ok(Rc::new(serve) as Service)
        })
    }
}
