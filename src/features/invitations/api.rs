//! Links that let somebody in.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::failure::ErrorBody;
use crate::app::openapi::{BodyErrors, CommonErrors, MutationErrors, SessionErrors};
use crate::app::paging::{self, PageQuery};
use crate::app::{Account, App, Failure, fields};
use crate::features::invitations::accept::AcceptInvitation;
use crate::features::invitations::commands::{self, RevokeInvitation};
use crate::features::invitations::queries;
use crate::features::invitations::queries::NewInvitation;
use crate::wire::Room;
use crate::wire::types::rfc3339_millis;

/// A link that is to be made.
#[derive(Deserialize, ToSchema)]
pub struct MakeInvitation {
    /// What it makes of a new account: `member` (default) or `guest`
    #[schema(pattern = "^(member|guest)$")]
    pub role: Option<String>,
    /// The slug of the room it leads into.
    pub room: Option<String>,
    /// How long it lasts.
    #[serde(default = "a_week")]
    #[schema(minimum = 1, maximum = 8760, default = 168)]
    pub hours: i64,
    /// How often it can be used; null or 0 for any number.
    #[serde(default = "once")]
    #[schema(minimum = 0, maximum = 100_000, default = 1)]
    pub uses: Option<i64>,
}

fn a_week() -> i64 {
    168
}

fn once() -> Option<i64> {
    Some(1)
}

#[derive(Serialize, ToSchema)]
pub struct Invitations {
    invitations: Vec<Invitation>,
    /// What to ask for the older ones with.
    cursor: Option<String>,
}

/// A link.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    pub id: i64,
    /// Only in the answer that made it: nobody can read it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    pub url: Option<String>,
    #[serde(serialize_with = "rfc3339_millis")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: NaiveDateTime,
    /// Null for any number.
    pub uses_left: Option<i64>,
    /// How often it was used.
    pub uses: i64,
    /// `member` or `guest`
    pub role: &'static str,
    /// The slug of the room it leads into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The username of whoever made it; left out for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
}

impl From<queries::Invitation> for Invitation {
    fn from(invitation: queries::Invitation) -> Self {
        let queries::Invitation { id, role, room, made_by, expires_at, uses_left, uses } = invitation;
        Self { id, url: None, expires_at, uses_left, uses, role: role.as_str(), room, made_by }
    }
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
pub struct Accept {
    pub token: String,
}

/// Where somebody is who has accepted an invitation.
#[derive(Serialize, ToSchema)]
pub struct Accepted {
    /// What they are in the chat: `guest`, `member`, `admin` or `owner`
    role: &'static str,
    /// The room that the link leads into.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Room>,
}

/// The invitations that one may revoke, newest first, without their links
#[utoipa::path(get, path = "/api/v1/invitations", operation_id = "list_invitations", tag = "invitations", security(("session" = [])), params(PageQuery), responses(
    (status = 200, body = Invitations),
    (status = 422, body = ErrorBody, description = "`invalid`: `limit` out of range, or no cursor"),
    SessionErrors, CommonErrors,
))]
pub async fn list(app: Data<App>, account: Account, page: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let (limit, before) = (paging::limit(page.limit)?, paging::id_after(page.cursor.as_deref())?);
    let (found, more) = app.store.read(move |c| queries::list(c, account.user.id, before, limit)).await?;
    let cursor = found.last().filter(|_| more).map(|oldest| oldest.id.to_string());
    Ok(HttpResponse::Ok().json(Invitations { invitations: found.into_iter().map(Invitation::from).collect(), cursor }))
}

/// Make a link: into the chat by an admin, into a room by its moderators
#[utoipa::path(post, path = "/api/v1/invitations", operation_id = "make_invitation", tag = "invitations", security(("session" = [])), request_body = MakeInvitation, responses(
    (status = 201, body = Invitation),
    (status = 403, body = ErrorBody, description = "`forbidden`: not theirs to make, or the request came from another site"),
    (status = 404, body = ErrorBody, description = "`not_found`: no such room, or none that this user may see"),
    (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once, or in a day; see `Retry-After`"),
    SessionErrors, CommonErrors, BodyErrors,
))]
pub async fn make(app: Data<App>, account: Account, body: Json<MakeInvitation>) -> Result<HttpResponse, Failure> {
    let made = make_invitation(&app, &account, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(made))
}

/// Makes a link; the answer has its address.
///
/// # Errors
/// As [`commands::MakeInvitation`]; `invalid` where a field does not fit.
pub async fn make_invitation(app: &App, account: &Account, body: MakeInvitation) -> Result<Invitation, Failure> {
    let MakeInvitation { role, room, hours, uses } = body;
    let new = NewInvitation {
        role: fields::given_role(role.as_deref().unwrap_or("member"))?,
        room,
        lasts: fields::hours(hours)?,
        uses: fields::uses(uses)?,
    };
    let made = app.perform(account.user.id, commands::MakeInvitation(new)).await?;
    Ok(Invitation { url: Some(url_of(&app.config.public_origin(), &made.token)), ..made.invitation.into() })
}

/// The link with this token, to a server that is reached there.
pub fn url_of(origin: &str, token: &str) -> String {
    format!("{origin}/invite/{token}")
}

/// Go where an invitation leads, as somebody who is signed in
#[utoipa::path(post, path = "/api/v1/invitations/accept", operation_id = "accept_invitation", tag = "invitations", security(("session" = [])), request_body = Accept, responses(
    (status = 200, body = Accepted),
    (status = 403, body = ErrorBody, description = "`forbidden`: banned there, or the request came from another site"),
    (status = 404, body = ErrorBody, description = "`not_found`: the invitation is over"),
    (status = 429, body = ErrorBody, description = "`rate_limited`: too many changes at once; see `Retry-After`"),
    SessionErrors, CommonErrors, BodyErrors,
))]
pub async fn accept(app: Data<App>, account: Account, body: Json<Accept>) -> Result<HttpResponse, Failure> {
    let entered = app.perform(account.user.id, AcceptInvitation { token: body.into_inner().token }).await?;
    Ok(HttpResponse::Ok().json(Accepted { role: entered.role.as_str(), room: entered.room }))
}

/// Revoke an invitation: its link is over
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", operation_id = "revoke_invitation", tag = "invitations", security(("session" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Revoked now, or before"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such invitation, or none that this user may revoke"),
        SessionErrors, MutationErrors, CommonErrors,
    ),
)]
pub async fn revoke(app: Data<App>, account: Account, id: Path<i64>) -> Result<HttpResponse, Failure> {
    app.perform(account.user.id, RevokeInvitation { id: id.into_inner() }).await?;
    Ok(HttpResponse::NoContent().finish())
}
