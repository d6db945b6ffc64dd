//! Messages, for programs that do not hold a socket.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, RoomErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::chat::history;
use crate::chat::history::Part;
use crate::features::messages::types::{Draft, HistoryQuery, Messages, Preview, SendMessage};
use crate::realtime::hub::Post;
use crate::realtime::send_rate::Kind;
use crate::render::render_body;
use crate::wire::history::Wanted;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Key, Message};

/// A page of messages, oldest first
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/messages", operation_id = "list_messages", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path), HistoryQuery),
    responses(
        (status = 200, body = Messages),
        (status = 422, body = ErrorBody, description = "`invalid`: a value out of range, or more than one place"),
        SessionErrors, RoomErrors, CommonErrors,
    ),
)]
pub async fn list(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    which: Query<HistoryQuery>,
) -> Result<HttpResponse, Failure> {
    let HistoryQuery { before, after, around, ref since, limit } = *which;
    let place = Wanted { before, after, around, since: since.as_deref(), limit }.checked()?;
    let part = app.store.read(move |c| history::page(c, &slug, account.user.id, &place)).await?;
    let Part { messages, more, newer } = part;
    Ok(HttpResponse::Ok().json(Messages { messages, more, newer }))
}

/// How a message would look
#[utoipa::path(post, path = "/api/v1/preview", operation_id = "preview_message", tag = "messages", security(("session" = [])),
    request_body = Draft,
    responses(
        (status = 200, body = Preview),
        (status = 429, body = ErrorBody, description = "`rate_limited`: it counts as a change of a message; see `Retry-After`"),
        SessionErrors, MutationErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn preview(app: Data<App>, account: Account, draft: Json<Draft>) -> Result<HttpResponse, Failure> {
    app.send_rate.check(account.user.id, Kind::Change)?;
    let html = render_body(&draft.body)?.preview();
    Ok(HttpResponse::Ok().json(Preview { html }))
}

/// Send a message
///
/// A key that was used before stores nothing and answers the first message.
#[utoipa::path(post, path = "/api/v1/rooms/{slug}/messages", operation_id = "send_message", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path)), request_body = SendMessage,
    responses(
        (status = 201, body = Message),
        (status = 200, body = Message, description = "The key was used before: the first message"),
        (status = 403, body = ErrorBody, description = "`forbidden`: only the room's members may, or the request came from another site"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many messages at once; see `Retry-After`"),
        (status = 503, body = ErrorBody, description = "`unavailable`: it may or may not have been stored; send again with the same key"),
        SessionErrors, RoomErrors, BodyErrors,
    ),
)]
pub async fn send(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    body: Json<SendMessage>,
) -> Result<HttpResponse, Failure> {
    let SendMessage { key, body, reply_to, author } = body.into_inner();
    let user = account.user.id;
    if author.is_some_and(|author| author != user) {
        return Err(Refusal::new(Code::Unauthorized, "somebody else is signed in by now").into());
    }
    app.send_rate.check(user, Kind::Message)?;
    let post = Post { key: Key::parse(&key)?, rendered: render_body(&body)?, reply_to };
    let (message, is_new) = app.hub.post(&slug, user, post).await?;
    Ok(if is_new { HttpResponse::Created().json(message) } else { HttpResponse::Ok().json(message) })
}
