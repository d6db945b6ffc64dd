//! Two people at two browsers: they sign up, meet in a room, talk, and see each other type.

use super::window::{Chromedriver, ENTER, Window};
use crate::common::*;

#[tokio::test]
async fn two_people_meet_talk_and_see_each_other_type() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    let bob = Window::open(&chromedriver, server.url()).await;
    ann.signs_up_by_form("ann", "Ann Lee").await;
    bob.signs_up_by_form("bob", "Bob Ray").await;

    ann.goto("/rooms").await;
    ann.fill("#new-room [name=slug]", "den").await;
    ann.click("#new-room button[type=submit]").await;
    ann.opens_room("den").await;
    bob.opens_room("den").await;
    ann.element("#people li[data-user=bob]").await;
    bob.element("#people li[data-user=ann]").await;

    ann.fill("#message", "Hello, *Bob*").await;
    bob.shows("#typing", "Ann Lee").await;
    ann.click("#send").await;
    bob.shows("#log article.msg[data-id] .body", "Hello, Bob").await;
    bob.shows("#log article.msg[data-id] .author", "Ann Lee").await;
    ann.shows("#log article.msg[data-id] .body", "Hello, Bob").await;

    // With the keyboard alone.
    bob.fill("#message", "Hello, Ann").await;
    ann.shows("#typing", "Bob Ray").await;
    bob.fill("#message", ENTER).await;
    for window in [ann, bob] {
        assert_eq!(window.bodies_up_to("Hello, Ann").await, ["Hello, Bob", "Hello, Ann"]);
        window.close().await;
    }
}
