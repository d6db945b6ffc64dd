//! `klatch user`: people, by the operator.

use std::io::{IsTerminal, Read, stdin};

use clap::Subcommand;

use crate::app::fields;
use crate::app::passwords;
use crate::app::passwords::common::refuse_common;
use crate::app::perform::{perform_as_operator, read_as_operator};
use crate::base::config::Config;
use crate::base::start_error::StartError;
use crate::chat::accounts::NewAccount;
use crate::chat::kept_sanctions::MarkKey;
use crate::chat::sanctions::Terms;
use crate::db::explained::unusable;
use crate::features::accounts::commands::DeleteAccount;
use crate::features::accounts::operator::{AddUser, DeleteUser, ResetPassword, listed, seconds};
use crate::features::moderation::commands::{BanUser, BeginWipe, SetUserRole, UnbanUser};
use crate::wire::InstanceRole;

/// Longer than any password, so that a wrong file is not read to its end.
const MAX_INPUT: u64 = 4_096;

/// What to do about somebody.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Make an account; its password is the line on standard input, else one is made and printed
    Add {
        /// 2 to 32 letters (a to z), digits, dots, dashes or underscores; Ann and ann are the same
        name: String,
        /// owner, admin, member or guest
        #[arg(long, default_value = "member", value_parser = role)]
        role: InstanceRole,
        /// What others see [default: the name]
        #[arg(long)]
        display_name: Option<String>,
    },
    /// Make somebody an owner, admin, member or guest
    Role {
        name: String,
        /// owner, admin, member or guest
        #[arg(value_parser = role)]
        role: InstanceRole,
    },
    /// Set a password, the line on standard input or else a new one, and end all sessions of its owner
    Password { name: String },
    /// Close the chat to somebody for ever; their sockets close
    Disable { name: String },
    /// Open the chat to somebody again
    Enable { name: String },
    /// List all accounts: name, role, state, when it was made and display name, with tabs between
    List,
    /// Remove all that somebody wrote, in every room; a server does it, which may take a while
    Wipe {
        name: String,
        /// Needed: it can't be undone
        #[arg(long)]
        yes: bool,
    },
    /// Delete an account; its messages stay under "Deleted user"
    Delete {
        name: String,
        /// Remove its messages too; a server does it, which may take a while
        #[arg(long)]
        with_messages: bool,
        /// Needed: it can't be undone
        #[arg(long)]
        yes: bool,
    },
}

/// Gives the lines to print to `tell`, one after another.
///
/// # Errors
/// One line that says what can't be done; then nothing has changed. What `tell` answers.
pub fn run(
    config: &Config,
    command: UserCommand,
    tell: &mut dyn FnMut(&str) -> Result<(), StartError>,
) -> Result<(), StartError> {
    let line = match command {
        UserCommand::List => return list(config, tell),
        UserCommand::Add { name, role, display_name } => {
            fields::username(&name)?;
            let display_name = fields::display_name(display_name.as_deref(), &name)?;
            let password = Password::read()?;
            let account = NewAccount { username: name, display_name, password_hash: password.hash()? };
            let user = perform_as_operator(config, AddUser { account, role })?;
            format!("{} is a new {}{}", user.username, role.as_str(), password.told())
        }
        UserCommand::Role { name, role } => {
            let user = perform_as_operator(config, SetUserRole { username: name, role })?;
            format!("{} is {} now", user.username, role.as_str())
        }
        UserCommand::Password { name } => {
            let password = Password::read()?;
            let hash = password.hash()?;
            let ended = perform_as_operator(config, ResetPassword { username: name.clone(), hash })?;
            format!("the password of {name} is set, {ended} sessions have ended{}", password.told())
        }
        UserCommand::Disable { name } => {
            let terms = Terms { until: None, reason: "disabled".to_owned() };
            let user = perform_as_operator(config, BanUser { username: name, terms })?;
            format!("the chat is closed to {}", user.username)
        }
        UserCommand::Enable { name } => {
            let user = perform_as_operator(config, UnbanUser { username: name })?;
            format!("the chat is open to {}", user.username)
        }
        UserCommand::Wipe { name, yes: false } => {
            return Err(StartError(format!("--yes: needed to remove all that {name} wrote")));
        }
        UserCommand::Wipe { name, yes: true } => {
            perform_as_operator(config, BeginWipe { username: name.clone() })?;
            format!("the messages of {name} are being removed: {BY_SERVER}")
        }
        UserCommand::Delete { name, yes: false, .. } => {
            return Err(StartError(format!("--yes: needed to delete the account of {name}")));
        }
        UserCommand::Delete { name, with_messages, yes: true } => {
            let no_key = || StartError::option("secret", "the server's is needed, and none is in the data directory");
            let key = config.known_key()?.ok_or_else(no_key)?;
            let how = DeleteAccount { with_messages, marks: MarkKey::new(key.signing()) };
            let name = perform_as_operator(config, DeleteUser { username: name, how })?;
            let messages = match with_messages {
                true => format!("; its messages are being removed: {BY_SERVER}"),
                false => "; its messages stay".to_owned(),
            };
            format!("deleted the account of {name}{messages}")
        }
    };
    tell(&line)
}

/// Accounts that are read at once.
const PAGE: i64 = 500;

fn list(config: &Config, tell: &mut dyn FnMut(&str) -> Result<(), StartError>) -> Result<(), StartError> {
    let mut connection = read_as_operator(config)?;
    let mut after = 0;
    loop {
        let page = listed(&mut connection, after, PAGE).map_err(unusable)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for account in &page {
            let fields = [
                &account.username,
                &account.role,
                &account.state(),
                &seconds(account.created_at),
                &account.display_name,
            ];
            tell(&fields.map(String::as_str).join("\t"))?;
        }
    }
}

/// What becomes of it where none runs.
const BY_SERVER: &str = "by the server that runs, or the next one";

/// A password, and whether it was made here.
struct Password {
    text: String,
    made: bool,
}

impl Password {
    /// The first line of standard input where that is no terminal and has one, else a new one of 120 bits.
    fn read() -> Result<Self, StartError> {
        let mut input = String::new();
        if !stdin().is_terminal() {
            let read = stdin().lock().take(MAX_INPUT).read_to_string(&mut input);
            read.map_err(|error| StartError(format!("standard input: {error}")))?;
        }
        match input.lines().next().filter(|line| !line.is_empty()) {
            Some(line) => {
                fields::password(line)?;
                refuse_common(line, "")?;
                Ok(Self { text: line.to_owned(), made: false })
            }
            None => Ok(Self { text: hex::encode(rand::random::<[u8; 15]>()), made: true }),
        }
    }

    fn hash(&self) -> Result<String, StartError> {
        passwords::hash_now(&self.text).map_err(StartError::from)
    }

    /// What there is to print of it.
    fn told(&self) -> String {
        if self.made { format!("; password: {}", self.text) } else { String::new() }
    }
}

/// A role of the chat, as an option's value.
fn role(name: &str) -> Result<InstanceRole, String> {
    let known = [InstanceRole::Owner, InstanceRole::Admin, InstanceRole::Member, InstanceRole::Guest];
    let found = known.into_iter().find(|role| role.as_str() == name);
    found.ok_or_else(|| "owner, admin, member or guest".to_owned())
}
