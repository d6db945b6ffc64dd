//! The first owner's way in: while the chat has no owner, each start prints a link that makes one.

use std::io::{Write, stderr};

use serde_json::json;

use crate::app::App;
use crate::base::config::LogFormat;
use crate::base::start_error::StartError;
use crate::features::invitations::api::url_of;
use crate::features::invitations::commands::InviteFirstOwner;

const NO_OWNER: &str = "the chat has no owner yet: whoever opens this link first becomes it";

/// Prints one line on standard error where there is no owner. It is no line of the log, whatever that leaves out.
///
/// # Errors
/// The database does not answer.
pub async fn invite(app: &App) -> Result<(), StartError> {
    let made = app.perform_for_nobody(InviteFirstOwner).await;
    let Some(token) = made.map_err(|refusal| StartError::option("database-url", refusal))? else { return Ok(()) };
    let link = url_of(&app.config.public_origin(), &token);
    let line = match app.config.log_format {
        LogFormat::Human => format!("klatch: {NO_OWNER}: {link}"),
        LogFormat::Json => json!({ "level": "INFO", "message": NO_OWNER, "link": link }).to_string(),
    };
    // Nobody reads it where it can't be written; the next start makes another.
    let _ = writeln!(stderr(), "{line}");
    Ok(())
}
