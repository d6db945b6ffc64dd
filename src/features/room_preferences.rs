//! One's own view of a room: the read mark, the level of notification, the star.

pub mod api;
pub mod commands;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::{Feature, no_routes};

pub const FEATURE: Feature = Feature { api: api_routes, pages: no_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes
        .post("/read", api::read)
        .post("/rooms/{slug}/unread", api::unread)
        .put("/rooms/{slug}/notify", api::set_notify)
        .put("/rooms/{slug}/star", api::star)
        .delete("/rooms/{slug}/star", api::unstar);
}

#[derive(OpenApi)]
#[openapi(paths(api::read, api::unread, api::set_notify, api::star, api::unstar))]
struct Calls;
