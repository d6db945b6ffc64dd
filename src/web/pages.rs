//! Pages, and the forms on them.

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION, REFERER, RETRY_AFTER};
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::{Position, Url};

use super::account::Reader;
use super::api::bodies::{ListedRoom, MakeRoom};
use super::api::rooms::{make_room, visible_to};
use super::preferences::{LanguageChoice, Preferences, languages, set_cookies};
use super::room_page::{RoomPage, in_order, shown};
use super::templates::sentence;
use super::{Account, App, Failure, accounts};
use crate::config::Signup;
use crate::error::{Code, Refusal};
use crate::protocol::{Seq, User};
use crate::store::views::{self, RoomView};
use crate::wording::Wording;

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

/// `GET /offline`: what the service worker shows in place of a page that it has not.
pub async fn offline(app: Data<App>) -> Result<HttpResponse, Failure> {
    page(&app, StatusCode::OK, "offline.html", None, json!({}))
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
    match accounts::log_in(&app, &req, &form.username, form.password.clone()).await {
        Ok(_) => Ok(see(local(&form.next))),
        Err(refusal) => entrance(&app, "login.html", &form, Some(refusal)),
    }
}

/// `POST /signup`
pub async fn sign_up(app: Data<App>, req: HttpRequest, form: Form<Credentials>) -> Result<HttpResponse, Failure> {
    let display_name = Some(form.display_name.trim()).filter(|name| !name.is_empty());
    match accounts::sign_up(&app, &req, form.username.clone(), form.password.clone(), display_name, None).await {
        Ok(_) => Ok(see(local(&form.next))),
        Err(refusal) => entrance(&app, "signup.html", &form, Some(refusal)),
    }
}

/// `POST /logout`
pub async fn log_out(req: HttpRequest) -> HttpResponse {
    accounts::log_out(&req);
    see("/")
}

/// `POST /language`: the page that the form is on, in that language.
pub async fn set_language(app: Data<App>, req: HttpRequest, form: Form<LanguageChoice>) -> HttpResponse {
    let came_from = req.headers().get(REFERER).and_then(|from| Url::parse(from.to_str().ok()?).ok());
    let path = came_from.as_ref().map_or("/", |url| &url[Position::BeforePath..Position::AfterQuery]);
    let mut response = see(local(path));
    set_cookies(&mut response, [form.cookie(app.config.secure_cookies())]);
    response
}

/// `GET /rooms`
pub async fn rooms(app: Data<App>, Reader(account): Reader) -> Result<HttpResponse, Failure> {
    lobby(&app, &account, None).await
}

/// `POST /rooms`
pub async fn make_room_by_form(
    app: Data<App>,
    Reader(account): Reader,
    form: Form<MakeRoom>,
) -> Result<HttpResponse, Failure> {
    match make_room(&app, account.user.id, &form).await {
        Ok(room) => Ok(see(&format!("/rooms/{}", room.slug))),
        Err(refusal) => lobby(&app, &account, Some(refusal)).await,
    }
}

/// `GET /rooms/{slug}`
pub async fn room(app: Data<App>, Reader(account): Reader, slug: Path<String>) -> Result<HttpResponse, Failure> {
    room_at(&app, &account, slug.into_inner(), None).await
}

/// `GET /rooms/{slug}/{id}`: a message's link.
pub async fn message(
    app: Data<App>,
    Reader(account): Reader,
    place: Path<(String, u32)>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = place.into_inner();
    room_at(&app, &account, slug, Some(id.into())).await
}

/// A room, at its end or around a message.
async fn room_at(app: &App, account: &Account, slug: String, at: Option<Seq>) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    let RoomView { room, part, rooms, powers, members } =
        app.store.read(move |c| views::room(c, &slug, user, at)).await?;
    let values = RoomPage {
        room: &room,
        rooms: in_order(rooms.into_iter().map(ListedRoom::from).collect(), &room.slug),
        messages: shown(&part.messages),
        members: &members,
        at,
        more: part.more,
        newer: part.newer == Some(true),
        removes: powers.remove_messages,
        may: powers,
        administers: account.administers(),
    };
    page(app, StatusCode::OK, "room.html", Some(&account.user), &values)
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

/// The list of rooms, with the form for a new one.
async fn lobby(app: &App, account: &Account, refusal: Option<Refusal>) -> Result<HttpResponse, Failure> {
    let rooms = visible_to(app, account.user.id).await?;
    let administers = account.administers();
    let values = json!({ "rooms": rooms, "administers": administers, "error": refusal.as_ref().map(in_words) });
    again(app, "rooms.html", Some(&account.user), values, refusal)
}

/// A page with a form, with the status of what became of the form.
pub(super) fn again(
    app: &App,
    template: &str,
    user: Option<&User>,
    values: impl Serialize,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let status = refusal.as_ref().map_or(StatusCode::OK, |refusal| refusal.code.status());
    let mut response = page(app, status, template, user, values)?;
    if let Some(millis) = refusal.and_then(|refusal| refusal.retry_after_ms) {
        response.headers_mut().insert(RETRY_AFTER, millis.div_ceil(1_000).into());
    }
    Ok(response)
}

pub(super) fn page(
    app: &App,
    status: StatusCode,
    template: &str,
    user: Option<&User>,
    values: impl Serialize,
) -> Result<HttpResponse, Failure> {
    let html = app.templates.page(template, user, values)?;
    Ok(HttpResponse::build(status).insert_header(ContentType::html()).body(html))
}

/// What a form's reader can do about a refusal.
pub(super) fn in_words(refusal: &Refusal) -> String {
    let told = |wording: &Wording| sentence(&Preferences::present().language.say(wording));
    match refusal.code {
        Code::Unavailable => told(&"the server can’t answer right now, try again in a moment".into()),
        _ => told(&refusal.wording),
    }
}

fn signup_open(app: &App) -> bool {
    app.config.signup == Signup::Open
}

pub(super) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// The path, if it leads nowhere but to this server: browsers take `//host` and `/\host` for another one.
pub(super) fn local(path: &str) -> &str {
    let is_local =
        path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_local { path } else { "/rooms" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_local_paths_are_followed() {
        for path in ["/", "/rooms/lobby", "/rooms/lobby?x=1#m-3"] {
            assert_eq!(local(path), path);
        }
        for path in
            ["", "rooms", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/\t/evil", "/ü"]
        {
            assert_eq!(local(path), "/rooms", "{path}");
        }
    }
}
