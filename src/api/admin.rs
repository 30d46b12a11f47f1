//! The admin port: probes and metrics, on a listener and a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::telemetry::Metrics;

/// Whether the gateway wants requests: true once both listeners are up, false from SIGTERM on. Nothing else counts,
/// neither Graph nor anything it depends on: taking all replicas out of service would help nobody.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Both listeners are up.
    pub fn up(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// The process is on its way down.
    pub fn down(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// Whether the gateway wants requests.
    pub fn is_up(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .route("/livez", web::get().to(async || HttpResponse::Ok().body("alive\n")))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics));
}

async fn readyz(readiness: web::Data<Readiness>) -> HttpResponse {
    if readiness.is_up() {
        HttpResponse::Ok().body("ready\n")
    } else {
        HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).body("not ready\n")
    }
}

async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.exposition())
}
