//! Composing: completion, formatting, the preview; and the keys that lead elsewhere.

use super::window::{Chromedriver, DOWN, ENTER, ESCAPE, LIMIT, TAB, Window};
use crate::common::*;
use thirtyfour::Key;

async fn in_the_den(server: &Server, chromedriver: &Chromedriver) -> Window {
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    ann
}

async fn text_becomes(window: &Window, text: &str) {
    eventually(LIMIT, text, async || {
        let value = window.run("return document.querySelector('#message').value").await;
        (value == json!(text)).then_some(())
    })
    .await;
}

async fn chosen_becomes(window: &Window, label: &str) {
    window.shows(".completion [aria-selected=true]", label).await;
}

#[tokio::test]
async fn people_rooms_and_emoji_are_completed_by_keyboard() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = in_the_den(&server, &chromedriver).await;
    ann.fill("#message", "ask @b").await;
    chosen_becomes(&ann, "bob").await;
    ann.press(ENTER).await;
    text_becomes(&ann, "ask @bob ").await;
    ann.press("in #a").await;
    chosen_becomes(&ann, "attic").await;
    ann.press(TAB).await;
    text_becomes(&ann, "ask @bob in #attic ").await;
    ann.press(":rock").await;
    chosen_becomes(&ann, ":rock:").await;
    ann.press(DOWN).await;
    chosen_becomes(&ann, ":rocket:").await;
    ann.press(ENTER).await;
    text_becomes(&ann, "ask @bob in #attic 🚀").await;
    // Escape leaves what is typed alone, and nothing is completed in code.
    ann.press(" @bo").await;
    chosen_becomes(&ann, "bob").await;
    ann.press(ESCAPE).await;
    ann.lacks(".completion:popover-open").await;
    ann.press(ENTER).await;
    ann.bodies_up_to("ask @bob in #attic 🚀 @bo").await;
    ann.shows("#log .body a[href='/rooms/attic']", "#attic").await;
    ann.close().await;
}

#[tokio::test]
async fn each_form_has_its_key_and_the_browser_can_undo_it() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = in_the_den(&server, &chromedriver).await;
    for (held, key, formed) in [
        (&[Key::Control][..], "b", "**word**"),
        (&[Key::Control], "i", "_word_"),
        (&[Key::Control], "e", "`word`"),
        (&[Key::Control, Key::Shift], "k", "[word](https://)"),
        (&[Key::Control, Key::Shift], "9", "> word"),
        (&[Key::Control, Key::Shift], "8", "- word"),
    ] {
        ann.fill("#message", "word").await;
        ann.run("document.querySelector('#message').select()").await;
        ann.chord(held, key).await;
        text_becomes(&ann, formed).await;
        ann.chord(&[Key::Control], "z").await;
        text_becomes(&ann, "word").await;
        ann.run(
            "const text = document.querySelector('#message'); text.value = ''; text.dispatchEvent(new Event('input'))",
        )
        .await;
    }
    ann.close().await;
}

#[tokio::test]
async fn a_message_can_be_looked_at_before_it_is_sent() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = in_the_den(&server, &chromedriver).await;
    ann.fill("#message", "**loud** words").await;
    ann.chord(&[Key::Control, Key::Shift], ENTER).await;
    ann.shows(".preview strong", "loud").await;
    ann.click(".preview .link").await;
    ann.lacks(".preview").await;
    text_becomes(&ann, "**loud** words").await;
    ann.press(ENTER).await;
    ann.bodies_up_to("loud words").await;
    ann.close().await;
}

/// Else the browser would show the file in the place of the page.
#[tokio::test]
async fn a_file_that_is_dropped_or_pasted_says_that_files_come_later_and_leads_nowhere() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = in_the_den(&server, &chromedriver).await;
    let gives = "const [kind, where, text] = given;
        const data = new DataTransfer();
        data.items.add(new File(['x'], 'x.png', { type: 'image/png' }));
        if (text) data.setData('text/plain', text);
        const init = { bubbles: true, cancelable: true };
        const event = kind === 'paste' ? new ClipboardEvent(kind, { ...init, clipboardData: data }) : new DragEvent(kind, { ...init, dataTransfer: data });
        return !document.querySelector(where).dispatchEvent(event)";
    for (kind, place) in
        [("dragover", "body"), ("drop", "body"), ("drop", "#message"), ("drop", "#side"), ("paste", "#message")]
    {
        ann.run("document.querySelector('#status').textContent = ''").await;
        let given = format!("const given = ['{kind}', '{place}', ''];{gives}");
        assert_eq!(ann.run(&given).await, json!(true), "{kind} at {place}");
        if kind != "dragover" {
            ann.shows("#status", "Files can’t be sent yet.").await;
        }
    }
    // Text that comes with a picture of itself, as from a table, is pasted.
    let given = format!("const given = ['paste', '#message', 'text'];{gives}");
    assert_eq!(ann.run(&given).await, json!(false));
    ann.close().await;
}
