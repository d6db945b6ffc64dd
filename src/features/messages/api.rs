//! Messages, for programs that do not hold a socket.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, RoomErrors, SessionErrors};
use crate::app::{Account, App, Failure};
use crate::chat::batch::Action;
use crate::chat::history;
use crate::chat::history::Part;
use crate::chat::messages;
use crate::features::messages::types::{Draft, EditMessage, HistoryQuery, MeantRoom, Messages, Preview, SendMessage};
use crate::realtime::hub::Post;
use crate::realtime::rendering;
use crate::realtime::send_rate::Kind;
use crate::wire::history::Wanted;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Key, Message, Seq};

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

/// A message
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/messages/{id}", operation_id = "show_message", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path), ("id" = i64, Path), MeantRoom),
    responses(
        (status = 200, body = Message, description = "In its latest state; one that was deleted has no text"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such message"),
        (status = 422, body = ErrorBody, description = "`invalid`: a value of the query does not fit"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn show(
    app: Data<App>,
    account: Account,
    path: Path<(String, Seq)>,
    meant: Query<MeantRoom>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = path.into_inner();
    let message = app.store.read(move |c| history::one(c, &slug, meant.room_id, account.user.id, id)).await?;
    Ok(HttpResponse::Ok().json(message))
}

/// Change one's own message
#[utoipa::path(patch, path = "/api/v1/rooms/{slug}/messages/{id}", operation_id = "edit_message", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path), ("id" = i64, Path), MeantRoom), request_body = EditMessage,
    responses(
        (status = 200, body = Message, description = "As it is now; what is the same changes nothing"),
        (status = 403, body = ErrorBody, description = "`forbidden`: only its author may, or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such message"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once; see `Retry-After`"),
        SessionErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn edit(
    app: Data<App>,
    account: Account,
    path: Path<(String, Seq)>,
    meant: Query<MeantRoom>,
    body: Json<EditMessage>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = path.into_inner();
    change(&app, &account, &slug, &meant, id, async || {
        Ok(Action::Edit { id, rendered: rendering::render(body.into_inner().body).await? })
    })
    .await
}

/// Give a message an emoji
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/messages/{id}/reactions/{emoji}", operation_id = "react", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path), ("id" = i64, Path), ("emoji" = String, Path), MeantRoom),
    responses(
        (status = 200, body = Message, description = "As it is now; an emoji that was given before changes nothing"),
        (status = 403, body = ErrorBody, description = "`forbidden`: only members may, or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such message"),
        (status = 422, body = ErrorBody, description = "`invalid`: not an emoji, or the message has as many as it may have"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once; see `Retry-After`"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn react(
    app: Data<App>,
    account: Account,
    path: Path<(String, Seq, String)>,
    meant: Query<MeantRoom>,
) -> Result<HttpResponse, Failure> {
    let (slug, id, emoji) = path.into_inner();
    change(&app, &account, &slug, &meant, id, async || Action::react(id, &emoji, true)).await
}

/// Take an emoji back
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/messages/{id}/reactions/{emoji}", operation_id = "take_reaction_back", tag = "messages", security(("session" = [])),
    params(("slug" = String, Path), ("id" = i64, Path), ("emoji" = String, Path), MeantRoom),
    responses(
        (status = 200, body = Message, description = "As it is now; one that was not given changes nothing"),
        (status = 403, body = ErrorBody, description = "`forbidden`: only members may, or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such message"),
        (status = 422, body = ErrorBody, description = "`invalid`: not an emoji"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once; see `Retry-After`"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn take_reaction_back(
    app: Data<App>,
    account: Account,
    path: Path<(String, Seq, String)>,
    meant: Query<MeantRoom>,
) -> Result<HttpResponse, Failure> {
    let (slug, id, emoji) = path.into_inner();
    change(&app, &account, &slug, &meant, id, async || Action::react(id, &emoji, false)).await
}

/// Changes a message, and answers it as it is then.
async fn change(
    app: &App,
    account: &Account,
    slug: &str,
    meant: &MeantRoom,
    id: Seq,
    action: impl AsyncFnOnce() -> Result<Action, Refusal>,
) -> Result<HttpResponse, Failure> {
    let user = account.user.id;
    app.send_rate.check(user, Kind::Change)?;
    let (room, _) = app.hub.act(slug, meant.room_id, user, &action().await?).await?;
    let message = app.store.read(move |c| messages::one(c, room, id)).await?;
    Ok(HttpResponse::Ok().json(message))
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
    let html = rendering::render(draft.into_inner().body).await?.preview();
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
    let SendMessage { key, body, reply_to, room_id, author } = body.into_inner();
    let user = account.user.id;
    if author.is_some_and(|author| author != user) {
        return Err(Refusal::new(Code::Unauthorized, "somebody else is signed in by now").into());
    }
    app.send_rate.check(user, Kind::Message)?;
    let post = Post { room_id, key: Key::parse(&key)?, rendered: rendering::render(body).await?, reply_to };
    let (message, is_new) = app.hub.post(&slug, user, post).await?;
    Ok(if is_new { HttpResponse::Created().json(message) } else { HttpResponse::Ok().json(message) })
}
