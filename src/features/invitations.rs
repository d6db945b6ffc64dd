//! Invitations: links that let somebody into the chat, into a room, or in as the first owner.

pub mod accept;
pub mod api;
pub mod command;
pub mod commands;
pub mod pages;
pub mod queries;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature = Feature { api: api_routes, pages: page_routes, openapi: Calls::openapi, jobs: &[] };

fn api_routes(routes: &mut Routes) {
    routes
        .get("/invitations", api::list)
        .post("/invitations", api::make)
        .post("/invitations/accept", api::accept)
        .delete("/invitations/{id}", api::revoke);
}

fn page_routes(routes: &mut Routes) {
    routes
        .get("/invite/{token}", pages::invitation)
        .post("/invite/{token}", pages::use_invitation)
        .get("/invite/{token}/qr.svg", pages::qr)
        .get("/invitations", pages::list)
        .post("/invitations", pages::make)
        .post("/invitations/{id}/revoke", pages::revoke);
}

#[derive(OpenApi)]
#[openapi(paths(api::list, api::make, api::accept, api::revoke))]
struct Calls;
