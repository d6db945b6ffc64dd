//! A browser's side of the HTTP API: one cookie jar, and requests that say where they come from.

use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::Value;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    jar: Arc<Jar>,
    base: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    /// What the body says, or null where it is not JSON.
    pub json: Value,
}

impl Http {
    pub fn new(base: &str) -> Self {
        let jar = Arc::new(Jar::default());
        let client = Client::builder()
            .cookie_provider(jar.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        let base = base.to_owned();
        Self { client, jar, base }
    }

    /// The same cookies, for another port of the same host.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.own_request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.own_request(Method::PATCH, path).json(&body)).await
    }

    /// The answer to a call, with a body unless that is null; none if the server is just away.
    pub async fn try_call(&self, method: Method, path: &str, body: &Value) -> Option<Reply> {
        let request = self.own_request(method, path);
        let answer = Reply::sent(if body.is_null() { request } else { request.json(body) });
        tokio::time::timeout(super::PATIENCE, answer).await.ok()?.ok()
    }

    pub async fn put(&self, path: &str) -> Reply {
        Reply::of(self.own_request(Method::PUT, path)).await
    }

    pub async fn put_json(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.own_request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete_with(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.own_request(Method::DELETE, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.own_request(Method::DELETE, path)).await
    }

    /// A request that does not say where it comes from, to be finished by the test.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    fn own_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("Origin", &self.base)
    }

    /// The `Cookie` header this client would send.
    pub fn cookie(&self) -> Option<String> {
        let url = self.base.parse().expect("a URL");
        let cookies = self.jar.cookies(&url)?;
        Some(cookies.to_str().expect("a cookie in ASCII").to_owned())
    }

    /// Paths starting with `/` are the API's; `page:/login` is one outside it.
    fn url(&self, path: &str) -> String {
        match path.strip_prefix("page:") {
            Some(page) => format!("{}{page}", self.base),
            None => format!("{}/api/v1{path}", self.base),
        }
    }
}

impl Reply {
    pub async fn of(request: RequestBuilder) -> Self {
        super::wait::within(super::PATIENCE, "an answer", Self::sent(request)).await.expect("an answer")
    }

    async fn sent(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self { status, headers, text, json })
    }

    /// The body, after the status was the expected one.
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:?} {}", self.reason(), self.text);
        self.json
    }

    /// The status and the error's code, after the error had the documented shape.
    #[track_caller]
    pub fn error(&self) -> (u16, &str) {
        let error = &self.json["error"];
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{} {}", self.status, self.text);
        (self.status, error["code"].as_str().expect("a code"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    fn reason(&self) -> Option<&'static str> {
        StatusCode::from_u16(self.status).ok()?.canonical_reason()
    }
}
