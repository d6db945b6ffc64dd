//! Seeing to order at a browser: from the message to its report, and what becomes of it.

use super::window::{Chromedriver, ENTER, Window};
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

/// One click must not throw anybody out, and how long that is for is chosen, not left empty.
#[tokio::test]
async fn what_ends_something_is_asked_before_it_is_done() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.fill("#new-slug", "den").await;
    ann.fill("#new-slug", ENTER).await;
    ann.arrives_at("/rooms/den").await;
    let bob = server.person("bob").await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    let is_member = async || {
        let members = bob.http.get("/rooms/den/members").await.ok(200);
        members["members"].as_array().unwrap().len() == 2
    };
    ann.goto("/rooms/den/settings").await;
    ann.click("[data-ask^='Remove bob']").await;
    ann.shows("#ask-text", "Remove bob from this room?").await;
    ann.click("#ask [value=no]").await;
    ann.lacks("#ask").await;
    assert!(is_member().await, "it was only asked");
    ann.fill("#ban-username", "bob").await;
    ann.run("document.querySelector('#ban-minutes').value = '10080'").await;
    ann.click("[data-ask^='Ban']").await;
    ann.shows("#ask-text", "Ban bob from this room? How long: A week.").await;
    ann.click("#ask-yes").await;
    ann.shows("#sanctions li", "@bob").await;
    let refused = bob.http.put("/rooms/den/members/me").await;
    assert_eq!(refused.status, 403);
    ann.click("[data-ask^='Archive']").await;
    ann.shows("#ask-text", "Archive den?").await;
    ann.click("#ask-yes").await;
    ann.shows(".note", "archived").await;
    ann.close().await;
}
