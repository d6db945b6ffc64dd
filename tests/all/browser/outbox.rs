//! What was written and not sent: it outlives the tab and the browser, any tab sends it, and logging out leaves nothing of it.

use super::window::{Chromedriver, LIMIT, Window};
use super::wire::Wire;
use crate::common::*;

/// What the console tells of a server that can't be reached.
const UNREACHABLE: [&str; 2] = ["net::ERR_", "WebSocket connection to"];
const PENDING: &str = "return document.querySelectorAll('#log article.pending[aria-busy=false]').length";
/// What of the chat is on the machine: drafts, and the outbox.
const KEPT: &str = "const { length } = Object.keys(localStorage).filter((key) => key.startsWith('klatch:draft:'));
    return indexedDB.databases().then((databases) => length + databases.length)";
/// How often this page asked for a message to be stored.
const ASKED: &str = "return performance.getEntriesByType('resource')
    .filter(({ name, initiatorType }) => initiatorType === 'fetch' && name.endsWith('/messages')).length";
/// How many tabs send, and how many would.
const SENDERS: &str = "return navigator.locks.query().then(({ held, pending }) =>
    [held, pending].map((locks) => locks.filter(({ name }) => name.startsWith('klatch:outbox')).length))";

async fn second_tab(window: &Window) -> [thirtyfour::WindowHandle; 2] {
    let first = window.driver.window().await.unwrap();
    let second = window.driver.new_tab().await.unwrap();
    window.turns_to(&second).await;
    [first, second]
}

async fn stored(person: &Person, room: &str) -> Vec<String> {
    let messages = person.reads_whole_room(room).await;
    messages.iter().map(|message| message["body"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the room ends with this message, and gives all of it.
async fn stored_up_to(person: &Person, room: &str, last: &str) -> Vec<String> {
    eventually(LIMIT, last, async || {
        let bodies = stored(person, room).await;
        (bodies.last().map(String::as_str) == Some(last)).then_some(bodies)
    })
    .await
}

#[tokio::test]
async fn messages_written_offline_arrive_once_and_in_order_after_the_browser_was_restarted() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.says("before").await;
    ann.bodies_up_to("before").await;

    wire.cut();
    ann.offline().await;
    for body in ["one", "two", "three"] {
        ann.says(body).await;
    }
    ann.until(&format!("{PENDING} === 3")).await;
    let profile = ann.profile();
    ann.close_despite(&UNREACHABLE).await;
    wire.mend();

    // Any page sends them; the room need not be open.
    let ann = Window::open_with(&chromedriver, wire.url(), profile).await;
    ann.goto("/rooms").await;
    assert_eq!(stored_up_to(&bob, "den", "three").await, ["before", "one", "two", "three"]);
    ann.opens_room("den").await;
    ann.says("four").await;
    let all = ["before", "one", "two", "three", "four"];
    assert_eq!(ann.bodies_up_to("four").await, all);
    ann.lacks("#log [data-key]").await;
    assert_eq!(stored(&bob, "den").await, all);
    ann.close().await;
}

#[tokio::test]
async fn one_tab_sends_for_all_and_another_takes_over_when_it_closes() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("attic").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let [first, second] = second_tab(&ann).await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    assert_eq!(ann.until(SENDERS).await, json!([1, 1]));

    wire.cut();
    ann.goes_to(&first).await;
    ann.offline().await;
    ann.says("one").await;
    ann.says("two").await;
    ann.until(&format!("{PENDING} === 2")).await;
    ann.until(&format!("{ASKED} > 0")).await;
    // The other tab shows them, and leaves them alone.
    ann.goes_to(&second).await;
    ann.until(&format!("{PENDING} === 2")).await;
    assert_eq!(ann.run(ASKED).await, json!(0));
    assert_eq!(ann.until(SENDERS).await, json!([1, 1]));

    ann.goes_to(&first).await;
    ann.driver.close_window().await.unwrap();
    ann.goes_to(&second).await;
    ann.until(&format!("{ASKED} > 0")).await;
    wire.mend();
    ann.comes_back().await;
    assert_eq!(ann.bodies_up_to("two").await, ["one", "two"]);
    ann.lacks("#log [data-key]").await;
    assert_eq!(stored(&bob, "den").await, ["one", "two"]);
    ann.close_despite(&UNREACHABLE).await;
}

#[tokio::test]
async fn a_refused_message_is_sent_when_told_to_once_the_reason_is_gone() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    bob.http.put_json("/rooms/den/mutes/ann", json!({})).await.ok(204);
    ann.says("hello").await;
    ann.shows("#log article.failed .why", "muted").await;
    // Another tab shows it as well, and a restarted page.
    let [first, _] = second_tab(&ann).await;
    ann.opens_room("den").await;
    ann.shows("#log article.failed .why", "muted").await;

    bob.http.delete("/rooms/den/mutes/ann").await.ok(204);
    ann.click("#log article.failed .why button").await;
    assert_eq!(ann.bodies_up_to("hello").await, ["hello"]);
    ann.lacks("#log [data-key]").await;
    ann.goes_to(&first).await;
    assert_eq!(ann.bodies_up_to("hello").await, ["hello"]);
    ann.lacks("#log [data-key]").await;
    ann.close_despite(&["status of 403"]).await;
}

#[tokio::test]
async fn drafts_of_each_room_survive_the_browser_and_not_logging_out() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in ["attic", "den"] {
        ann.opens_room(room).await;
        ann.fill("#message", &format!("for the {room}")).await;
    }
    let profile = ann.profile();
    ann.close().await;
    let ann = Window::open_with(&chromedriver, server.url(), profile).await;
    for room in ["attic", "den"] {
        ann.opens_room(room).await;
        ann.until(&format!("return document.querySelector('#message').value === 'for the {room}'")).await;
    }

    ann.click("form[action='/logout'] button").await;
    ann.arrives_at("/").await;
    assert_eq!(ann.run(KEPT).await, json!(0));
    ann.close_despite(&["status of 401"]).await;
}

#[tokio::test]
async fn logging_out_takes_what_was_not_sent_off_the_machine_in_all_tabs() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    bob.http.put_json("/rooms/den/mutes/ann", json!({})).await.ok(204);
    ann.says("a secret").await;
    ann.element("#log article.failed").await;
    let [first, second] = second_tab(&ann).await;
    ann.opens_room("attic").await;
    ann.fill("#message", "another secret").await;

    // Not without being asked.
    ann.goes_to(&first).await;
    ann.click("form[action='/logout'] button").await;
    eventually(LIMIT, "a question", async || ann.driver.get_alert_text().await.ok()).await;
    ann.driver.dismiss_alert().await.unwrap();
    ann.element("#log article.failed").await;
    ann.click("form[action='/logout'] button").await;
    let question = eventually(LIMIT, "a question", async || ann.driver.get_alert_text().await.ok()).await;
    assert!(question.contains("A message has not been sent"), "{question}");
    ann.driver.accept_alert().await.unwrap();
    ann.arrives_at("/").await;
    assert_eq!(ann.run(KEPT).await, json!(0));
    ann.goes_to(&second).await;
    ann.arrives_at("/login?next=%2Frooms%2Fattic").await;
    assert_eq!(ann.run(KEPT).await, json!(0));
    ann.close_despite(&["status of 40"]).await;
}

/// The number on the page's icon, or null.
const BADGE: &str = "const { href } = document.querySelector('link[rel=icon]');
    return href.startsWith('data:') ? decodeURIComponent(href).match(/<text[^>]*>([^<]*)/)[1] : null";

async fn unread_becomes(window: &Window, title: &str, badge: Value) {
    window.title_becomes(title).await;
    eventually(LIMIT, &format!("{badge} on the icon"), async || (window.run(BADGE).await == badge).then_some(())).await;
}

#[tokio::test]
async fn unread_numbers_and_badges_agree_in_two_tabs() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "cellar", "den"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in ["cellar", "den"] {
        ann.opens_room(room).await;
        ann.element("#people li[data-user=ann]").await; // a member from now on
    }
    let [den, attic] = second_tab(&ann).await;
    ann.opens_room("attic").await;
    ann.element("#people li[data-user=ann]").await;
    unread_becomes(&ann, "attic · klatch", json!(null)).await;

    // In the tab that is hidden, in one that is open, and in none.
    bob.posts("den", "one").await;
    bob.posts("attic", "two").await;
    bob.posts("cellar", "three").await;
    ann.bodies_up_to("two").await;
    unread_becomes(&ann, "(2) attic · klatch", json!("2")).await;
    ann.turns_to(&den).await;
    unread_becomes(&ann, "(1) den · klatch", json!("1")).await; // read by being seen
    ann.turns_to(&attic).await;
    unread_becomes(&ann, "(1) attic · klatch", json!("1")).await;
    bob.posts("den", "four, @ann").await;
    unread_becomes(&ann, "(2) attic · klatch", json!("2")).await;
    ann.shows("#rooms a[data-slug=den] .count.at", "1").await;
    // One's own message in one tab is unread in no other.
    ann.says("five").await;
    ann.bodies_up_to("five").await;
    ann.turns_to(&den).await;
    unread_becomes(&ann, "(1) den · klatch", json!("1")).await;
    ann.click("#rooms a[data-slug=cellar]").await;
    ann.arrives_at("/rooms/cellar").await;
    unread_becomes(&ann, "cellar · klatch", json!(null)).await;
    ann.turns_to(&attic).await;
    unread_becomes(&ann, "attic · klatch", json!(null)).await;
    ann.close().await;
}
