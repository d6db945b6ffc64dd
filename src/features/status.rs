//! A status: an emoji and a few words beside somebody's name, until it ends.

pub mod api;
pub mod commands;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::{Feature, no_routes};

pub const FEATURE: Feature = Feature { api: api_routes, pages: no_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes.put("/me/status", api::set).delete("/me/status", api::clear);
}

#[derive(OpenApi)]
#[openapi(paths(api::set, api::clear), components(schemas(types::Status)))]
struct Calls;
