//! One's own account: another password, a copy of one's data, and the end of it.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentType};
use actix_web::web::{Bytes, Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream};
use serde::Serialize;

use crate::app::exclusive_jobs::Guard;
use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::passwords::common::refuse_common;
use crate::app::{Account, App, Failure, fields};
use crate::features::accounts::commands;
use crate::features::accounts::export;
use crate::features::accounts::sign_in;
use crate::features::accounts::types::{DeleteAccount, SetPassword, WithMessages};
use crate::features::moderation::remove_messages;
use crate::realtime::send_rate::Kind;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{RoomId, Seq, UserId};

/// Set another password
///
/// Ends all other sessions of the user, and closes their sockets with 4401.
#[utoipa::path(post, path = "/api/v1/me/password", operation_id = "set_password", tag = "accounts", security(("session" = [])), request_body = SetPassword,
    responses(
        (status = 204),
        (status = 401, body = ErrorBody, description = "`bad_credentials`: the old password is wrong; `unauthorized`: no session"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many wrong passwords; see `Retry-After`"),
        MutationErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn set_password(
    app: Data<App>,
    req: HttpRequest,
    account: Account,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Failure> {
    change_password(&app, &req, account, body.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets another password for somebody who knows the old one; ends their other login sessions.
///
/// # Errors
/// `bad_credentials`, `rate_limited`, `invalid`, `unavailable`.
pub async fn change_password(
    app: &App,
    req: &HttpRequest,
    account: Account,
    asked: SetPassword,
) -> Result<(), Refusal> {
    let SetPassword { old, new } = asked;
    fields::password(&new)?;
    refuse_common(&new, &account.user.username)?;
    let user = sign_in::verify(app, req, &account.user.username, old).await.map_err(wrong_password)?.user;
    let hash = app.passwords.hash(new).await?;
    let command = commands::SetPassword { password_hash: hash, stays: account.token_hash };
    app.perform(user.id, command).await
}

/// A copy of one's own data
///
/// The account, memberships, sessions, reports made, messages and reactions.
#[utoipa::path(get, path = "/api/v1/me/export", operation_id = "export_data", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, body = Object, description = "`account`, `created_at`, `memberships`, `sessions`, `reports`, `messages`, `reactions`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: one at a time"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn export(app: Data<App>, account: Account) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    app.send_rate.check(user, Kind::Write)?;
    let turn = app.exclusive_jobs.begin(user)?;
    let head = app.store.read(move |c| export::head(c, user)).await?;
    let mut begun = encoded(&head)?;
    // An object that goes on.
    begun.pop();
    begun.extend_from_slice(b",\"messages\":[");
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"klatch-export.json\""))
        .streaming(Export { app, user, _turn: turn, next: Part::Begun(begun) }.pieces()))
}

/// Delete one's own account
///
/// Its messages stay under "Deleted user", or go after it: where they are many, after the answer too.
#[utoipa::path(delete, path = "/api/v1/me", operation_id = "delete_account", tag = "accounts", security(("session" = [])), request_body = DeleteAccount,
    responses(
        (status = 204),
        (status = 401, body = ErrorBody, description = "`bad_credentials`: the password is wrong; `unauthorized`: no session"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many wrong passwords; see `Retry-After`"),
        MutationErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn delete(
    app: Data<App>,
    req: HttpRequest,
    account: Account,
    body: Json<DeleteAccount>,
) -> Result<HttpResponse, Failure> {
    let DeleteAccount { password, messages } = body.into_inner();
    let user = sign_in::verify(&app, &req, &account.user.username, password).await.map_err(wrong_password)?.user.id;
    let with_messages = messages == WithMessages::Remove;
    app.perform(user, commands::DeleteAccount { with_messages, marks: app.marks.clone() }).await?;
    if with_messages {
        // The account is deleted, whatever becomes of the wait.
        remove_messages::await_end(&app, user, user).await.ok();
    }
    sign_in::log_out(&req);
    Ok(HttpResponse::NoContent().finish())
}

/// The name is one's own, so only the password can be wrong.
fn wrong_password(refusal: Refusal) -> Refusal {
    match refusal.code {
        Code::BadCredentials => Refusal::new(Code::BadCredentials, "the password is wrong"),
        _ => refusal,
    }
}

/// An export on its way.
struct Export {
    app: Data<App>,
    user: UserId,
    _turn: Guard,
    next: Part,
}

/// What is sent next.
enum Part {
    Begun(Vec<u8>),
    /// Those after this place; `true` before the first.
    Messages((RoomId, Seq), bool),
    Reactions((RoomId, Seq, String), bool),
    Nothing,
}

impl Export {
    /// A page is read once the client has taken the one before.
    fn pieces(self) -> impl Stream<Item = Result<Bytes, Refusal>> {
        stream::try_unfold(self, async |mut export| Ok(export.piece().await?.map(|piece| (piece, export))))
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        let user = self.user;
        let (piece, next) = match std::mem::replace(&mut self.next, Part::Nothing) {
            Part::Begun(head) => (head, Part::Messages((0, 0), true)),
            Part::Messages(place, first) => {
                let page = self.app.store.read(move |c| export::messages_after(c, user, place)).await?;
                match page.last().map(export::Written::place) {
                    Some(place) => (listed(&page, first)?, Part::Messages(place, false)),
                    None => (b"],\"reactions\":[".to_vec(), Part::Reactions((0, 0, String::new()), true)),
                }
            }
            Part::Reactions(place, first) => {
                let page = self.app.store.read(move |c| export::reactions_after(c, user, &place)).await?;
                match page.last().map(export::Reacted::place) {
                    Some(place) => (listed(&page, first)?, Part::Reactions(place, false)),
                    None => (b"]}".to_vec(), Part::Nothing),
                }
            }
            Part::Nothing => return Ok(None),
        };
        self.next = next;
        Ok(Some(piece.into()))
    }
}

/// The items of a page, as they go on in a list.
fn listed<T: Serialize>(page: &[T], first: bool) -> Result<Vec<u8>, Refusal> {
    let mut list = encoded(&page)?;
    list.pop();
    if first {
        list.remove(0);
    } else if let Some(bracket) = list.first_mut() {
        *bracket = b',';
    }
    Ok(list)
}

fn encoded<T: Serialize>(value: &T) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an export could not be written");
        Refusal::internal()
    })
}
