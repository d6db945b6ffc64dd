//! The pages on which somebody signs up, in and out.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use crate::app::pages::{again, in_words, local, page, see};
use crate::app::preferences::languages;
use crate::app::{Account, App, Failure};
use crate::base::config::Signup;
use crate::features::accounts::sign_in;
use crate::wire::refusal::Refusal;

/// Where somebody wanted to go before they had to sign in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    next: String,
}

/// `GET /`: what klatch is, for those who are not signed in.
pub async fn home(app: Data<App>, account: Option<Account>) -> Result<HttpResponse, Failure> {
    match account {
        Some(_) => Ok(see("/rooms")),
        None => {
            let values = json!({ "signup_open": signup_open(&app), "languages": languages() });
            page(&app, StatusCode::OK, "home.html", None, values)
        }
    }
}

/// `GET /login`
pub async fn login(app: Data<App>, account: Option<Account>, query: Query<Next>) -> Result<HttpResponse, Failure> {
    match account {
        Some(_) => Ok(see(local(&query.next))),
        None => entrance(&app, "login.html", &Credentials::empty(query.into_inner()), None),
    }
}

/// `GET /signup`
pub async fn signup(app: Data<App>, account: Option<Account>, query: Query<Next>) -> Result<HttpResponse, Failure> {
    match account {
        Some(_) => Ok(see(local(&query.next))),
        None => entrance(&app, "signup.html", &Credentials::empty(query.into_inner()), None),
    }
}

/// `POST /login`
pub async fn log_in(app: Data<App>, req: HttpRequest, form: Form<Credentials>) -> Result<HttpResponse, Failure> {
    match sign_in::log_in(&app, &req, &form.username, form.password.clone()).await {
        Ok(_) => Ok(see(local(&form.next))),
        Err(refusal) => entrance(&app, "login.html", &form, Some(refusal)),
    }
}

/// `POST /signup`
pub async fn sign_up(app: Data<App>, req: HttpRequest, form: Form<Credentials>) -> Result<HttpResponse, Failure> {
    let display_name = Some(form.display_name.trim()).filter(|name| !name.is_empty());
    match sign_in::sign_up(&app, &req, form.username.clone(), form.password.clone(), display_name, None).await {
        Ok(_) => Ok(see(local(&form.next))),
        Err(refusal) => entrance(&app, "signup.html", &form, Some(refusal)),
    }
}

/// `POST /logout`
pub async fn log_out(req: HttpRequest) -> HttpResponse {
    sign_in::log_out(&req);
    see("/")
}

impl Credentials {
    fn empty(next: Next) -> Self {
        Self { username: String::new(), password: String::new(), display_name: String::new(), next: next.next }
    }
}

/// The login or the sign-up page, with what has been filled in but the password.
fn entrance(app: &App, template: &str, form: &Credentials, refusal: Option<Refusal>) -> Result<HttpResponse, Failure> {
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "username": form.username,
        "display_name": form.display_name,
        "next": form.next,
        "signup_open": signup_open(app),
        "languages": languages(),
        "signup_by_invitation": app.config.signup == Signup::Invite,
    });
    again(app, template, None, values, refusal)
}

fn signup_open(app: &App) -> bool {
    app.config.signup == Signup::Open
}
