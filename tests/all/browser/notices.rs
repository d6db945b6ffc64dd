//! Notices for those who look elsewhere: what they are told of, by one of their tabs, and once they have asked for it. And
//! what a screen reader announces of the open room.

use super::window::{Chromedriver, Window};
use crate::common::*;

/// What stands among the system's notices, as `title: text`.
const NOTICES: &str = "return navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((notices) => notices.map(({ title, body }) => `${title}: ${body}`))";
const CLEAR: &str = "return navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((notices) => notices.forEach((notice) => notice.close()))";

async fn may_notify(window: &Window, state: &str) {
    let permission = json!({ "permission": { "name": "notifications" }, "setting": state });
    window.driver.cdp().send_raw("Browser.setPermission", permission).await.unwrap();
}

/// The window shows a page that is none of the chat's, from which all that follows is asked.
async fn looks_elsewhere(window: &Window) {
    let elsewhere = window.driver.new_tab().await.unwrap();
    window.goes_to(&elsewhere).await;
    window.goto("/healthz").await;
    window.turns_to(&elsewhere).await;
    let nobody =
        "return navigator.locks.query().then(({ held }) => !held.some(({ name }) => name === 'klatch:looked-at'))";
    window.until(nobody).await;
}

/// Waits until these messages (`room:id`) have been told of, by the locks that keep other tabs from it. To ask the browser for
/// what it shows while it begins to show something would have it forget that.
async fn told(window: &Window, messages: &[&str]) {
    let held = "navigator.locks.query().then(({ held }) => held.map(({ name }) => name.replace('klatch:notice:', '')))";
    for message in messages {
        window.until(&format!("return {held}.then((held) => held.includes('{message}'))")).await;
    }
    for message in messages {
        window.until(&format!("return {held}.then((held) => !held.includes('{message}'))")).await;
    }
}

#[tokio::test]
async fn whoever_looks_elsewhere_is_told_of_what_concerns_them_by_the_level_of_each_room() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["all", "none", "usual"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for (room, level) in [("all", Some("all")), ("none", Some("none")), ("usual", None)] {
        ann.opens_room(room).await;
        ann.element("#people li[data-user=ann]").await;
        if let Some(level) = level {
            let body = json!({ "method": "PUT", "headers": { "content-type": "application/json" }, "body": json!({ "notify": level }).to_string() });
            ann.until(&format!("return fetch('/api/v1/rooms/{room}/notify', {body}).then(({{ ok }}) => ok)")).await;
        }
    }
    may_notify(&ann, "granted").await;
    ann.goto("/settings").await;
    ann.click("#notices [name=notices]").await;
    ann.until("return localStorage.getItem('klatch:notices') === 'on'").await;
    ann.opens_room("usual").await;

    // While a page is looked at there is no notice, though another is hidden.
    let hidden = ann.driver.window().await.unwrap();
    let seen = ann.driver.new_tab().await.unwrap();
    ann.turns_to(&seen).await;
    ann.opens_room("all").await;
    bob.posts("usual", "one, @ann").await;
    ann.shows("#rooms a[data-slug=usual] .count.at", "1").await;
    ann.goes_to(&hidden).await;
    ann.bodies_up_to("one, @ann").await;
    assert_eq!(ann.run(NOTICES).await, json!([]));

    ann.goes_to(&seen).await;
    looks_elsewhere(&ann).await;
    bob.posts("all", "two, for nobody").await;
    bob.posts("none", "three, @ann").await;
    bob.posts("usual", "four, @ann").await;
    bob.posts("all", "five, @ann").await;
    told(&ann, &["usual:2", "all:2"]).await;
    let shown = ann.run(NOTICES).await;
    let (shown, both) = (shown.to_string(), ["bob in usual: four, @ann", "bob in all: five, @ann"]);
    assert!(both.iter().all(|notice| shown.contains(notice)), "{shown}");
    assert!(!shown.contains("nobody") && !shown.contains("three"), "{shown}");
    ann.run(CLEAR).await;
    let talk = bob.http.post("/direct", json!({ "users": ["ann"] })).await.ok(201);
    let talk = talk["slug"].as_str().unwrap();
    bob.posts(talk, "only you").await;
    told(&ann, &[&format!("{talk}:1")]).await;
    assert_eq!(ann.run(NOTICES).await, json!(["bob: only you"]));
    ann.close().await;
}

#[tokio::test]
async fn notices_are_off_until_somebody_asks_for_them_and_the_browser_agrees() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    may_notify(&ann, "denied").await;
    ann.goto("/settings").await;
    ann.lacks("#notices :is([name=notices], [name=sound]):checked").await;
    ann.click("#notices [name=notices]").await;
    ann.shows("#notices + .said", "The browser forbids").await;
    ann.lacks("#notices :is([name=notices], [name=sound]):checked").await;
    // A sound needs nobody's leave.
    ann.click("#notices [name=sound]").await;
    ann.goto("/settings").await;
    ann.until("return document.querySelector('#notices [name=sound]').checked").await;
    ann.close().await;
}

#[tokio::test]
async fn new_messages_are_announced_with_their_authors_until_the_reader_turns_that_off() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    let hears = async || {
        ann.opens_room("den").await;
        ann.element("#people li[data-user=ann]").await;
        // A polite live region: each change of its text is read out once nothing else is.
        ann.run(
            "const region = document.querySelector('#announce[role=status]');
            window.heard = [];
            new MutationObserver(() => heard.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });",
        )
        .await;
    };
    hears().await;
    for (number, body) in ["hello", "yes", "yes"].iter().enumerate() {
        bob.posts("den", body).await;
        ann.until(&format!("return heard.length === {}", number + 1)).await;
    }
    assert_eq!(ann.run("return heard").await, json!(["bob: hello", "bob: yes", "bob: yes"]));
    ann.says("one's own is no news").await;
    ann.bodies_up_to("one's own is no news").await;
    assert_eq!(ann.run("return heard.length").await, json!(3));

    ann.goto("/settings").await;
    ann.until("return document.querySelector('#notices [name=announce]').checked").await;
    ann.click("#notices [name=announce]").await;
    hears().await;
    bob.posts("den", "quiet").await;
    ann.bodies_up_to("quiet").await;
    assert_eq!(ann.run("return heard").await, json!([]));
    ann.goto("/settings").await;
    ann.element("#notices [name=announce]:not(:checked)").await;
    ann.close().await;
}
