//! Requests that change something, and upgrades, are refused when another site's page made them.
//!
//! A browser sends the session cookie wherever the request comes from (`SameSite=Lax` stops most, not all), but says from
//! where: `Origin`, or at least `Sec-Fetch-Site`. Whoever shows a session and says neither is refused too.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::web::Data;
use url::Url;

use crate::app::{App, Failure, client_address, session_cookie};
use crate::base::config::Config;
use crate::wire::refusal::{Code, Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The middleware that asks.
pub async fn guard(
    app: Data<App>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let matters = !req.method().is_safe() || req.path() == "/ws";
    let has_session = req.request().cookie(session_cookie::COOKIE).is_some();
    let host = client_address::host(req.request(), &app.config);
    if matters && !may_pass(req.headers(), host.as_deref(), has_session, &app.config) {
        let refusal = Refusal::new(Code::Forbidden, "this came from another site, or does not say from where");
        return Ok(req.error_response(Failure::from(refusal)));
    }
    next.call(req).await.map(ServiceResponse::map_into_boxed_body)
}

fn may_pass(headers: &HeaderMap, host: Option<&str>, has_session: bool, config: &Config) -> bool {
    let mut origins = headers.get_all(ORIGIN);
    match (origins.next(), origins.next()) {
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| is_allowed(origin, host, config)),
        (Some(_), Some(_)) => false,
        (None, _) => match headers.get(SEC_FETCH_SITE) {
            Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
            None => !has_session,
        },
    }
}

/// The public URL's origin, one of the operator's list, or that of the host which the request names. A proxy may speak
/// http to us and https to the browser, so the host counts with either.
fn is_allowed(origin: &str, host: Option<&str>, config: &Config) -> bool {
    if config.allowed_origins.contains(origin) || config.public_origin() == origin {
        return true;
    }
    let (Some(host), Ok(origin)) = (host, Url::parse(origin)) else { return false };
    matches!(origin.scheme(), "http" | "https")
        && Url::parse(&format!("{}://{host}", origin.scheme())).is_ok_and(|own| own.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    /// Whether a request to `chat.example` passes, with and without a session.
    fn passes(lines: &[(HeaderName, &'static str)]) -> (bool, bool) {
        let config = Config::of(&[
            "--public-url=https://public.example",
            "--allowed-origins=https://friend.example, http://friend.example:8080",
        ]);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let host = Some("chat.example");
        (may_pass(&headers, host, true, &config), may_pass(&headers, host, false, &config))
    }

    #[test]
    fn own_pages_may() {
        for origin in
            ["https://public.example", "https://chat.example", "http://chat.example", "https://friend.example"]
        {
            assert_eq!(passes(&[(ORIGIN, origin)]), (true, true), "{origin}");
        }
        assert_eq!(passes(&[(ORIGIN, "http://friend.example:8080")]), (true, true));
    }

    #[test]
    fn other_sites_may_not_even_without_a_cookie() {
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://public.example",
            "https://chat.example.evil.example",
            "https://chat.example:8443",
            "https://friend.example:8080",
            "file://chat.example",
            "https://chat.example, https://evil.example",
        ] {
            assert_eq!(passes(&[(ORIGIN, origin)]), (false, false), "{origin}");
        }
        assert_eq!(passes(&[(ORIGIN, "https://chat.example"), (ORIGIN, "https://evil.example")]), (false, false));
    }

    #[test]
    fn a_session_must_say_from_where() {
        assert_eq!(passes(&[]), (false, true));
        assert_eq!(passes(&[(SEC_FETCH_SITE, "same-origin")]), (true, true));
        assert_eq!(passes(&[(SEC_FETCH_SITE, "none")]), (true, true));
        assert_eq!(passes(&[(SEC_FETCH_SITE, "same-site")]), (false, false));
        assert_eq!(passes(&[(SEC_FETCH_SITE, "cross-site")]), (false, false));
    }

    #[test]
    fn an_allowed_origin_counts_before_the_site() {
        assert_eq!(passes(&[(ORIGIN, "https://friend.example"), (SEC_FETCH_SITE, "cross-site")]), (true, true));
    }
}
