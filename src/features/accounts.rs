//! Accounts: signing up, in and out, the password, the export and the end of an account.

pub mod api;
pub mod command;
pub mod commands;
pub mod export;
pub mod forget;
pub mod operator;
pub mod own_account;
pub mod pages;
pub mod prune;
pub mod sign_in;
pub mod types;

use utoipa::OpenApi;

use crate::app::routes::Routes;
use crate::features::Feature;

pub const FEATURE: Feature = Feature {
    api: api_routes,
    pages: page_routes,
    openapi: Calls::openapi,
    jobs: &[forget::FORGET_NAME, prune::PRUNE_SESSIONS],
};

fn api_routes(routes: &mut Routes) {
    routes
        .post("/signup", api::sign_up)
        .post("/login", api::log_in)
        .post("/logout", api::log_out)
        .get("/me", api::me)
        .delete("/me", own_account::delete)
        .post("/me/password", own_account::set_password)
        .get("/me/export", own_account::export);
}

fn page_routes(routes: &mut Routes) {
    routes
        .get("/", pages::home)
        .get("/login", pages::login)
        .post("/login", pages::log_in)
        .get("/signup", pages::signup)
        .post("/signup", pages::sign_up)
        .post("/logout", pages::log_out);
}

#[derive(OpenApi)]
#[openapi(paths(
    api::sign_up,
    api::log_in,
    api::log_out,
    api::me,
    own_account::set_password,
    own_account::export,
    own_account::delete
))]
struct Calls;
