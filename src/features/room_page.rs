//! The page of a room.

pub mod bodies;
pub mod messages;
pub mod order;
pub mod pages;
pub mod query;
pub mod view;

use crate::app::routes::Routes;
use crate::features::{Feature, no_calls, no_routes};

pub const FEATURE: Feature = Feature { api: no_routes, pages: page_routes, openapi: no_calls, jobs: &[] };

fn page_routes(routes: &mut Routes) {
    routes.get("/rooms/{slug}", pages::room).get("/rooms/{slug}/{id:[0-9]+}", pages::message);
}
