//! What a request needs, whichever feature answers it: the context, extractors, rates, templates, assets, and errors as
//! answers.

pub mod account;
pub mod announce_later;
pub mod assets;
pub mod client_address;
pub mod comments;
pub mod compression;
pub mod exclusive_jobs;
pub mod failure;
pub mod fields;
pub mod initials;
pub mod jobs;
pub mod local_time;
pub mod login_rate;
pub mod not_found;
pub mod on_disk;
pub mod openapi;
pub mod origin;
pub mod pages;
pub mod paging;
pub mod passwords;
pub mod perform;
pub mod preferences;
pub mod request_path;
pub mod responses;
pub mod routes;
pub mod session_cookie;
pub mod signup_rate;
pub mod templates;
pub mod texts;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use actix_web::cookie::Key;

use crate::app::assets::builds::Builds;
use crate::app::exclusive_jobs::PerUserLock;
use crate::app::login_rate::LoginRate;
use crate::app::passwords::Passwords;
use crate::app::signup_rate::SignupRate;
use crate::app::templates::Templates;
use crate::base::config::{Config, cores};
use crate::base::metrics::Exporter;
use crate::base::start_error::StartError;
use crate::chat::connect_reads::ConnectReads;
use crate::chat::kept_sanctions::MarkKey;
use crate::db::Store;
use crate::realtime::hub::HubHandle;
use crate::realtime::send_rate::SendRate;

pub use crate::app::account::Account;
pub use crate::app::failure::Failure;

/// What all requests share.
pub struct App {
    pub config: Arc<Config>,
    pub store: Store,
    pub connect_reads: ConnectReads,
    pub hub: HubHandle,
    pub passwords: Passwords,
    /// Shared with the sockets: a user's sends count together, however they come.
    pub send_rate: Arc<SendRate>,
    pub login_rate: LoginRate,
    pub signup_rate: SignupRate,
    /// Set once the server has begun to end.
    pub draining: Arc<AtomicBool>,
    /// Open sockets.
    pub sockets: Arc<AtomicUsize>,
    /// Signs the session cookie.
    pub key: Key,
    /// What is kept of the sanctions of deleted accounts is found by it.
    pub marks: MarkKey,
    pub templates: Templates,
    pub builds: Builds,
    /// Long work for somebody: the export.
    pub exclusive_jobs: PerUserLock,
    /// Wakes the worker of jobs.
    pub jobs: jobs::Waker,
    pub exporter: Exporter,
    /// What every answer carries.
    pub headers: responses::Headers,
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
            signup_rate: SignupRate::new(config.signup_rate),
            templates: Templates::new()?,
            builds: Builds::new(store.clone()),
            exclusive_jobs: PerUserLock::default(),
            jobs: jobs::Waker::default(),
            headers: responses::Headers::new(&config),
            config,
            connect_reads: ConnectReads::new(&store),
            store,
            hub,
            send_rate,
            draining,
            sockets: Arc::default(),
            marks: MarkKey::new(key.signing()),
            key,
            exporter,
        })
    }
}
