//! The forms on somebody's page.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::app::account::PageAccount;
use crate::app::pages::see;
use crate::app::{Account, App, Failure};
use crate::features::blocks::commands::SetBlock;

/// `POST /people/{username}/block`
pub async fn block(
    app: Data<App>,
    PageAccount(account): PageAccount,
    username: Path<String>,
) -> Result<HttpResponse, Failure> {
    set(&app, &account, username.into_inner(), true).await
}

/// `POST /people/{username}/unblock`
pub async fn unblock(
    app: Data<App>,
    PageAccount(account): PageAccount,
    username: Path<String>,
) -> Result<HttpResponse, Failure> {
    set(&app, &account, username.into_inner(), false).await
}

async fn set(app: &App, account: &Account, username: String, on: bool) -> Result<HttpResponse, Failure> {
    let page = format!("/people/{username}");
    app.perform(account.user.id, SetBlock { username, on }).await?;
    Ok(see(&page))
}
