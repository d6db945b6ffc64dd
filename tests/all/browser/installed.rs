//! The chat as an app: it can be installed, and opens without a connection.

use super::window::{Chromedriver, LIMIT, Window};
use super::wire::Wire;
use crate::common::*;

const UNREACHABLE: [&str; 2] = ["net::ERR_", "WebSocket connection to"];
/// The pages that are kept, in the order of their names.
const KEPT: &str = "return caches.open('klatch-pages').then((pages) => pages.keys())
    .then((pages) => pages.map(({ url }) => new URL(url).pathname).sort())";

async fn kept_becomes(window: &Window, pages: &[&str]) {
    let what = format!("{pages:?} to be kept");
    eventually(LIMIT, &what, async || (window.run(KEPT).await == json!(pages)).then_some(())).await;
}

#[tokio::test]
async fn rooms_opened_before_open_without_a_connection_and_what_is_written_there_is_sent_later() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    bob.makes_room("attic").await;
    bob.makes_room("2026").await;
    bob.posts("den", "before").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    kept_becomes(&ann, &["/rooms"]).await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    ann.opens_room("2026").await;
    kept_becomes(&ann, &["/rooms", "/rooms/2026", "/rooms/den"]).await;

    wire.cut();
    ann.goto("/rooms/2026").await; // a room's name, though it looks like a message's number
    ann.shows("h1", "2026").await;
    ann.goto("/rooms/den").await;
    ann.shows("#log .body", "before").await;
    ann.goto("/rooms/den/1").await; // a message's link leads to its room
    ann.shows("#log .body", "before").await;
    ann.offline().await;
    ann.says("written offline").await;
    ann.element("#log article.pending[aria-busy=false]").await;
    ann.goto("/rooms/attic").await;
    ann.shows("h1", "Not available offline").await;
    wire.mend();
    ann.click("main a.button").await;
    ann.arrives_at("/rooms").await;
    eventually(LIMIT, "the message", async || {
        bob.reads_whole_room("den").await.iter().find(|message| message["body"] == "written offline").map(drop)
    })
    .await;
    ann.close_despite(&UNREACHABLE).await;
}

#[tokio::test]
async fn pages_that_were_kept_go_when_they_are_no_longer_open_to_one_and_at_logging_out() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("attic").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    kept_becomes(&ann, &["/rooms"]).await;
    for room in ["attic", "den"] {
        ann.opens_room(room).await;
    }
    kept_becomes(&ann, &["/rooms", "/rooms/attic", "/rooms/den"]).await;
    bob.http.delete_with("/rooms/den", json!({ "confirm": "den" })).await.ok(204);
    ann.goto("/rooms/den").await;
    kept_becomes(&ann, &["/rooms", "/rooms/attic"]).await;
    ann.opens_room("attic").await;
    ann.click("form[action='/logout'] button").await;
    ann.arrives_at("/").await;
    kept_becomes(&ann, &[]).await;
    ann.close_despite(&["status of 404"]).await;
}

#[tokio::test]
async fn a_browser_finds_all_that_it_needs_to_install_the_chat() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    let found = ann.driver.cdp().send_raw("Page.getAppManifest", json!({})).await.unwrap();
    assert_eq!(found["errors"], json!([]));
    assert!(found["url"].as_str().unwrap().ends_with("/manifest.webmanifest"), "{found}");
    eventually(LIMIT, "nothing that stands in the way", async || {
        let errors = ann.driver.cdp().send_raw("Page.getInstallabilityErrors", json!({})).await.unwrap();
        // The profile of a test counts as one that nothing is installed from.
        let errors = errors["installabilityErrors"].as_array().unwrap().clone();
        errors.iter().all(|error| error["errorId"] == "in-incognito").then_some(())
    })
    .await;
    ann.close().await;
}
