//! The one door for changes: the JSON API, forms and the command line build the same commands and have them performed here.
//!
//! Messages, edits, deletions, reactions and read marks go through the journal instead
//! ([`HubHandle::act`](crate::realtime::hub::HubHandle::act)), which commits many of them in one transaction.

use crate::app::{App, announce_later};
use crate::base::config::Config;
use crate::base::metrics::METRICS;
use crate::base::private_files::make_data_dir;
use crate::base::start_error::StartError;
use crate::chat::allowances::Caps;
use crate::chat::change::{self, Change};
use crate::chat::events::Event;
use crate::db::connection::transaction;
use crate::db::explained::unusable;
use crate::db::migrations::has_tables;
use crate::db::open::{open_as_it_is, open_beside};
use crate::db::{AnyConnection, meta};
use crate::realtime::send_rate::Kind;
use crate::wire::UserId;
use crate::wire::refusal::{Code, Refusal};

/// A use case that changes something.
pub trait Command: Send + 'static {
    /// What it comes to.
    type Outcome: Send + 'static;

    /// Makes the change. It checks what it was given, asks the policy, stores, writes the audit log and says what is to be
    /// announced, all within one transaction.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    fn execute(self, change: &mut Change) -> Result<Self::Outcome, Refusal>;
}

impl App {
    /// Performs a command for somebody who is signed in; events are announced after the commit.
    ///
    /// # Errors
    /// Those of the command; `unavailable` where the database does not answer.
    pub async fn perform<C: Command>(&self, by: UserId, command: C) -> Result<C::Outcome, Refusal> {
        self.perform_as(Some(by), command).await
    }

    /// As [`perform`](Self::perform), where a form asks for it: a command that could not be made of it is refused.
    ///
    /// # Errors
    /// As for [`perform`](Self::perform), and those of the form.
    pub async fn perform_form<C: Command>(
        &self,
        by: UserId,
        command: Result<C, Refusal>,
    ) -> Result<C::Outcome, Refusal> {
        self.perform(by, command?).await
    }

    /// Performs a command for somebody who has no account yet, or for the server itself.
    ///
    /// # Errors
    /// Those of the command; `unavailable` where the database does not answer.
    pub async fn perform_for_nobody<C: Command>(&self, command: C) -> Result<C::Outcome, Refusal> {
        self.perform_as(None, command).await
    }

    async fn perform_as<C: Command>(&self, by: Option<UserId>, command: C) -> Result<C::Outcome, Refusal> {
        let changed = self.change_as(by, command).await;
        let counted = match &changed {
            Ok(_) => "done",
            Err(refusal) if refusal.code == Code::Unavailable => "failed",
            Err(_) => "refused",
        };
        METRICS.commands.of(counted).increment(1);
        let (outcome, events) = changed?;
        for event in events {
            self.hub.announce(event).await;
        }
        Ok(outcome)
    }

    /// Here, and nowhere else, it is asked whether somebody makes changes too fast.
    async fn change_as<C: Command>(&self, by: Option<UserId>, command: C) -> Result<(C::Outcome, Vec<Event>), Refusal> {
        if let Some(by) = by {
            self.send_rate.check(by, Kind::Write)?;
        }
        let caps = if self.config.write_rate == 0 { Caps::Lifted } else { Caps::Hold };
        self.store.write(move |c| change::run(c, by, caps, |change| command.execute(change))).await
    }
}

/// Performs a command for the operator, in the database, which is made where there is none. A server that runs sees the
/// outcome when it next asks the database, and announces the events when it next looks for jobs.
///
/// # Errors
/// One line for whoever gave the command; then nothing has changed.
pub fn perform_as_operator<C: Command>(config: &Config, command: C) -> Result<C::Outcome, StartError> {
    if config.keeps_database() && config.create {
        make_data_dir(&config.data_dir)?;
    }
    let mut connection = open_beside(&config.database_url(), config.create)?;
    let changed = transaction(&mut connection, |connection| {
        let (outcome, events) = change::run(connection, None, Caps::Lifted, |change| command.execute(change))?;
        announce_later::enqueue(connection, &events)?;
        Ok::<_, Refusal>(outcome)
    });
    changed.map_err(StartError::from)
}

/// A connection for a command that reads, to the chat in the database as it is.
///
/// # Errors
/// There is none.
pub fn read_as_operator(config: &Config) -> Result<AnyConnection, StartError> {
    let mut connection = open_as_it_is(&config.database_url())?;
    match has_tables(&mut connection).map_err(unusable)? {
        true => Ok(connection),
        false => Err(StartError::option("database-url", "there is no chat in this database: name the server's")),
    }
}

/// Where the server is reached: as the command was told, or else as the server was.
///
/// # Errors
/// Nobody knows: a link would lead nowhere.
pub fn served_at(config: &Config) -> Result<String, StartError> {
    if config.public_url.is_some() {
        return Ok(config.public_origin());
    }
    let read = |connection: &mut AnyConnection| match has_tables(connection)? {
        true => meta::get(connection, meta::PUBLIC_ORIGIN),
        false => Ok(None),
    };
    let noted = match config.create {
        // There may be no database yet.
        true => None,
        false => read(&mut open_as_it_is(&config.database_url())?).map_err(unusable)?,
    };
    noted.ok_or_else(|| StartError::option("public-url", "needed for a link: no server has told where it is reached"))
}

/// The line on which the operator reads a refusal.
impl From<Refusal> for StartError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.to_string())
    }
}
