//! What is not found takes the same time, whether it is hidden or does not exist.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;

use crate::base::uniform_delay::level;

/// The middleware around everything that is answered according to who asks.
pub async fn take_one_time<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let since = Instant::now();
    let answered = next.call(req).await;
    if answered.as_ref().is_ok_and(|answer| answer.status() == StatusCode::NOT_FOUND) {
        level(since).await;
    }
    answered
}
