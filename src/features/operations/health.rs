//! What operators ask: is it up, does it answer, how much is going on.

use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::{App, Failure, client_address};
use crate::base::metrics::METRICS;

/// The process is up.
pub async fn healthz() -> HttpResponse {
    text(StatusCode::OK, "ok\n")
}

/// The database answers and stores, and the server is not about to end.
pub async fn readyz(app: Data<App>) -> HttpResponse {
    if app.draining.load(Ordering::Relaxed) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match app.store.is_ready().await {
        true => text(StatusCode::OK, "ready\n"),
        false => text(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer, or stores nothing\n"),
    }
}

/// Numbers in Prometheus' text format, for the addresses of `--metrics-from` only.
pub async fn metrics(app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Failure> {
    if !app.config.metrics_from.contains(client_address::address(&req, &app.config)) {
        return Err(Failure::of_status(StatusCode::NOT_FOUND));
    }
    METRICS.sockets.set(app.sockets.load(Ordering::Relaxed) as f64);
    app.store.observe();
    app.passwords.observe();
    let exporter = app.exporter.clone();
    let body = tokio::task::spawn_blocking(move || exporter.render()).await.map_err(|error| {
        tracing::error!(%error, "the metrics could not be rendered");
        Failure::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(body))
}

fn text(status: StatusCode, body: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(body)
}
