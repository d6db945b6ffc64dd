//! Seeing to order at a browser: from the message to its report, and what becomes of it.

use super::window::{Chromedriver, Window};
use crate::common::*;

#[tokio::test]
async fn a_message_is_reported_from_its_tools_and_removed_from_the_page_of_moderation() {
    let server = Server::start(Options::sqlite()).await;
    let host = server.person("host").await;
    host.makes_room("den").await;
    let id = host.posts("den", "Buy saws").await["id"].clone();
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let focus = format!("document.querySelector('#m-{id}').focus()");
    ann.run(&focus).await;
    ann.click(".tools [data-act=report]").await;
    ann.arrives_at(&format!("/rooms/den/messages/{id}/report")).await;
    ann.fill("#reason", "An advertisement").await;
    ann.click("main form button").await;
    ann.shows("[role=status]", "moderators have been told").await;

    server.execute("UPDATE users SET role = 'admin' WHERE username = 'ann'");
    ann.goto("/moderation").await;
    ann.shows("#reports", "An advertisement").await;
    ann.click("#reports a.warn").await;
    ann.fill("#reason", "No shops here").await;
    ann.click("main form button").await;
    ann.arrives_at("/moderation").await;
    ann.shows("#log", "No shops here").await;

    ann.opens_room("den").await;
    ann.shows(&format!("#m-{id} .body"), "Removed by a moderator").await;
    let next = host.posts("den", "Sorry").await["id"].clone();
    ann.shows(&format!("#m-{next} .body"), "Sorry").await;
    ann.run(&format!("document.querySelector('#m-{next}').focus()")).await;
    ann.click(".tools [data-act=delete]").await;
    ann.click("#ask-yes").await;
    ann.shows(&format!("#m-{next} .body"), "Removed by a moderator").await;
    ann.goto("/rooms/den/settings").await;
    ann.element("#members").await;
    ann.close().await;
}
