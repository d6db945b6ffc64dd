//! Pages as answers: made of a template, with a form that was refused, or elsewhere.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION, RETRY_AFTER};
use actix_web::web::Data;
use serde::Serialize;
use serde_json::json;

use crate::app::failure::status_of;
use crate::app::preferences::Preferences;
use crate::app::templates::sentence;
use crate::app::{App, Failure};
use crate::wire::User;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::wording::Wording;

/// `GET /offline`: what the service worker shows in place of a page that it has not.
pub async fn offline(app: Data<App>) -> Result<HttpResponse, Failure> {
    page(&app, StatusCode::OK, "offline.html", None, json!({}))
}

/// A page with a form, with the status of what became of the form.
pub fn again(
    app: &App,
    template: &str,
    user: Option<&User>,
    values: impl Serialize,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let status = refusal.as_ref().map_or(StatusCode::OK, |refusal| status_of(refusal.code));
    let mut response = page(app, status, template, user, values)?;
    if let Some(millis) = refusal.and_then(|refusal| refusal.retry_after_ms) {
        response.headers_mut().insert(RETRY_AFTER, millis.div_ceil(1_000).into());
    }
    Ok(response)
}

pub fn page(
    app: &App,
    status: StatusCode,
    template: &str,
    user: Option<&User>,
    values: impl Serialize,
) -> Result<HttpResponse, Failure> {
    let html = app.templates.page(template, user, values)?;
    Ok(HttpResponse::build(status).insert_header(ContentType::html()).body(html))
}

/// What a form's reader can do about a refusal.
pub fn in_words(refusal: &Refusal) -> String {
    let text = |wording: &Wording| sentence(&Preferences::present().language.say(wording));
    match refusal.code {
        Code::Unavailable => text(&"the server can’t answer right now, try again in a moment".into()),
        _ => text(&refusal.wording),
    }
}

pub fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// The path, if it leads nowhere but to this server: browsers take `//host` and `/\host` for another one.
pub fn local(path: &str) -> &str {
    let is_local =
        path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_local { path } else { "/rooms" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_local_paths_are_followed() {
        for path in ["/", "/rooms/lobby", "/rooms/lobby?x=1#m-3"] {
            assert_eq!(local(path), path);
        }
        for path in
            ["", "rooms", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/\t/evil", "/ü"]
        {
            assert_eq!(local(path), "/rooms", "{path}");
        }
    }
}
