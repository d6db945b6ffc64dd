//! Acting on a message: by its keys and its menu, with a while to think better of it.

use super::window::{Chromedriver, ENTER, LIMIT, Window};
use super::wire::Wire;
use crate::common::*;
use thirtyfour::prelude::*;

const ESCAPE: &str = "\u{E00C}";
const DELETE: &str = "\u{E017}";
const DOWN: &str = "\u{E015}";
const F10: &str = "\u{E03A}";

/// A server with the room "den", who made it, and a window of Ann, who is in it.
async fn den(chromedriver: &Chromedriver) -> (Server, Person, Window) {
    let server = Server::start(Options::sqlite()).await;
    let host = server.person("host").await;
    host.makes_room("den").await;
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann Lee").await;
    ann.opens_room("den").await;
    (server, host, ann)
}

/// Puts the focus on a message, once the page has it.
async fn focus(window: &Window, id: u64) {
    window.element(&format!("#m-{id}:not([data-key])")).await;
    window.run(&format!("document.querySelector('#m-{id}').focus()")).await;
}

async fn is_deleted(person: &Person, id: u64) -> bool {
    let messages = person.reads_whole_room("den").await;
    messages.iter().any(|message| message["id"] == id && message["deleted"] == true)
}

async fn becomes_deleted(person: &Person, id: u64) {
    eventually(LIMIT, "the message, deleted", async || is_deleted(person, id).await.then_some(())).await;
}

#[tokio::test]
async fn a_focused_message_has_a_key_for_each_act() {
    let chromedriver = Chromedriver::start().await;
    let (_server, _host, ann) = den(&chromedriver).await;
    ann.says("Hello").await;
    focus(&ann, 1).await;
    ann.press("e").await;
    ann.shows("#mode", "Editing").await;
    ann.press(ESCAPE).await;
    ann.lacks("#mode:not([hidden])").await;

    focus(&ann, 1).await;
    ann.press("r").await;
    ann.shows("#mode", "Replying to Ann Lee").await;
    ann.press(ESCAPE).await;
    ann.until("return document.querySelector('#message').value === ''").await;

    for key in ["m", F10] {
        focus(&ann, 1).await;
        if key == F10 {
            ann.driver.action_chain().key_down(Key::Shift).send_keys(F10).key_up(Key::Shift).perform().await.unwrap();
        } else {
            ann.press(key).await;
        }
        ann.element("[role=menu]").await;
        ann.until("return document.activeElement.matches('[role=menu] [role=menuitem]')").await;
        ann.press(ESCAPE).await;
        ann.lacks("[role=menu]").await;
        ann.until("return document.activeElement.id === 'm-1'").await;
    }

    for key in ["+", ":"] {
        focus(&ann, 1).await;
        ann.press(key).await;
        ann.element(".picker input").await;
        ann.press(ESCAPE).await;
        ann.lacks(".picker").await;
    }

    focus(&ann, 1).await;
    ann.press("?").await;
    ann.shows("dialog[open]", "Undo deleting").await;
    ann.press(ESCAPE).await;
    ann.lacks("dialog.help").await;
    ann.close().await;
}

#[tokio::test]
async fn an_emoji_is_found_by_its_name_and_kept_at_hand() {
    let chromedriver = Chromedriver::start().await;
    let (_server, _host, ann) = den(&chromedriver).await;
    ann.says("Hello").await;
    focus(&ann, 1).await;
    ann.press("+").await;
    ann.fill(".picker input", "crab").await;
    ann.until("return document.querySelector('.picker .grid button').dataset.emoji === '🦀'").await;
    ann.press(ENTER).await;
    ann.element("#m-1 .react.mine[data-emoji='🦀']").await;

    // What was picked stands first the next time, and the arrow keys lead to it.
    focus(&ann, 1).await;
    ann.press("+").await;
    ann.until("return document.activeElement.matches('.picker input')").await;
    ann.press(DOWN).await;
    ann.until("return document.activeElement.dataset.emoji === '🦀'").await;
    ann.press(ENTER).await;
    ann.lacks("#m-1 .react").await;

    focus(&ann, 1).await;
    ann.press("+").await;
    ann.fill(".picker input", "no such thing").await;
    ann.shows(".picker", "No emoji has that name").await;
    ann.close().await;
}

#[tokio::test]
async fn deleting_ones_own_is_undone_by_its_button_and_by_a_key_and_is_done_after_a_while() {
    let chromedriver = Chromedriver::start().await;
    let (_server, host, ann) = den(&chromedriver).await;
    ann.says("Hello").await;
    focus(&ann, 1).await;
    ann.press(DELETE).await;
    ann.shows("#m-1 .undo", "Message deleted").await;
    ann.press(ENTER).await; // the focus is on the button
    ann.lacks("#m-1 .undo").await;
    ann.until("return document.activeElement.id === 'm-1'").await;

    ann.press(DELETE).await;
    ann.element("#m-1 .undo").await;
    ann.driver.action_chain().key_down(Key::Control).send_keys("z").key_up(Key::Control).perform().await.unwrap();
    ann.lacks("#m-1 .undo").await;
    assert!(!is_deleted(&host, 1).await);

    ann.press(DELETE).await;
    ann.element("#m-1 .undo").await;
    becomes_deleted(&host, 1).await;
    ann.shows("#m-1 .body", "Message deleted").await;
    ann.until("return !document.querySelector('#m-1 .undo')?.checkVisibility()").await;
    ann.close().await;
}

#[tokio::test]
async fn a_page_that_is_left_while_deleting_can_be_undone_deletes_at_once() {
    let chromedriver = Chromedriver::start().await;
    let (_server, host, ann) = den(&chromedriver).await;
    ann.says("Hello").await;
    focus(&ann, 1).await;
    ann.press(DELETE).await;
    ann.element("#m-1 .undo").await;
    ann.goto("/rooms").await; // with it goes the page's own clock
    becomes_deleted(&host, 1).await;
    ann.close().await;
}

#[tokio::test]
async fn deleting_waits_for_a_lost_connection() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let host = server.person("host").await;
    host.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann Lee").await;
    ann.opens_room("den").await;
    ann.says("Hello").await;
    focus(&ann, 1).await;
    ann.press(DELETE).await;
    ann.element("#m-1 .undo").await;
    wire.cut();
    let asked = "return performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/messages/1'))";
    ann.until(asked).await;
    assert!(!is_deleted(&host, 1).await);
    wire.mend();
    ann.comes_back().await;
    becomes_deleted(&host, 1).await;
    ann.close_despite(&["net::ERR_", "WebSocket connection to"]).await;
}

#[tokio::test]
async fn the_menu_copies_a_messages_link_and_its_text() {
    let chromedriver = Chromedriver::start().await;
    let (server, _host, ann) = den(&chromedriver).await;
    let granted = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    ann.driver.cdp().send_raw("Browser.grantPermissions", granted).await.unwrap();
    ann.says("Hello, *you*").await;
    for (item, copied, said) in [
        (2, format!("{}/rooms/den/1", server.url()), "The link is copied"),
        (3, "Hello, *you*".into(), "The text is copied"),
    ] {
        focus(&ann, 1).await;
        ann.press("m").await;
        ann.until("return document.activeElement.matches('[role=menuitem]')").await;
        let labels = ["Another emoji", "Reply", "Copy link", "Copy text"];
        let find = format!(
            "[...document.querySelectorAll('[role=menuitem]')].find((item) => item.textContent === '{}').focus()",
            labels[item]
        );
        ann.run(&find).await;
        ann.press(ENTER).await;
        ann.shows("#notice", said).await;
        assert_eq!(ann.run("return navigator.clipboard.readText()").await, json!(copied));
    }
    ann.close().await;
}

#[tokio::test]
async fn who_moderates_mutes_an_author_from_the_menu() {
    let chromedriver = Chromedriver::start().await;
    let (server, host, ann) = den(&chromedriver).await;
    host.posts("den", "Buy saws").await;
    focus(&ann, 1).await;
    ann.press("m").await;
    ann.element("[role=menu]").await;
    assert_eq!(ann.run("return document.querySelector('[role=menu]').innerText.includes('Mute')").await, json!(false));

    server.execute("UPDATE users SET role = 'admin' WHERE username = 'ann'");
    ann.opens_room("den").await;
    focus(&ann, 1).await;
    ann.press("m").await;
    ann.until("return document.activeElement.matches('[role=menuitem]')").await;
    ann.run(
        "[...document.querySelectorAll('[role=menuitem]')].find((item) => item.textContent.startsWith('Mute')).focus()",
    )
    .await;
    ann.press(ENTER).await;
    ann.fill("#sanction-reason", "No shops here").await;
    ann.press(ENTER).await;
    ann.shows("#notice", "is muted").await;
    let refused = host.http.post("/rooms/den/messages", json!({ "key": new_key(), "body": "Buy axes" })).await;
    assert_eq!(refused.status, 403);
    ann.close().await;
}
