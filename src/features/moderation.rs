//! Moderation: removals, mutes, bans, roles, reports and the audit log, in a room and in the whole chat.

pub mod api;
pub mod commands;
pub mod forms;
pub mod pages;
pub mod people_api;
pub mod permissions;
pub mod prune;
pub mod remove_messages;
pub mod types;
pub mod wipe;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature = Feature {
    api: api_routes,
    pages: page_routes,
    openapi: Calls::openapi,
    jobs: &[remove_messages::REMOVE_MESSAGES, prune::PRUNE_LOG],
};

fn api_routes(routes: &mut Routes) {
    routes
        .delete("/rooms/{slug}/messages/{id}", api::delete_message)
        .post("/rooms/{slug}/messages/{id}/reports", api::report)
        .patch("/rooms/{slug}/members/{username}", api::set_role)
        .put("/rooms/{slug}/mutes/{username}", api::mute)
        .delete("/rooms/{slug}/mutes/{username}", api::unmute)
        .put("/rooms/{slug}/bans/{username}", api::ban)
        .delete("/rooms/{slug}/bans/{username}", api::unban)
        .get("/rooms/{slug}/sanctions", api::list_sanctions)
        .get("/rooms/{slug}/reports", api::list_reports)
        .get("/rooms/{slug}/audit", api::read_log)
        .get("/reports", api::list_all_reports)
        .post("/reports/{id}/settle", api::settle)
        .get("/sanctions", people_api::list_banned)
        .get("/audit", api::read_whole_log)
        .patch("/users/{username}", people_api::set_role)
        .put("/users/{username}/ban", people_api::ban)
        .delete("/users/{username}/ban", people_api::unban)
        .post("/users/{username}/wipe", wipe::wipe);
}

fn page_routes(routes: &mut Routes) {
    routes
        .get("/moderation", pages::show)
        .post("/moderation/reports/{id}/settle", pages::settle)
        .post("/moderation/ban", pages::ban)
        .post("/moderation/unban", pages::unban)
        .post("/moderation/role", pages::set_role)
        .post("/moderation/wipe", pages::wipe);
}

#[derive(OpenApi)]
#[openapi(paths(
    api::delete_message,
    api::set_role,
    api::mute,
    api::unmute,
    api::ban,
    api::unban,
    api::list_sanctions,
    api::report,
    api::list_reports,
    api::list_all_reports,
    api::settle,
    api::read_log,
    api::read_whole_log,
    people_api::ban,
    people_api::unban,
    people_api::list_banned,
    people_api::set_role,
    wipe::wipe
))]
struct Calls;
