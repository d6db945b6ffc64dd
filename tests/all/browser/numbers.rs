//! Numbers, notices and drafts: what is counted is what there is, and what was meant for one room or one tab stays with it.

use super::window::{Chromedriver, Window};
use crate::common::*;

const NOTICES: &str = "return navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((notices) => notices.map(({ title, body }) => `${title}: ${body}`))";
const TEXT: &str = "return document.querySelector('#message').value";

/// Bob's rooms, and a window in which ann is a member of each of them, in the last one now.
async fn ann_among(chromedriver: &Chromedriver, server: &Server, rooms: &[&str]) -> (Window, Person) {
    let bob = server.person("bob").await;
    let ann = Window::open_browser(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in rooms {
        bob.makes_room(room).await;
        bob.adds("ann", room).await;
    }
    ann.opens_room(rooms.last().expect("a room")).await;
    ann.element("#people li[data-user=ann]").await;
    (ann, bob)
}

/// The window asks for notices, and its browser agrees.
async fn wants_notices(ann: &Window) {
    let permission = json!({ "permission": { "name": "notifications" }, "setting": "granted" });
    ann.driver.cdp().send_raw("Browser.setPermission", permission).await.unwrap();
    ann.run("localStorage.setItem('klatch:notices', 'on')").await;
}

/// The window is in view, but another one has the focus; or it has it again.
async fn has_focus(ann: &Window, focused: bool) {
    let kind = if focused { "focus" } else { "blur" };
    ann.run(&format!("document.hasFocus = () => {focused}; dispatchEvent(new Event('{kind}'))")).await;
}

async fn notices_become(ann: &Window, expected: &[&str]) {
    let what = format!("notices {expected:?}");
    eventually(super::window::LIMIT, &what, async || {
        let mut shown: Vec<Value> = ann.run(NOTICES).await.as_array()?.clone();
        shown.sort_by_key(Value::to_string);
        (shown == expected.iter().map(|notice| json!(notice)).collect::<Vec<_>>()).then_some(())
    })
    .await;
}

/// Until no tab is kept from showing it.
async fn is_told(ann: &Window, what: &str) {
    let held = "navigator.locks.query().then(({ held }) => held.map(({ name }) => name.replace('klatch:notice:', '')))";
    ann.until(&format!("return {held}.then((held) => held.includes('{what}'))")).await;
    ann.until(&format!("return {held}.then((held) => !held.includes('{what}'))")).await;
}

#[tokio::test]
async fn a_badge_falls_when_what_was_unread_is_deleted() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["news", "den"]).await;
    bob.posts("news", "@ann").await;
    ann.shows("#rooms a[data-slug=news] .count.at", "1").await;
    ann.title_becomes("(1) den · klatch").await;
    bob.http.delete("/rooms/news/messages/1").await.ok(204);
    ann.title_becomes("den · klatch").await;
    ann.lacks("#rooms a[data-slug=news] .count").await;
    let third = bob.posts("news", "@ann again").await;
    ann.shows("#rooms a[data-slug=news] .count.at", "1").await;
    let path = format!("/rooms/news/messages/{}", third["id"]);
    bob.http.patch(&path, json!({"body": "nobody"})).await.ok(200);
    ann.until("return document.querySelector('#rooms a[data-slug=news] .count')?.textContent === '1'").await;
    ann.close().await;
}

#[tokio::test]
async fn a_window_without_the_focus_reads_nothing_and_tells_of_a_mention() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["den"]).await;
    wants_notices(&ann).await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    has_focus(&ann, false).await;
    bob.posts("den", "look, @ann").await;
    ann.bodies_up_to("look, @ann").await;
    is_told(&ann, "den:1").await;
    notices_become(&ann, &["bob in den: look, @ann"]).await;
    let unread = "return fetch('/api/v1/rooms').then((answer) => answer.json()).then(({ rooms }) => rooms[0].unread)";
    assert_eq!(ann.run(unread).await, json!(1));
    ann.title_becomes("(1) den · klatch").await;
    // It is read by being looked at, and what told of it goes.
    has_focus(&ann, true).await;
    ann.title_becomes("den · klatch").await;
    notices_become(&ann, &[]).await;
    ann.until(&format!("{unread}.then((unread) => unread === 0)")).await;
    ann.close().await;
}

#[tokio::test]
async fn notices_go_when_their_message_is_read_elsewhere_or_deleted() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["attic", "cellar", "den"]).await;
    wants_notices(&ann).await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    has_focus(&ann, false).await;
    for room in ["attic", "cellar", "den"] {
        bob.posts(room, "one, @ann").await;
        is_told(&ann, &format!("{room}:1")).await;
    }
    notices_become(&ann, &["bob in attic: one, @ann", "bob in cellar: one, @ann", "bob in den: one, @ann"]).await;
    let read = json!({ "method": "POST", "headers": { "content-type": "application/json" },
        "body": json!({ "rooms": ["attic"] }).to_string() });
    ann.until(&format!("return fetch('/api/v1/read', {read}).then(({{ ok }}) => ok)")).await;
    notices_become(&ann, &["bob in cellar: one, @ann", "bob in den: one, @ann"]).await;
    for room in ["cellar", "den"] {
        bob.http.delete(&format!("/rooms/{room}/messages/1")).await.ok(204);
    }
    notices_become(&ann, &[]).await;
    ann.close().await;
}

#[tokio::test]
async fn every_message_is_told_of_by_number_where_that_is_wanted() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["all", "usual", "den"]).await;
    let level = json!({ "method": "PUT", "headers": { "content-type": "application/json" },
        "body": json!({ "notify": "all" }).to_string() });
    ann.until(&format!("return fetch('/api/v1/rooms/all/notify', {level}).then(({{ ok }}) => ok)")).await;
    wants_notices(&ann).await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    has_focus(&ann, false).await;
    bob.posts("usual", "for nobody").await;
    bob.posts("all", "one").await;
    is_told(&ann, "all:new:1").await;
    notices_become(&ann, &["1 new message in all: "]).await;
    bob.posts("all", "two").await;
    bob.posts("all", "three").await;
    notices_become(&ann, &["3 new messages in all: "]).await;
    bob.http.delete("/rooms/all/messages/1").await.ok(204);
    notices_become(&ann, &["2 new messages in all: "]).await;
    ann.close().await;
}

#[tokio::test]
async fn two_tabs_do_not_destroy_each_others_drafts() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["den"]).await;
    let first = ann.driver.window().await.unwrap();
    ann.fill("#message", "hello everybody").await;
    let second = ann.driver.new_tab().await.unwrap();
    ann.turns_to(&second).await;
    ann.opens_room("den").await;
    assert_eq!(ann.run(TEXT).await, json!("hello everybody"));
    // What was sent in one tab is not there to be sent again in the other.
    ann.turns_to(&first).await;
    ann.press(super::window::ENTER).await;
    ann.bodies_up_to("hello everybody").await;
    ann.turns_to(&second).await;
    ann.until("return document.querySelector('#message').value === ''").await;
    // What is written in each of them stays there, also when they are loaded anew.
    ann.turns_to(&first).await;
    ann.fill("#message", "a long text of tab one").await;
    ann.turns_to(&second).await;
    ann.until("return document.querySelector('#message').value === 'a long text of tab one'").await;
    ann.run("document.querySelector('#message').value = ''").await;
    ann.fill("#message", "x").await;
    for (tab, text) in [(&first, "a long text of tab one"), (&second, "x"), (&first, "a long text of tab one")] {
        ann.turns_to(tab).await;
        assert_eq!(ann.run(TEXT).await, json!(text));
        ann.opens_room("den").await;
        assert_eq!(ann.run(TEXT).await, json!(text));
    }
    ann.turns_to(&second).await;
    ann.click("#send").await;
    ann.bodies_up_to("x").await;
    ann.turns_to(&first).await;
    assert_eq!(ann.run(TEXT).await, json!("a long text of tab one"));
    assert_eq!(bob.reads_whole_room("den").await.len(), 2);
    // What a tab had that is closed now waits for a tab that has nothing, whatever is written and sent in others.
    ann.turns_to(&second).await;
    ann.until("return document.querySelector('#message').value === ''").await;
    ann.fill("#message", "y").await;
    ann.goes_to(&first).await;
    ann.driver.close_window().await.unwrap();
    ann.turns_to(&second).await;
    ann.fill("#message", "z").await;
    ann.opens_room("den").await;
    assert_eq!(ann.run(TEXT).await, json!("yz"));
    ann.click("#send").await;
    ann.bodies_up_to("yz").await;
    ann.opens_room("den").await;
    assert_eq!(ann.run(TEXT).await, json!("a long text of tab one"));
    // It is used up once it is sent.
    ann.click("#send").await;
    ann.bodies_up_to("a long text of tab one").await;
    ann.opens_room("den").await;
    assert_eq!(ann.run(TEXT).await, json!(""));
    assert_eq!(bob.reads_whole_room("den").await.len(), 4);
    ann.close().await;
}

#[tokio::test]
async fn a_full_disk_keeps_nobody_out_of_a_room() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["den"]).await;
    bob.makes_room("attic").await;
    ann.run(
        "for (let size = 4_194_304; size >= 1; size /= 2)
            for (const storage of [localStorage, sessionStorage])
                for (let n = 0; n < 3; n++) try { storage.setItem(`filler ${size} ${n}`, 'x'.repeat(size)); } catch {}",
    )
    .await;
    ann.opens_room("attic").await;
    ann.fill("#message", "there is no room for a draft").await;
    ann.click("#format").await;
    ann.element("#composer [role=toolbar]").await;
    ann.click("#send").await;
    ann.bodies_up_to("there is no room for a draft").await;
    ann.click("#switch").await;
    ann.element("#switcher").await;
    ann.close().await;
}

/// The room is made anew, open to others, while ann has no connection.
#[tokio::test]
async fn what_was_written_for_a_room_is_not_posted_in_another_one_with_its_name() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["board"]).await;
    let network =
        |offline: bool| json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
    ann.driver.cdp().send_raw("Network.enable", json!({})).await.unwrap();
    ann.driver.cdp().send_raw("Network.emulateNetworkConditions", network(true)).await.unwrap();
    ann.says("for the few").await;
    ann.shows(".msg.pending", "for the few").await;
    ann.fill("#message", "a draft for the few").await;
    bob.http.delete_with("/rooms/board", json!({"confirm": "board"})).await.ok(204);
    bob.makes_room("board").await;
    bob.adds("ann", "board").await;
    bob.posts("board", "new").await;
    ann.driver.cdp().send_raw("Network.emulateNetworkConditions", network(false)).await.unwrap();
    ann.shows(".msg.failed", "for the few").await;
    ann.opens_room("board").await;
    ann.bodies_up_to("new").await;
    ann.shows(".msg.failed", "for the few").await;
    assert_eq!(ann.run(TEXT).await, json!(""), "the draft was for the other room");
    let bodies: Vec<_> = bob.reads_whole_room("board").await.iter().map(|message| message["body"].clone()).collect();
    assert_eq!(bodies, [json!("new")]);
    // Its author may send it here, too.
    ann.click(".msg.failed .why button").await;
    ann.lacks(".msg:is(.failed, .pending)").await;
    assert_eq!(bob.reads_whole_room("board").await.len(), 2);
    ann.close_despite(&["ERR_INTERNET_DISCONNECTED", "status of 404"]).await;
}

#[tokio::test]
async fn a_messages_link_leads_to_no_other_room_with_the_name() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let old = ann.makes_room("plan").await;
    ann.posts("plan", "old").await;
    let link = |room: &Value| format!("page:/rooms/plan/1?room_id={}", room["id"]);
    assert_eq!(ann.http.get(&link(&old)).await.status, 200);
    ann.http.delete_with("/rooms/plan", json!({"confirm": "plan"})).await.ok(204);
    let new = ann.makes_room("plan").await;
    ann.posts("plan", "new").await;
    assert_eq!(ann.http.get(&link(&old)).await.status, 404);
    assert_eq!(ann.http.get(&link(&new)).await.status, 200);
    assert_eq!(ann.http.get("page:/rooms/plan/1").await.status, 200);
}

/// A ban, and a session that ends without the page's doing.
#[tokio::test]
async fn each_end_of_a_session_takes_drafts_and_outbox_off_the_machine() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_among(&chromedriver, &server, &["den"]).await;
    server.execute("UPDATE users SET role = 'owner' WHERE username = 'bob'");
    let kept =
        "return indexedDB.databases().then((all) => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]
        .filter((key) => key.startsWith('klatch:draft:')).length + all.length)";
    ann.fill("#message", "a draft").await;
    assert_ne!(ann.run(kept).await, json!(0));
    bob.http.put_json("/users/ann/ban", json!({})).await.ok(204);
    ann.until(&format!("{kept}.then((kept) => kept === 0)")).await;
    ann.signs_up("cleo", "Cleo").await;
    bob.adds("cleo", "den").await;
    ann.opens_room("den").await;
    ann.fill("#message", "another draft").await;
    server.execute("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE username = 'cleo')");
    ann.arrives_at("/login?next=%2Frooms%2Fden").await;
    ann.until(&format!("{kept}.then((kept) => kept === 0)")).await;
    ann.close_despite(&["status of 401", "status of 403"]).await;
}
