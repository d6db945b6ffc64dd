//! Everything that speaks HTTP: pages, the JSON API, the WebSocket handshake, and what operators ask.
//!
//! | file | what it is |
//! |---|---|
//! | `api`, `api/*` | the JSON API and its description |
//! | `pages`, `people_pages`, `room_page`, `templates`, `assets`, `comments`, `builds` | pages and the files they need, those of other builds too |
//! | `preferences`, `texts` | the reader's language and colours, and what pages say |
//! | `accounts` | signing up, in and out, for both |
//! | `avatars` | pictures made of names |
//! | `one_at_a_time` | long work, once at a time for each person |
//! | `sessions`, `account` | the session cookie and whom it stands for |
//! | `invitations` | the pages of links that let somebody in |
//! | `moderation`, `room_settings`, `message_pages`, `forms` | the pages of those who see to order |
//! | `fields` | what names, titles and passwords must be like |
//! | `origin`, `client` | where a request comes from |
//! | `exchange` | how long a client may take |
//! | `answers`, `failure` | what every answer carries, and answers to what went wrong |
//! | `operators` | health and metrics |
//! | `upgrade` | the handshake of a socket |
//!
//! Invariant: handlers hold no state and decide nothing about rights; they read the request, ask the store or the hub, and
//! answer.

mod account;
mod accounts;
mod answers;
pub mod api;
pub mod assets;
mod avatars;
pub mod builds;
pub mod client;
mod comments;
mod emoji;
pub mod exchange;
mod failure;
pub(crate) mod fields;
mod forms;
mod invitations;
mod message_pages;
mod moderation;
mod one_at_a_time;
mod operators;
mod origin;
mod pages;
mod people_pages;
mod preferences;
mod room_page;
mod room_settings;
mod sessions;
mod templates;
mod texts;
pub mod upgrade;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use actix_identity::IdentityMiddleware;
use actix_web::body::BoxBody;
use actix_web::cookie::Key;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig, resource, scope};

pub use self::account::Account;
use self::builds::Builds;
pub use self::failure::Failure;
use self::one_at_a_time::OneAtATime;
use self::templates::Templates;
use crate::config::{Config, cores};
use crate::error::StartError;
use crate::hub::HubHandle;
use crate::limits::{LoginRate, SendRate};
use crate::metrics::Exporter;
use crate::passwords::Passwords;
use crate::store::Store;
use crate::testing;

/// What all requests share.
pub struct App {
    pub config: Arc<Config>,
    pub store: Store,
    pub hub: HubHandle,
    pub passwords: Passwords,
    /// Shared with the sockets: a user's sends count together, however they come.
    pub send_rate: Arc<SendRate>,
    pub login_rate: LoginRate,
    /// Set once the server has begun to end.
    pub draining: Arc<AtomicBool>,
    /// Open sockets.
    pub sockets: Arc<AtomicUsize>,
    /// Signs the session cookie.
    pub key: Key,
    pub templates: Templates,
    builds: Builds,
    /// Long work for somebody: the export and the end of their account.
    errands: OneAtATime,
    pub exporter: Exporter,
    /// What every answer carries.
    headers: answers::Headers,
}

impl App {
    /// # Errors
    /// A template that can't be used.
    pub fn new(
        config: Arc<Config>,
        store: Store,
        hub: HubHandle,
        send_rate: Arc<SendRate>,
        draining: Arc<AtomicBool>,
        key: Key,
        exporter: Exporter,
    ) -> Result<Self, StartError> {
        Ok(Self {
            passwords: Passwords::new(cores()),
            login_rate: LoginRate::new(config.login_rate),
            templates: Templates::new()?,
            builds: Builds::new(store.clone()),
            errands: OneAtATime::default(),
            headers: answers::Headers::new(&config),
            config,
            store,
            hub,
            send_rate,
            draining,
            sockets: Arc::default(),
            key,
            exporter,
        })
    }
}

/// The whole web application. An instance belongs to one thread; the state is shared.
///
/// A failure of the session's database comes out as an `Err`, whose `error_response()` is the answer to give.
pub fn app(
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
    let sessions = sessions::middleware(&state);
    actix_web::App::new()
        .app_data(state)
        .configure(failure::configure)
        .configure(the_same_for_all)
        // Outside of this scope answers are the same for everybody, and never set a cookie.
        .service(
            scope("")
                .wrap(from_fn(sessions::keep_alive))
                .wrap(IdentityMiddleware::builder().id_key(sessions::USER_ID).build())
                .wrap(sessions)
                .wrap(from_fn(upgrade::put_off))
                .configure(routes),
        )
        .default_service(actix_web::web::to(failure::no_such_page))
        .wrap(from_fn(origin::guard))
        .wrap(from_fn(answers::complete))
        .wrap(from_fn(preferences::respect))
        .wrap(from_fn(exchange::keep_time))
}

fn the_same_for_all(cfg: &mut ServiceConfig) {
    if testing::echoes() {
        cfg.service(resource("/").get(upgrade::echo));
    }
    cfg.service(resource("/static/{build}/{path:.*}").get(assets::file))
        .service(resource("/favicon.ico").get(assets::favicon))
        .service(resource("/sw.js").get(assets::service_worker))
        .service(resource("/offline").get(pages::offline))
        .service(resource("/healthz").get(operators::healthz))
        .service(resource("/readyz").get(operators::readyz))
        .service(resource("/metrics").get(operators::metrics))
        .service(resource("/api/openapi.json").get(api::describe));
}

/// What is answered according to who asks.
fn routes(cfg: &mut ServiceConfig) {
    // What is asked for most comes first: routes are tried in turn.
    cfg.service(resource("/ws").get(upgrade::ws))
        .service(resource("/rooms/{slug}").get(pages::room))
        .service(scope("/api/v1").configure(api::routes))
        .service(resource("/avatars/{username}.svg").get(avatars::show))
        .service(resource("/").get(pages::home))
        .service(resource("/login").get(pages::login).post(pages::log_in))
        .service(resource("/signup").get(pages::signup).post(pages::sign_up))
        .service(resource("/language").post(pages::set_language))
        .service(resource("/logout").post(pages::log_out))
        .configure(invitations::routes)
        .configure(moderation::routes)
        .service(resource("/rooms/{slug}/{id:[0-9]+}").get(pages::message))
        .configure(message_pages::routes)
        .configure(room_settings::routes)
        .service(resource("/rooms").get(pages::rooms).post(pages::make_room_by_form))
        .service(resource("/settings").get(people_pages::settings).post(people_pages::save_profile))
        .service(resource("/settings/appearance").post(people_pages::set_appearance))
        .service(resource("/settings/password").post(people_pages::set_password))
        .service(resource("/people/{username}").get(people_pages::person));
}
