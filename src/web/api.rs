//! The JSON API, version 1, and its description for programs.

mod accounts;
pub mod bodies;
pub mod invitations;
pub mod members;
mod messages;
pub mod moderation;
pub mod own_account;
mod own_rooms;
pub mod people;
pub mod profiles;
pub mod rooms;

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, resource};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::sessions::COOKIE;

/// Everything below `/api/v1`; [`Description`] lists the same.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/signup").post(accounts::sign_up))
        .service(resource("/login").post(accounts::log_in))
        .service(resource("/logout").post(accounts::log_out))
        .service(resource("/me").get(accounts::me).patch(profiles::change).delete(own_account::delete))
        .service(resource("/me/password").post(own_account::set_password))
        .service(resource("/me/export").get(own_account::export))
        .service(resource("/rooms").get(rooms::list).post(rooms::make))
        .service(resource("/rooms/{slug}").get(rooms::show).patch(rooms::change).delete(rooms::delete))
        .service(resource("/rooms/{slug}/notify").put(rooms::set_notify))
        .service(resource("/rooms/{slug}/unread").post(own_rooms::unread))
        .service(resource("/rooms/{slug}/star").put(rooms::star).delete(rooms::unstar))
        .service(resource("/read").post(own_rooms::read))
        .service(resource("/rooms/{slug}/messages").get(messages::list).post(messages::send))
        .service(resource("/preview").post(messages::preview))
        .service(resource("/invitations").get(invitations::list).post(invitations::make))
        .service(resource("/invitations/accept").post(invitations::accept))
        .service(resource("/invitations/{id}").delete(invitations::revoke))
        .service(resource("/rooms/{slug}/members").get(members::list))
        .service(
            resource("/rooms/{slug}/members/{username}")
                .put(members::add)
                .patch(moderation::set_role)
                .delete(members::remove),
        )
        .service(resource("/rooms/{slug}/messages/{id}").delete(moderation::remove_message))
        .service(resource("/rooms/{slug}/messages/{id}/reports").post(moderation::report))
        .service(resource("/rooms/{slug}/mutes/{username}").put(moderation::mute).delete(moderation::unmute))
        .service(resource("/rooms/{slug}/bans/{username}").put(moderation::ban).delete(moderation::unban))
        .service(resource("/rooms/{slug}/sanctions").get(moderation::list_sanctions))
        .service(resource("/rooms/{slug}/reports").get(moderation::list_reports))
        .service(resource("/rooms/{slug}/audit").get(moderation::read_log))
        .service(resource("/reports").get(moderation::list_all_reports))
        .service(resource("/reports/{id}/settle").post(moderation::settle))
        .service(resource("/sanctions").get(people::list_banned))
        .service(resource("/audit").get(moderation::read_whole_log))
        .service(resource("/users").get(profiles::search))
        .service(resource("/users/{username}").get(profiles::show).patch(people::set_role))
        .service(resource("/users/{username}/ban").put(people::ban).delete(people::unban))
        .service(resource("/users/{username}/wipe").post(people::wipe))
        .service(resource("/direct").post(people::begin_direct));
}

/// The calls of the API in OpenAPI's words, made from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(title = "klatch", description = "Rooms, members and messages of a klatch server. What happens live comes over the WebSocket at /ws."),
    paths(
        accounts::sign_up,
        accounts::log_in,
        accounts::log_out,
        accounts::me,
        rooms::list,
        rooms::make,
        rooms::show,
        rooms::change,
        messages::list,
        messages::send,
        messages::preview,
        members::list,
        members::add,
        members::remove,
        rooms::delete,
        rooms::set_notify,
        own_rooms::unread,
        rooms::star,
        rooms::unstar,
        own_rooms::read,
        moderation::remove_message,
        moderation::set_role,
        moderation::mute,
        moderation::unmute,
        moderation::ban,
        moderation::unban,
        moderation::list_sanctions,
        moderation::report,
        moderation::list_reports,
        moderation::list_all_reports,
        moderation::settle,
        moderation::read_log,
        moderation::read_whole_log,
        people::ban,
        people::unban,
        people::list_banned,
        people::set_role,
        people::wipe,
        people::begin_direct,
        invitations::list,
        invitations::make,
        invitations::accept,
        invitations::revoke,
        profiles::show,
        profiles::search,
        profiles::change,
        own_account::set_password,
        own_account::export,
        own_account::delete,
    ),
    modifiers(&SessionCookie)
)]
struct Description;

/// Calls that need a session name this scheme.
struct SessionCookie;

impl Modify for SessionCookie {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKeyValue::with_description(COOKIE, "Set by signup and login.");
        api.components
            .get_or_insert_default()
            .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// `GET /api/openapi.json`
pub async fn describe() -> HttpResponse {
    HttpResponse::Ok().json(Description::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_described_with_what_it_can_answer() {
        let api = serde_json::to_value(Description::openapi()).unwrap();
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
            if !open {
                assert!(responses.contains_key("401"), "{method} {path}");
            }
        }
        assert_eq!(calls.len(), 49);
        let mut ids: Vec<_> =
            calls.iter().map(|(path, method)| api["paths"][path][method]["operationId"].to_string()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), calls.len(), "each call has an id of its own: {ids:?}");
        assert_eq!(api["components"]["securitySchemes"]["session"]["name"], COOKIE);
    }
}
