//! Profiles: what people tell of themselves, their pictures, and their settings.

pub mod api;
pub mod avatars;
pub mod commands;
pub mod note_names;
pub mod pages;
pub mod queries;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature =
    Feature { api: api_routes, pages: page_routes, openapi: Calls::openapi, jobs: &[note_names::NOTE_NAMES] };

fn api_routes(routes: &mut Routes) {
    routes.patch("/me", api::change).get("/users", api::search).get("/users/{username}", api::show);
}

fn page_routes(routes: &mut Routes) {
    routes
        .get("/avatars/{username}.svg", avatars::show)
        .get("/settings", pages::settings)
        .post("/settings", pages::save_profile)
        .post("/settings/password", pages::set_password)
        .get("/people/{username}", pages::person);
}

#[derive(OpenApi)]
#[openapi(paths(api::show, api::search, api::change))]
struct Calls;
