//! The members of a room.

pub mod api;
pub mod commands;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::{Feature, no_routes};

pub const FEATURE: Feature = Feature { api: api_routes, pages: no_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes
        .get("/rooms/{slug}/members", api::list)
        .put("/rooms/{slug}/members/{username}", api::add)
        .delete("/rooms/{slug}/members/{username}", api::remove);
}

#[derive(OpenApi)]
#[openapi(paths(api::list, api::add, api::remove))]
struct Calls;
