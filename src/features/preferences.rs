//! The language and the colours of pages.

pub mod pages;

use crate::app::routes::Routes;
use crate::features::{Feature, no_calls, no_routes};

pub const FEATURE: Feature = Feature { api: no_routes, pages: page_routes, openapi: no_calls, jobs: &[] };

fn page_routes(routes: &mut Routes) {
    routes.post("/language", pages::set_language).post("/settings/appearance", pages::set_appearance);
}
