//! The two listeners and what is served on them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as Routes, HttpServer, web};

use super::StartError;
use crate::api::{Api, Readiness, admin_routes, api_routes, observe, openapi_document};
use crate::config::ServerSettings;
use crate::telemetry::Metrics;

/// How long an idle client connection is kept.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// How long a client may take to send the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections of clients held at most by one worker.
const MAX_CONNECTIONS: usize = 4096;

pub(super) fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| StartError::System {
        what: format!("{key} = {address} cannot be listened on"),
        error,
    })
}

pub(super) fn local_address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener
        .local_addr()
        .map_err(|error| StartError::System { what: "a listener has no address".to_owned(), error })
}

pub(super) fn serve_api(
    listener: TcpListener,
    api: web::Data<Api>,
    readiness: Readiness,
    settings: &ServerSettings,
) -> Result<Server, StartError> {
    let (with_docs, shutdown_timeout) = (settings.docs, settings.shutdown_timeout.as_secs());
    let document = web::Data::new(openapi_document());
    let readiness = web::Data::new(readiness);
    let factory = move || {
        Routes::new()
            .app_data(api.clone())
            .app_data(document.clone())
            .app_data(readiness.clone())
            .wrap(from_fn(observe))
            .configure(|config| api_routes(config, with_docs))
    };
    let server = HttpServer::new(factory)
        .listen(listener)
        .map_err(|error| StartError::System { what: "the API cannot be served".to_owned(), error })?;
    let server = server
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(shutdown_timeout)
        .disable_signals();
    Ok(server.run())
}

pub(super) fn serve_admin(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: Readiness,
) -> Result<Server, StartError> {
    let (metrics, readiness) = (web::Data::from(metrics), web::Data::new(readiness));
    let factory =
        move || Routes::new().app_data(metrics.clone()).app_data(readiness.clone()).configure(admin_routes);
    let server = HttpServer::new(factory)
        .listen(listener)
        .map_err(|error| StartError::System { what: "the admin port cannot be served".to_owned(), error })?;
    // A worker of its own: probes are answered however busy the API is.
    Ok(server.workers(1).max_connections(256).shutdown_timeout(1).disable_signals().run())
}

pub(super) async fn report_end(which: &'static str, server: Server) {
    if let Err(error) = server.await {
        tracing::error!(server = which, error = %error, "a server ended");
    }
}
