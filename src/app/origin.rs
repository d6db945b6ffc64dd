//! Requests that change something, and upgrades, are refused when another site's page made them.
//!
//! A browser sends the session cookie wherever the request comes from (`SameSite=Lax` stops most, not all), but says from
//! where: `Origin`, or at least `Sec-Fetch-Site`. Whoever shows a session and says neither is refused too.

use std::sync::LazyLock;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN, UPGRADE};
use actix_web::middleware::Next;
use actix_web::web::Data;
use url::{Host, Url};

use crate::app::client_address::{self, NamedHost};
use crate::app::{App, Failure};
use crate::base::config::Config;
use crate::wire::refusal::{Code, Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The middleware that asks.
pub async fn guard(
    app: Data<App>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let matters = !req.method().is_safe() || asks_for_a_socket(req.headers());
    let has_session = req.request().cookie(&app.config.session_cookie()).is_some();
    let host = client_address::host(req.request(), &app.config);
    if matters && let Some(host) = host.as_ref().filter(|host| is_unknown(req.headers(), host, &app.config)) {
        let refusal = Refusal::new(
            Code::Forbidden,
            "this server does not know itself as {host}: its operator can name it in --public-url or --allowed-origins",
        );
        return Ok(req.error_response(Failure::from(refusal.with("host", &host.name))));
    }
    if matters && !may_pass(req.headers(), host.as_ref(), has_session, &app.config) {
        let refusal = Refusal::new(Code::Forbidden, "this came from another site, or does not say from where");
        return Ok(req.error_response(Failure::from(refusal)));
    }
    next.call(req).await.map(ServiceResponse::map_into_boxed_body)
}

/// By what is asked for, not by the path: no route is left out.
fn asks_for_a_socket(headers: &HeaderMap) -> bool {
    headers.get_all(UPGRADE).any(|protocols| {
        protocols.as_bytes().split(|byte| *byte == b',').any(|it| it.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    })
}

fn may_pass(headers: &HeaderMap, host: Option<&NamedHost>, has_session: bool, config: &Config) -> bool {
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

/// The public URL's origin, or one of the operator's list. Where the public URL is not https also that of the host which the
/// request names, if it is one that the server may have. A proxy may speak http to us and https to the browser, so the host
/// counts with either.
fn is_allowed(origin: &str, host: Option<&NamedHost>, config: &Config) -> bool {
    if config.allowed_origins.contains(origin) || config.public_origin() == origin {
        return true;
    }
    let Some(host) = host.filter(|host| is_own(host, config)) else { return false };
    is_of_host(origin, &host.name)
}

fn is_of_host(origin: &str, host: &str) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    matches!(origin.scheme(), "http" | "https")
        && Url::parse(&format!("{}://{host}", origin.scheme())).is_ok_and(|own| own.origin() == origin.origin())
}

/// Whether a page of the host that it asks by sent a request, and the server is not known by that name.
fn is_unknown(headers: &HeaderMap, host: &NamedHost, config: &Config) -> bool {
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| is_of_host(origin, &host.name) && !is_allowed(origin, Some(host), config))
}

/// Whether the server may be called so. Any name can be made to lead to any address (DNS rebinding), and its pages would then
/// be this server's own; so a name counts that the operator has given, or that nobody can register: an address, one without
/// a dot, this machine's, or one of a domain that is kept for local networks; and
/// one that a trusted proxy names.
fn is_own(host: &NamedHost, config: &Config) -> bool {
    const LOCAL: [&str; 6] = [".localhost", ".local", ".lan", ".internal", ".home.arpa", ".test"];
    if config.secure_cookies() || host.by_proxy {
        return !config.secure_cookies();
    }
    let Ok(url) = Url::parse(&format!("http://{}", host.name)) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || LOCAL.iter().any(|local| name.ends_with(local))
                || config.is_named(name)
                || *MACHINE == name
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

/// The name that this machine has given itself, in lower case.
static MACHINE: LazyLock<String> = LazyLock::new(|| {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_ascii_lowercase()
});

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn named(name: &str) -> NamedHost {
        NamedHost { name: name.to_owned(), by_proxy: false }
    }

    /// Whether a request to `chat.example` passes, with and without a session.
    fn passes(lines: &[(HeaderName, &'static str)]) -> (bool, bool) {
        let config = Config::of(&[
            "--public-url=https://chat.example",
            "--allowed-origins=https://friend.example, http://friend.example:8080",
        ]);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let host = named("chat.example");
        (may_pass(&headers, Some(&host), true, &config), may_pass(&headers, Some(&host), false, &config))
    }

    #[test]
    fn own_pages_may() {
        for origin in ["https://chat.example", "https://friend.example"] {
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
            "http://chat.example",
            "https://public.example",
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
    fn a_name_that_somebody_could_register_is_the_servers_only_where_its_operator_says_so() {
        let passes = |options: &[&str], host: &str, scheme: &str| {
            is_allowed(&format!("{scheme}://{host}"), Some(&named(host)), &Config::of(options))
        };
        let named = ["--public-url=http://chat.example", "--allowed-origins=http://friend.example"];
        for host in [
            "127.0.0.1:8080",
            "192.0.2.1",
            "[::1]:8080",
            "[2001:db8::1]",
            "localhost:8080",
            "a.localhost",
            "box",
            "box:8080",
            "box.local",
            "box.lan:80",
            "chat.internal",
            "box.home.arpa",
        ] {
            for scheme in ["http", "https"] {
                assert!(passes(&[], host, scheme) && passes(&named, host, scheme), "{host}");
                assert!(!passes(&["--public-url=https://chat.example"], host, scheme), "{host}");
            }
        }
        for host in ["chat.example", "chat.example:8080", "CHAT.example", "friend.example:1"] {
            assert!(!passes(&[], host, "http"), "{host}");
            assert!(passes(&named, host, "http"), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8080", "local", "x.chat.example", "evil.example.", "lan.evil.example"]
        {
            assert_eq!(passes(&named, host, "http"), host == "local", "{host}");
        }
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
