//! The two listeners and what is served on them.

use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App as Routes, Error, web};

use tokio_util::either::Either;

use super::StartError;
use super::connection::BoundedConnection;
use super::http2;
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
/// Connections of clients held at most by one worker.
const MAX_CONNECTIONS: usize = 4096;

pub(super) fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| StartError::Listen { key: key.to_owned(), address, error })
}

pub(super) fn local_address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener
        .local_addr()
        .map_err(|error| StartError::System { what: "a listener has no address".to_owned(), error })
}

/// Most threads that serve, and most that do the rest. Two do more than Graph can take, and each costs memory: without a bound a
/// container on a large machine would need more of it than on a small one.
const MOST_THREADS: usize = 4;

/// One for each core, four at most.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

/// What bounds a server.
struct Bounds {
    /// Threads.
    workers: usize,
    /// Connections held at most by one worker.
    connections: usize,
    /// Longest time that one request may take.
    request: Duration,
    /// Longest wait for requests in flight on the way down.
    shutdown: Duration,
}

pub(super) fn serve_api(
    listener: TcpListener,
    tls: Option<Arc<TlsListener>>,
    api: web::Data<Api>,
    readiness: Readiness,
    settings: &ServerSettings,
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
    let bounds = Bounds {
        workers: threads(),
        connections: MAX_CONNECTIONS,
        request: settings.request_deadline,
        shutdown: settings.shutdown_timeout,
    };
    serve(listener, tls, routes, &bounds)
        .map_err(|error| StartError::System { what: "the API cannot be served".to_owned(), error })
}

pub(super) fn serve_admin(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: Readiness,
) -> Result<Server, StartError> {
    let (metrics, readiness) = (web::Data::from(metrics), web::Data::new(readiness));
    let routes =
        move || Routes::new().app_data(metrics.clone()).app_data(readiness.clone()).configure(admin_routes);
    // A worker of its own: probes are answered however busy the API is.
    let bounds = Bounds {
        workers: 1,
        connections: 256,
        request: Duration::from_secs(5),
        shutdown: Duration::from_secs(1),
    };
    serve(listener, None, routes, &bounds)
        .map_err(|error| StartError::System { what: "the admin port cannot be served".to_owned(), error })
}

/// As `HttpServer` of actix-web does it, but on connections that come to an end.
fn serve<T, B>(
    listener: TcpListener,
    tls: Option<Arc<TlsListener>>,
    routes: impl Fn() -> Routes<T> + Clone + Send + 'static,
    bounds: &Bounds,
) -> std::io::Result<Server>
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
    let patience = KEEP_ALIVE + HEAD_TIMEOUT + bounds.request + MARGIN;
    let server = Server::build()
        .max_concurrent_connections(bounds.connections)
        .shutdown_timeout(bounds.shutdown.as_secs())
        .workers(bounds.workers)
        .disable_signals();
    let draining = server.graceful_shutdown_signal();
    let server = server.listen("http", listener, move || {
        let (draining, tls, routes) = (draining.clone(), tls.clone(), routes.clone());
        fn_factory(move || {
            let (draining, tls, routes) = (draining.clone(), tls.clone(), routes());
            async move {
                let routes = routes.into_factory().map_err(|error: Error| error.error_response());
                let routes = map_config(routes, |()| AppConfig::default()).new_service(()).await?;
                let routes = Rc::new(routes);
                let (shared, ending) = (Rc::clone(&routes), draining.clone());
                let http1 = HttpService::build()
                    .graceful_shutdown_signal(move || {
                        let ending = ending.clone();
                        async move { ending.notified().await }
                    })
                    // A client that closes its side has gone away, as for other proxies: it holds no place and no walk any more.
                    .h1_allow_half_closed(false)
                    .keep_alive(KEEP_ALIVE)
                    .client_request_timeout(HEAD_TIMEOUT)
                    .client_disconnect_timeout(LINGER)
                    .finish(fn_factory(move || ready(Ok::<_, ()>(Rc::clone(&shared)))))
                    .new_service(())
                    .await?;
                let http1 = Rc::new(http1);
                Ok::<_, ()>(fn_service(move |stream: TcpStream| {
                    let (draining, tls) = (draining.clone(), tls.clone());
                    let (http1, routes) = (Rc::clone(&http1), Rc::clone(&routes));
                    async move {
                        let client = stream.peer_addr().ok();
                        let stream = BoundedConnection::new(stream, patience);
                        let Some(tls) = tls else {
                            return http1.call((Either::Left(stream), Protocol::Http1, client)).await;
                        };
                        match tls.accept(stream).await? {
                            (stream, true) => {
                                let draining = async move { draining.notified().await };
                                Box::pin(http2::serve(stream, client, routes, draining, patience)).await;
                                Ok(())
                            }
                            (stream, false) => {
                                http1.call((Either::Right(stream), Protocol::Http1, client)).await
                            }
                        }
                    }
                }))
            }
        })
    })?;
    Ok(server.run())
}

pub(super) async fn report_end(which: &'static str, server: Server) {
    if let Err(error) = server.await {
        tracing::error!(server = which, error = %error, "a server ended");
    }
}
