//! Messages over HTTP: sending, histories, previews, and the pages on which one is reported or removed,
//! and the job that renders older ones anew.

pub mod api;
pub mod pages;
pub mod rerender;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature =
    Feature { api: api_routes, pages: page_routes, openapi: Calls::openapi, jobs: &[rerender::RERENDER] };

fn api_routes(routes: &mut Routes) {
    routes
        .get("/rooms/{slug}/messages", api::list)
        .post("/rooms/{slug}/messages", api::send)
        .get("/rooms/{slug}/messages/{id}", api::show)
        .patch("/rooms/{slug}/messages/{id}", api::edit)
        .put("/rooms/{slug}/messages/{id}/reactions/{emoji}", api::react)
        .delete("/rooms/{slug}/messages/{id}/reactions/{emoji}", api::take_reaction_back)
        .post("/preview", api::preview);
}

fn page_routes(routes: &mut Routes) {
    routes
        .get("/rooms/{slug}/messages/{id}/report", pages::report)
        .post("/rooms/{slug}/messages/{id}/report", pages::send_report)
        .get("/rooms/{slug}/messages/{id}/remove", pages::removal)
        .post("/rooms/{slug}/messages/{id}/remove", pages::remove);
}

#[derive(OpenApi)]
#[openapi(paths(api::list, api::send, api::show, api::edit, api::react, api::take_reaction_back, api::preview))]
struct Calls;
