//! The forms that choose a page's language and colours.

use actix_web::http::header::REFERER;
use actix_web::web::{Data, Form};
use actix_web::{HttpRequest, HttpResponse};
use url::{Position, Url};

use crate::app::App;
use crate::app::account::PageAccount;
use crate::app::pages::{local, see};
use crate::app::preferences::{Choice, LanguageChoice, set_cookies};

/// `POST /language`: the page that the form is on, in that language.
pub async fn set_language(app: Data<App>, req: HttpRequest, form: Form<LanguageChoice>) -> HttpResponse {
    let came_from = req.headers().get(REFERER).and_then(|from| Url::parse(from.to_str().ok()?).ok());
    let path = came_from.as_ref().map_or("/", |url| &url[Position::BeforePath..Position::AfterQuery]);
    let mut response = see(local(path));
    set_cookies(&mut response, [form.cookie(app.config.secure_cookies())]);
    response
}

/// `POST /settings/appearance`
pub async fn set_appearance(app: Data<App>, PageAccount(_): PageAccount, form: Form<Choice>) -> HttpResponse {
    let mut response = see("/settings?done=appearance");
    set_cookies(&mut response, form.cookies(app.config.secure_cookies()));
    response
}
