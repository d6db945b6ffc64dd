//! The keys of a message, and the while in which its deletion can be undone.

use super::window::{Chromedriver, ENTER, ESCAPE, LIMIT, Window};
use super::wire::Wire;
use crate::common::*;
use thirtyfour::prelude::*;

const DELETE: &str = "\u{E017}";
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
    ann.focuses(1).await;
    ann.press("e").await;
    ann.shows("#mode", "Editing").await;
    ann.press(ESCAPE).await;
    ann.lacks("#mode:not([hidden])").await;

    ann.focuses(1).await;
    ann.press("r").await;
    ann.shows("#mode", "Replying to Ann Lee").await;
    ann.press(ESCAPE).await;
    ann.until("return document.querySelector('#message').value === ''").await;

    for key in ["m", F10] {
        ann.focuses(1).await;
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
        ann.focuses(1).await;
        ann.press(key).await;
        ann.element(".picker input").await;
        ann.press(ESCAPE).await;
        ann.lacks(".picker").await;
    }

    ann.focuses(1).await;
    ann.press("?").await;
    ann.shows("dialog[open]", "Undo deleting").await;
    ann.press(ESCAPE).await;
    ann.lacks("dialog.help").await;
    ann.close().await;
}

#[tokio::test]
async fn deleting_ones_own_is_undone_by_its_button_and_by_a_key_and_is_done_after_a_while() {
    let chromedriver = Chromedriver::start().await;
    let (_server, host, ann) = den(&chromedriver).await;
    ann.says("Hello").await;
    ann.focuses(1).await;
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
    ann.focuses(1).await;
    ann.press(DELETE).await;
    ann.element("#m-1 .undo").await;
    wire.cut();
    let asked = "return performance.getEntriesByType('resource').some(({ name }) => new URL(name).pathname.endsWith('/messages/1'))";
    ann.until(asked).await;
    assert!(!is_deleted(&host, 1).await);
    wire.mend();
    ann.comes_back().await;
    becomes_deleted(&host, 1).await;
    ann.close_despite(&["net::ERR_", "WebSocket connection to"]).await;
}
