//! What an operator asks: is it up, is it ready, how is it.

use crate::common::*;

async fn health_and_readiness_answer_anybody(server: Server) {
    server.stranger().get("page:/healthz").await.ok(200);
    server.stranger().get("page:/readyz").await.ok(200);
}

#[tokio::test]
async fn metrics_are_prometheus_text_for_loopback() {
    let server = Server::start(Options::sqlite()).await;
    let metrics = server.stranger().get("page:/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with("text/plain"), "{:?}", metrics.headers);
    for line in metrics.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn metrics_are_404_from_elsewhere() {
    let server = Options::sqlite().option("--metrics-from", "10.0.0.0/8").start().await;
    assert_eq!(server.stranger().get("page:/metrics").await.status, 404);
}

#[tokio::test]
async fn metrics_count_sockets() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let count = async || {
        let metrics = server.stranger().get("page:/metrics").await.text;
        let line = metrics.lines().find(|line| line.starts_with("klatch_sockets "));
        line.and_then(|line| line.rsplit_once(' ')).map(|(_, value)| value.parse::<f64>().unwrap())
    };
    assert_eq!(count().await, Some(0.0));
    let socket = ann.socket().await;
    assert_eq!(count().await, Some(1.0));
    drop(socket);
    eventually(PATIENCE, "the end of the socket", async || count().await.filter(|n| *n == 0.0)).await;
}

#[tokio::test]
async fn the_api_describes_every_call() {
    let server = Server::start(Options::sqlite()).await;
    let description = server.stranger().get("page:/api/openapi.json").await.ok(200);
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    for (path, methods) in [
        ("/signup", "post"),
        ("/login", "post"),
        ("/logout", "post"),
        ("/me", "get"),
        ("/rooms", "get post"),
        ("/rooms/{slug}", "get patch"),
        ("/rooms/{slug}/messages", "get post"),
        ("/rooms/{slug}/members", "get"),
        ("/rooms/{slug}/members/{username}", "put delete"),
    ] {
        // With the prefix in each path, or once in `servers`.
        let paths = &description["paths"];
        let full = &paths[format!("/api/v1{path}")];
        let described = if full.is_null() { &paths[path] } else { full };
        for method in methods.split(' ') {
            assert!(described[method].is_object(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_call_is_a_404_in_the_apis_own_shape() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    assert_eq!(ann.http.get("/nothing").await.error(), (404, "not_found"));
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_in_the_apis_own_shape() {
    let server = Server::start(Options::sqlite()).await;
    let request = server.stranger().request(reqwest::Method::POST, "/login");
    let request = request.header("Content-Type", "application/json").body("{");
    let status = Reply::of(request).await.error().0;
    assert!([400, 422].contains(&status), "{status}");
}

on_both_databases![health_and_readiness_answer_anybody];
