//! The router: the middleware around every request, and the routes of all features.

use actix_identity::IdentityMiddleware;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig, resource, scope, to};

use crate::app::{
    App, assets, failure, not_found, origin, pages, preferences, request_path, responses, session_cookie,
};
use crate::base::failpoints;
use crate::features;
use crate::features::operations::health;
use crate::server::{timeouts, upgrade};

/// The whole web application. An instance belongs to one thread; the state is shared.
///
/// A failure of the session's database comes out as an `Err`, whose `error_response()` is the answer to give.
pub fn router(
    state: Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let sessions = session_cookie::middleware(&state);
    actix_web::App::new()
        .app_data(state)
        .configure(failure::configure)
        .configure(without_session)
        // Outside of this scope answers are the same for everybody, and never set a cookie.
        .service(
            scope("")
                .wrap(from_fn(session_cookie::keep_alive))
                .wrap(IdentityMiddleware::builder().id_key(session_cookie::USER_ID).build())
                .wrap(sessions)
                .wrap(from_fn(upgrade::put_off))
                .wrap(from_fn(not_found::take_one_time))
                .configure(with_session),
        )
        .default_service(to(failure::no_such_page))
        .wrap(from_fn(origin::guard))
        .wrap(from_fn(request_path::require_normal))
        .wrap(from_fn(responses::complete))
        .wrap(from_fn(preferences::respect))
        .wrap(from_fn(timeouts::keep_time))
}

fn without_session(cfg: &mut ServiceConfig) {
    if failpoints::echoes() {
        cfg.service(resource("/").get(upgrade::echo));
    }
    cfg.service(resource("/static/{build}/{path:.*}").get(assets::file))
        .service(resource("/favicon.ico").get(assets::favicon))
        .service(resource("/sw.js").get(assets::service_worker))
        .service(resource("/offline").get(pages::offline))
        .service(resource("/healthz").get(health::healthz))
        .service(resource("/readyz").get(health::readyz))
        .service(resource("/metrics").get(health::metrics))
        .service(resource("/api/openapi.json").get(features::describe));
}

/// What is answered according to who asks.
fn with_session(cfg: &mut ServiceConfig) {
    cfg.service(resource("/ws").get(upgrade::ws))
        .service(scope("/api/v1").configure(|cfg| features::api_routes().register(cfg)))
        .configure(|cfg| features::page_routes().register(cfg));
}
