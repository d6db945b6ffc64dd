//! Direct talks: private rooms between people.

pub mod api;
pub mod commands;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::{Feature, no_routes};

pub const FEATURE: Feature = Feature { api: api_routes, pages: no_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes.post("/direct", api::begin_direct);
}

#[derive(OpenApi)]
#[openapi(paths(api::begin_direct))]
struct Calls;
