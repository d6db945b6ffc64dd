//! Blocking somebody: no direct talk, no mention, and their messages are folded.

pub mod api;
pub mod commands;
pub mod pages;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature = Feature { api: api_routes, pages: page_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes
        .get("/me/blocks", api::list)
        .put("/me/blocks/{username}", api::block)
        .delete("/me/blocks/{username}", api::unblock);
}

fn page_routes(routes: &mut Routes) {
    routes.post("/people/{username}/block", pages::block).post("/people/{username}/unblock", pages::unblock);
}

#[derive(OpenApi)]
#[openapi(paths(api::list, api::block, api::unblock))]
struct Calls;
