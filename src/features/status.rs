//! A status: an emoji and a few words beside somebody's name, until it ends.

pub mod api;
pub mod commands;
pub mod pages;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature = Feature { api: api_routes, pages: page_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes.put("/me/status", api::set).delete("/me/status", api::clear);
}

fn page_routes(routes: &mut Routes) {
    routes.get("/settings/status", pages::show).post("/settings/status", pages::save);
}

#[derive(OpenApi)]
#[openapi(paths(api::set, api::clear), components(schemas(types::Status)))]
struct Calls;
