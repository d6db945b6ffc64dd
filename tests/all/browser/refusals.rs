//! What the server does not take: the page says so, and gives it back.

use super::window::{Chromedriver, Window};
use super::wire::Wire;
use crate::common::*;

#[tokio::test]
async fn a_refused_message_says_why_and_can_be_discarded() {
    let server = Server::start(Options::sqlite()).await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;

    // A character that is white space to the server and not to browsers: what the page takes for a message is none.
    ann.run(
        "const box = document.querySelector('#message');
         box.value = '\\u0085';
         box.dispatchEvent(new Event('input'));",
    )
    .await;
    ann.click("#send").await;
    let why = ann.element("#log article.failed .why").await.text().await.unwrap();
    let reason = why.trim_end_matches("Discard").trim().trim_end_matches("Try now").trim();
    assert!(!reason.is_empty() && reason != why, "a reason, and what can be done: {why}");
    ann.says("something else").await; // a refused message is in nobody's way
    ann.shows("#log article.msg:not([data-key]) .body", "something else").await;

    let discard = ann.driver.find_all(thirtyfour::By::Css("#log article.failed .why button")).await.unwrap();
    discard.last().expect("a button").click().await.unwrap();
    ann.lacks("#log [data-key]").await;
    ann.driver.refresh().await.unwrap();
    ann.online().await;
    ann.lacks("#log [data-key]").await; // nor does it come back
    ann.close_despite(&["status of 422"]).await;
}

#[tokio::test]
async fn what_was_written_for_a_room_that_is_closed_to_one_by_then_is_kept_until_discarded() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    bob.makes_private_room("vault").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    bob.adds("ann", "vault").await;
    ann.opens_room("vault").await;
    ann.says("I was here").await;
    ann.bodies_up_to("I was here").await;

    wire.cut();
    ann.offline().await;
    ann.says("and still am").await;
    ann.element("#log article.pending").await;
    bob.removes("ann", "vault").await;
    wire.mend();
    ann.comes_back().await;
    ann.shows("#log article.failed .body", "and still am").await;
    ann.shows("#log article.failed .why", "no longer open").await;
    ann.until("return document.querySelector('#message').disabled").await;
    ann.click("#log article.failed .why button").await;
    ann.lacks("#log [data-key]").await;
    ann.close_despite(&["net::ERR_", "WebSocket connection to", "status of 40"]).await;
}
