//! The pages of links that let somebody in. No token is written to the log, and none leaves this server: pages name their
//! own address to nobody else.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;
use serde_json::json;

use crate::app::account::PageAccount;
use crate::app::pages::{again, in_words, see};
use crate::app::paging::{self, PageQuery};
use crate::app::preferences::languages;
use crate::app::{Account, App, Failure};
use crate::features::accounts::sign_in;
use crate::features::invitations::accept::{self, AcceptInvitation, Entered};
use crate::features::invitations::api::{Invitation, MakeInvitation, make_invitation, url_of};
use crate::features::invitations::commands::RevokeInvitation;
use crate::features::invitations::queries;
use crate::wire::InstanceRole;
use crate::wire::refusal::{Code, Refusal};

/// Pixels of the QR code's side, at least.
const QR_SIDE: u32 = 240;

/// What a form on an invitation's page has: nothing where somebody is signed in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Newcomer {
    username: String,
    password: String,
    display_name: String,
}

/// `GET /invite/{token}`: where the link leads.
pub async fn invitation(
    app: Data<App>,
    account: Option<Account>,
    token: Path<String>,
) -> Result<HttpResponse, Failure> {
    shown(&app, account.as_ref(), &token, &Newcomer::default(), None).await
}

/// `POST /invite/{token}`: go there, with an account or by making one.
pub async fn use_invitation(
    app: Data<App>,
    req: HttpRequest,
    account: Option<Account>,
    token: Path<String>,
    form: Form<Newcomer>,
) -> Result<HttpResponse, Failure> {
    let used = match &account {
        Some(account) => app.perform(account.user.id, AcceptInvitation { token: token.clone() }).await,
        None => {
            let name = Some(form.display_name.trim()).filter(|name| !name.is_empty());
            let (username, password) = (form.username.clone(), form.password.clone());
            sign_in::sign_up(&app, &req, username, password, name, Some(token.clone())).await
        }
    };
    match used {
        Ok(Entered { room: Some(room), .. }) => Ok(see(&format!("/rooms/{}", room.slug))),
        Ok(_) => Ok(see("/rooms")),
        // The page that says so is its own.
        Err(refusal) if refusal.code == Code::NotFound => Err(refusal.into()),
        Err(refusal) => shown(&app, account.as_ref(), &token, &form, Some(refusal)).await,
    }
}

/// The page of a link that can be used.
async fn shown(
    app: &App,
    account: Option<&Account>,
    token: &str,
    form: &Newcomer,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let asked = token.to_owned();
    let to = app.store.read(move |c| accept::look_up(c, &asked)).await?;
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "token": token,
        "makes_owner": to.role == InstanceRole::Owner,
        "guest": to.role == InstanceRole::Guest,
        "room": to.room.map(|room| if room.title.is_empty() { room.slug } else { room.title }),
        "may_sign_up": accept::admits(app.config.signup, Some(to.role)).is_ok(),
        "username": form.username,
        "display_name": form.display_name,
        "languages": languages(),
    });
    again(app, "invite.html", account.map(|account| &account.user), values, refusal)
}

/// `GET /invite/{token}/qr.svg`: the link as a QR code.
pub async fn qr(app: Data<App>, token: Path<String>) -> Result<HttpResponse, Failure> {
    let token = token.into_inner();
    let url = url_of(&app.config.public_origin(), &token);
    app.store.read(move |c| accept::look_up(c, &token)).await?;
    // The token fits its hash, so the link is a short one.
    let code = QrCode::new(url).map_err(|error| {
        tracing::error!(%error, "a QR code could not be made");
        Refusal::internal()
    })?;
    let image = code.render::<svg::Color>().min_dimensions(QR_SIDE, QR_SIDE).build();
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "image/svg+xml")).body(image))
}

/// `GET /invitations`
pub async fn list(
    app: Data<App>,
    PageAccount(account): PageAccount,
    page: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    listed(&app, &account, &page, None, None).await
}

/// `POST /invitations`
pub async fn make(
    app: Data<App>,
    PageAccount(account): PageAccount,
    form: Form<MakeInvitation>,
) -> Result<HttpResponse, Failure> {
    let mut new = form.into_inner();
    new.room = new.room.map(|slug| slug.trim().to_owned()).filter(|slug| !slug.is_empty());
    match make_invitation(&app, &account, new).await {
        Ok(made) => listed(&app, &account, &PageQuery::default(), made.url, None).await,
        Err(failure) => listed(&app, &account, &PageQuery::default(), None, Some(failure.refusal)).await,
    }
}

/// `POST /invitations/{id}/revoke`
pub async fn revoke(app: Data<App>, PageAccount(account): PageAccount, id: Path<i64>) -> Result<HttpResponse, Failure> {
    match app.perform(account.user.id, RevokeInvitation { id: id.into_inner() }).await {
        Ok(()) => Ok(see("/invitations")),
        Err(refusal) => listed(&app, &account, &PageQuery::default(), None, Some(refusal)).await,
    }
}

/// The links that somebody may revoke, and the form for a new one.
async fn listed(
    app: &App,
    account: &Account,
    page: &PageQuery,
    made: Option<String>,
    refusal: Option<Refusal>,
) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    let (limit, before) = (paging::limit(page.limit)?, paging::id_after(page.cursor.as_deref())?);
    let (found, more) = app.store.read(move |c| queries::list(c, user, before, limit)).await?;
    let older = found.last().filter(|_| more).map(|oldest| oldest.id);
    let values = json!({
        "error": refusal.as_ref().map(in_words),
        "administers": account.administers(),
        "invitations": found.into_iter().map(Invitation::from).collect::<Vec<_>>(),
        "older": older,
        // By its path, since people may come by several addresses.
        "qr": made.as_ref().and_then(|url| url.rsplit_once("/invite/")).map(|(_, token)| format!("/invite/{token}/qr.svg")),
        "made": made,
    });
    again(app, "invitations.html", Some(&account.user), values, refusal)
}
