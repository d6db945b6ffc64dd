//! Rooms: listing, making, changing, archiving and deleting them, and the page of their settings.

pub mod api;
pub mod command;
pub mod commands;
pub mod operator;
pub mod pages;
pub mod purge;
pub mod settings_page;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature =
    Feature { api: api_routes, pages: page_routes, openapi: Calls::openapi, jobs: &[purge::PURGE_ROOMS] };

fn api_routes(routes: &mut Routes) {
    routes
        .get("/rooms", api::list)
        .post("/rooms", api::make)
        .get("/rooms/{slug}", api::show)
        .patch("/rooms/{slug}", api::change)
        .delete("/rooms/{slug}", api::delete);
}

fn page_routes(routes: &mut Routes) {
    routes
        .get("/rooms", pages::rooms)
        .post("/rooms", pages::make_room_by_form)
        .get("/rooms/{slug}/settings", settings_page::show)
        .post("/rooms/{slug}/settings", settings_page::describe)
        .post("/rooms/{slug}/settings/rules", settings_page::set_rules)
        .post("/rooms/{slug}/settings/default", settings_page::set_default)
        .post("/rooms/{slug}/settings/archive", settings_page::archive)
        .post("/rooms/{slug}/settings/delete", settings_page::delete)
        .post("/rooms/{slug}/settings/notify", settings_page::set_notify)
        .post("/rooms/{slug}/settings/leave", settings_page::leave)
        .post("/rooms/{slug}/settings/add", settings_page::add)
        .post("/rooms/{slug}/settings/remove", settings_page::remove)
        .post("/rooms/{slug}/settings/role", settings_page::set_role)
        .post("/rooms/{slug}/settings/mute", settings_page::mute)
        .post("/rooms/{slug}/settings/unmute", settings_page::unmute)
        .post("/rooms/{slug}/settings/ban", settings_page::ban)
        .post("/rooms/{slug}/settings/unban", settings_page::unban)
        .post("/rooms/{slug}/settings/reports/{id}/settle", settings_page::settle);
}

#[derive(OpenApi)]
#[openapi(paths(api::list, api::make, api::show, api::change, api::delete))]
struct Calls;
