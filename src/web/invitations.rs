//! The pages of links that let somebody in. No token is written to the log, and none leaves this server: pages name their
//! own address to nobody else.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path, ServiceConfig, resource};
use qrcode::QrCode;
use qrcode::render::svg;

use super::api::invitations::url_of;
use super::{App, Failure};
use crate::error::Refusal;
use crate::store::invitations;

/// Pixels of the QR code's side, at least.
const QR_SIDE: u32 = 240;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/invite/{token}/qr.svg").get(qr));
}

/// `GET /invite/{token}/qr.svg`: the link as a QR code.
async fn qr(app: Data<App>, token: Path<String>) -> Result<HttpResponse, Failure> {
    let token = token.into_inner();
    let url = url_of(&app.config, &token);
    app.store.read(move |c| invitations::look_up(c, &token)).await?;
    // The token fits its hash, so the link is a short one.
    let code = QrCode::new(url).map_err(|error| {
        tracing::error!(%error, "a QR code could not be made");
        Refusal::unavailable()
    })?;
    let picture = code.render::<svg::Color>().min_dimensions(QR_SIDE, QR_SIDE).build();
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "image/svg+xml")).body(picture))
}
