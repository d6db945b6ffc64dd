//! The calls of a room's moderators: removals, mutes, bans, reports and the audit log.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, RoomErrors, SessionErrors};
use crate::app::paging::{self, PageQuery};
use crate::app::{Account, App, Failure, fields};
use crate::chat::batch::Action;
use crate::chat::sanctions::Kind;
use crate::chat::{audit, reports, sanctions};
use crate::features::members::commands::SetMemberRole;
use crate::features::messages::types::MeantRoom;
use crate::features::moderation::commands::{Impose, Lift, ReportMessage, SettleReport};
use crate::features::moderation::types::{
    AuditLog, AuditQuery, ReasonBody, Reports, SanctionRequest, Sanctions, SetRole,
};
use crate::realtime::send_rate;
use crate::wire::refusal::Refusal;
use crate::wire::{RoomId, Seq, UserId};

/// Take back one's own message, or remove somebody else's
///
/// A message that a moderator removed is shown as removed; its text is in nothing that any client gets.
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/messages/{id}", operation_id = "remove_message", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("id" = i64, Path), ReasonBody, MeantRoom),
    responses(
        (status = 204, description = "Deleted now, or before"),
        (status = 403, body = ErrorBody, description = "`forbidden`: only its author and the room's moderators may, or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such message"),
        (status = 422, body = ErrorBody, description = "`invalid`: the reason is too long"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn delete_message(
    app: Data<App>,
    account: Account,
    path: Path<(String, Seq)>,
    why: Query<ReasonBody>,
    meant: Query<MeantRoom>,
) -> Result<HttpResponse, Failure> {
    let reason = why.reason.as_deref().unwrap_or_default();
    remove_message(&app, account.user.id, &path, meant.room_id, reason).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Make a member a moderator, or no longer one
#[utoipa::path(patch, path = "/api/v1/rooms/{slug}/members/{username}", operation_id = "set_member_role", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path)), request_body = SetRole,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only moderators may, and nobody to those above them; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such member"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn set_role(
    app: Data<App>,
    account: Account,
    path: Path<(String, String)>,
    body: Json<SetRole>,
) -> Result<HttpResponse, Failure> {
    let (slug, username) = path.into_inner();
    let command = SetMemberRole { slug, username, role: fields::role(&body.role)? };
    app.perform(account.user.id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Let somebody only read in a room, for some minutes or for ever
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/mutes/{username}", operation_id = "mute_member", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path)), request_body = SanctionRequest,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only moderators may, and nobody to those above them; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such user"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn mute(
    app: Data<App>,
    account: Account,
    path: Path<(String, String)>,
    terms: Json<SanctionRequest>,
) -> Result<HttpResponse, Failure> {
    let ((slug, username), terms) = (path.into_inner(), terms.terms()?);
    app.perform(account.user.id, Impose { slug, username, kind: Kind::Mute, terms }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Let somebody talk again
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/mutes/{username}", operation_id = "unmute_member", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path)),
    responses((status = 204), SessionErrors, MutationErrors, RoomErrors, CommonErrors),
)]
pub async fn unmute(app: Data<App>, account: Account, path: Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (slug, username) = path.into_inner();
    app.perform(account.user.id, Lift { slug, username, kind: Kind::Mute }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Close a room to somebody, for some minutes or for ever; ends their membership
#[utoipa::path(put, path = "/api/v1/rooms/{slug}/bans/{username}", operation_id = "ban_member", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path)), request_body = SanctionRequest,
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`forbidden`: only moderators may, and nobody to those above them; or the request came from another site"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such user"),
        (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
        SessionErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn ban(
    app: Data<App>,
    account: Account,
    path: Path<(String, String)>,
    terms: Json<SanctionRequest>,
) -> Result<HttpResponse, Failure> {
    let ((slug, username), terms) = (path.into_inner(), terms.terms()?);
    app.perform(account.user.id, Impose { slug, username, kind: Kind::Ban, terms }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Open a room to somebody again
#[utoipa::path(delete, path = "/api/v1/rooms/{slug}/bans/{username}", operation_id = "unban_member", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("username" = String, Path)),
    responses((status = 204), SessionErrors, MutationErrors, RoomErrors, CommonErrors),
)]
pub async fn unban(app: Data<App>, account: Account, path: Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (slug, username) = path.into_inner();
    app.perform(account.user.id, Lift { slug, username, kind: Kind::Ban }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The mutes and bans of a room that have not ended
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/sanctions", operation_id = "list_sanctions", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path)),
    responses(
        (status = 200, body = Sanctions),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for moderators"),
        SessionErrors, RoomErrors, CommonErrors,
    ),
)]
pub async fn list_sanctions(app: Data<App>, account: Account, slug: Path<String>) -> Result<HttpResponse, Failure> {
    let sanctions = app.store.read(move |c| sanctions::list(c, &slug, account.user.id)).await?;
    Ok(HttpResponse::Ok().json(Sanctions { sanctions }))
}

/// Tell the moderators of a message
#[utoipa::path(post, path = "/api/v1/rooms/{slug}/messages/{id}/reports", operation_id = "report_message", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), ("id" = i64, Path)), request_body = ReasonBody,
    responses(
        (status = 204, description = "Reported now, or by this user before"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such room, none that this user may see, or no such message"),
        SessionErrors, MutationErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn report(
    app: Data<App>,
    account: Account,
    path: Path<(String, Seq)>,
    why: Json<ReasonBody>,
) -> Result<HttpResponse, Failure> {
    let (slug, id) = path.into_inner();
    app.perform(account.user.id, ReportMessage { slug, id, reason: why.reason()? }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The reports of a room: the open ones before the settled ones
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/reports", operation_id = "list_reports", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), PageQuery),
    responses(
        (status = 200, body = Reports),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for moderators"),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range, or no cursor"),
        SessionErrors, RoomErrors, CommonErrors,
    ),
)]
pub async fn list_reports(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    page: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    reported(&app, &account, Some(slug.into_inner()), page.into_inner()).await
}

async fn reported(
    app: &App,
    account: &Account,
    slug: Option<String>,
    page: PageQuery,
) -> Result<HttpResponse, Failure> {
    let (user, limit) = (account.user.id, paging::limit(page.limit)?);
    let wanted = reports::Wanted { slug, open_only: false, cursor: page.cursor, limit };
    let reports::Page { reports, cursor } = app.store.read(move |c| reports::list(c, user, &wanted)).await?;
    Ok(HttpResponse::Ok().json(Reports { reports, cursor }))
}

/// The reports of all rooms, for admins: the open ones before the settled ones
#[utoipa::path(get, path = "/api/v1/reports", operation_id = "list_all_reports", tag = "moderation", security(("session" = [])),
    params(PageQuery),
    responses(
        (status = 200, body = Reports),
        (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range, or no cursor"),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for admins"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn list_all_reports(
    app: Data<App>,
    account: Account,
    page: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    reported(&app, &account, None, page.into_inner()).await
}

/// Mark a report as dealt with
#[utoipa::path(post, path = "/api/v1/reports/{id}/settle", operation_id = "settle_report", tag = "moderation", security(("session" = [])),
    params(("id" = i64, Path)), request_body = ReasonBody,
    responses(
        (status = 204, description = "Settled now, or before"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such report, or none that this user sees to"),
        SessionErrors, MutationErrors, CommonErrors, BodyErrors,
    ),
)]
pub async fn settle(
    app: Data<App>,
    account: Account,
    id: Path<i64>,
    why: Json<ReasonBody>,
) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, SettleReport { id: id.into_inner(), reason: why.reason()? }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What was done in a room: who did what to whom, why and when; the latest first
#[utoipa::path(get, path = "/api/v1/rooms/{slug}/audit", operation_id = "read_audit_log", tag = "moderation", security(("session" = [])),
    params(("slug" = String, Path), AuditQuery),
    responses(
        (status = 200, body = AuditLog),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for moderators"),
        (status = 422, body = ErrorBody, description = "`invalid`: `before` is no number, `limit` out of range, or no cursor"),
        SessionErrors, RoomErrors, CommonErrors,
    ),
)]
pub async fn read_log(
    app: Data<App>,
    account: Account,
    slug: Path<String>,
    older: Query<AuditQuery>,
) -> Result<HttpResponse, Failure> {
    log(&app, &account, Some(slug.into_inner()), &older).await
}

/// What was done anywhere, for admins; the latest first
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "read_whole_audit_log", tag = "moderation", security(("session" = [])),
    params(AuditQuery),
    responses(
        (status = 200, body = AuditLog),
        (status = 403, body = ErrorBody, description = "`forbidden`: only for admins"),
        (status = 422, body = ErrorBody, description = "`invalid`: `before` is no number, `limit` out of range, or no cursor"),
        SessionErrors, CommonErrors,
    ),
)]
pub async fn read_whole_log(
    app: Data<App>,
    account: Account,
    older: Query<AuditQuery>,
) -> Result<HttpResponse, Failure> {
    log(&app, &account, None, &older).await
}

async fn log(app: &App, account: &Account, slug: Option<String>, older: &AuditQuery) -> Result<HttpResponse, Failure> {
    let (user, limit) = (account.user.id, paging::limit(older.limit)?);
    let before = paging::id_after(older.cursor.as_deref())?.or(older.before);
    let audit::Page { entries, more } =
        app.store.read(move |c| audit::read(c, slug.as_deref(), user, before, limit)).await?;
    let cursor = entries.last().filter(|_| more).map(|entry| entry.id.to_string());
    Ok(HttpResponse::Ok().json(AuditLog { entries, more, cursor }))
}

/// Removes a message as a moderator; where `room_id` is given, only in the room with that id.
///
/// # Errors
/// `not_found`, `forbidden`; `invalid`: the reason is too long.
pub async fn remove_message(
    app: &App,
    by: UserId,
    (slug, id): &(String, Seq),
    room_id: Option<RoomId>,
    reason: &str,
) -> Result<(), Refusal> {
    let reason = fields::reason(reason)?;
    app.send_rate.check(by, send_rate::Kind::Change)?;
    app.hub.act(slug, room_id, by, &Action::Delete { id: *id, reason, wipe: false }).await.map(drop)
}
