//! Messages, for programs that do not hold a socket.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use super::bodies::{
    Always, Changing, Draft, ErrorBody, Messages, OfRoom, Preview, SendMessage, Which, WithBody, WithSession,
};
use crate::error::{Code, Refusal};
use crate::hub::Post;
use crate::limits::Kind;
use crate::protocol::{DEFAULT_PAGE_MESSAGES, Key, MAX_PAGE_MESSAGES, Message};
use crate::render::render_body;
use crate::store::messages;
use crate::web::{Account, App, Failure};

/// A page of messages, oldest first
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/messages", operation_id = "list_messages", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path), Which),
    responses(
        (status = 200, body = Messages),
        (status = 422, body = ErrorBody, description = "`invalid`: `before` or `limit` out of range"),
        WithSession, OfRoom, Always,
    ),
)]
pub async fn list(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    which: Query<Which>,
) -> Result<HttpResponse, Failure> {
    let Which { before, limit } = which.into_inner();
    let limit = limit.unwrap_or(DEFAULT_PAGE_MESSAGES);
    if before.is_some_and(|before| before < 1) {
        return Err(Refusal::invalid("before: 1 or more").into());
    }
    if !(1..=MAX_PAGE_MESSAGES).contains(&limit) {
        return Err(Refusal::invalid("limit: 1 to {most}").with("most", MAX_PAGE_MESSAGES).into());
    }
    let page = app.store.read(move |c| messages::history(c, &slug, account.user.id, before, limit)).await?;
    Ok(HttpResponse::Ok().json(Messages { messages: page.messages, more: page.more }))
}

/// How a message would look
#[utoipa::path(post, path = "/api/v1/preview", operation_id = "preview_message", tag = "messages", security(("session" = [])),
    request_body = Draft,
    responses(
        (status = 200, body = Preview),
        (status = 429, body = ErrorBody, description = "`rate_limited`: it counts as a change of a message; see `Retry-After`"),
        WithSession, Changing, Always, WithBody,
    ),
)]
pub async fn preview(app: Data<App>, account: Account, draft: Json<Draft>) -> Result<HttpResponse, Failure> {
    app.send_rate.check(account.user.id, Kind::Change)?;
    let html = render_body(&draft.body)?.html;
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
        WithSession, OfRoom, WithBody,
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
