//! What klatch can do: a folder for each capability, with its use cases, queries, JSON routes, pages and commands.
//!
//! A feature is listed once, in [`FEATURES`]. It uses the layers below and no other feature's SQL.

pub mod accounts;
pub mod blocks;
pub mod direct;
pub mod invitations;
pub mod members;
pub mod messages;
pub mod moderation;
pub mod operations;
pub mod preferences;
pub mod profiles;
pub mod room_page;
pub mod room_preferences;
pub mod rooms;
pub mod status;

use actix_web::HttpResponse;
use actix_web::web::Data;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::app::App;
use crate::app::announce_later::ANNOUNCE;
use crate::app::jobs::JobKind;
use crate::app::routes::Routes;
use crate::base::config::Config;

/// What a feature adds to the server.
pub struct Feature {
    /// Its calls below `/api/v1`.
    pub api: fn(&mut Routes),
    /// Its pages and forms.
    pub pages: fn(&mut Routes),
    /// The description of its calls.
    pub openapi: fn() -> utoipa::openapi::OpenApi,
    /// The work that it does later.
    pub jobs: &'static [JobKind],
}

/// All features. Routes are tried in this order: what is asked for most stands first.
pub const FEATURES: &[Feature] = &[
    room_page::FEATURE,
    messages::FEATURE,
    rooms::FEATURE,
    members::FEATURE,
    room_preferences::FEATURE,
    direct::FEATURE,
    profiles::FEATURE,
    status::FEATURE,
    blocks::FEATURE,
    accounts::FEATURE,
    invitations::FEATURE,
    moderation::FEATURE,
    preferences::FEATURE,
];

/// For features that have no calls of the API.
fn no_routes(_: &mut Routes) {}

/// For features that have no calls of the API.
fn no_calls() -> utoipa::openapi::OpenApi {
    utoipa::openapi::OpenApi::default()
}

/// All calls of the API.
pub fn api_routes() -> Routes {
    collected(|feature| feature.api)
}

/// All pages and forms.
pub fn page_routes() -> Routes {
    let mut routes = collected(|feature| feature.pages);
    routes.lead_to_pages();
    routes
}

/// All kinds of jobs.
pub fn jobs() -> Vec<&'static JobKind> {
    FEATURES.iter().flat_map(|feature| feature.jobs).chain([&ANNOUNCE]).collect()
}

fn collected(routes_of: impl Fn(&Feature) -> fn(&mut Routes)) -> Routes {
    let mut routes = Routes::default();
    for feature in FEATURES {
        routes_of(feature)(&mut routes);
    }
    routes
}

/// The calls of the API in OpenAPI's words, made from the handlers.
#[derive(OpenApi)]
#[openapi(info(
    title = "klatch",
    description = "Rooms, members and messages of a klatch server. What happens live comes over the WebSocket at /ws."
))]
struct Description;

/// Calls that need a session name this scheme: its cookie's name.
struct SessionCookie(String);

impl Modify for SessionCookie {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKeyValue::with_description(self.0.as_str(), "Set by signup and login.");
        api.components
            .get_or_insert_default()
            .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

fn description(config: &Config) -> utoipa::openapi::OpenApi {
    let mut api = FEATURES.iter().fold(Description::openapi(), |api, feature| api.merge_from((feature.openapi)()));
    SessionCookie(config.session_cookie()).modify(&mut api);
    api
}

/// `GET /api/openapi.json`
pub async fn describe(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(description(&app.config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_described_with_what_it_can_answer() {
        let api = serde_json::to_value(description(&Config::of(&[]))).unwrap();
        let calls: Vec<(String, String)> = api["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, calls)| {
                calls.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
            })
            .collect();
        for (path, method) in [
            ("/signup", "post"),
            ("/login", "post"),
            ("/logout", "post"),
            ("/me", "get"),
            ("/rooms", "get"),
            ("/rooms", "post"),
            ("/rooms/{slug}", "get"),
            ("/rooms/{slug}", "patch"),
            ("/rooms/{slug}/messages", "get"),
            ("/rooms/{slug}/messages", "post"),
            ("/rooms/{slug}/members", "get"),
            ("/rooms/{slug}/members/{username}", "put"),
            ("/rooms/{slug}/members/{username}", "delete"),
            ("/invitations", "get"),
            ("/invitations", "post"),
            ("/invitations/accept", "post"),
            ("/invitations/{id}", "delete"),
        ] {
            let path = format!("/api/v1{path}");
            assert!(calls.contains(&(path.clone(), method.to_owned())), "{method} {path}");
            let call = &api["paths"][&path][method];
            let responses = call["responses"].as_object().unwrap();
            assert!(responses.contains_key("503"), "{method} {path}");
            let open = matches!(path.as_str(), "/api/v1/signup" | "/api/v1/login");
            assert_eq!(call["security"].is_null(), open, "{method} {path}");
            assert_eq!(responses.contains_key("403"), method != "get", "{method} {path}");
            assert!(responses.contains_key("429") || method == "get", "{method} {path}");
            if !open {
                assert!(responses.contains_key("401"), "{method} {path}");
            }
        }
        assert_eq!(calls.len(), api_routes().count(), "each route is described");
        let mut ids: Vec<_> =
            calls.iter().map(|(path, method)| api["paths"][path][method]["operationId"].to_string()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), calls.len(), "each call has an id of its own: {ids:?}");
        assert_eq!(api["components"]["securitySchemes"]["session"]["name"], "klatch_session_8080");
    }
}
