//! The text box: what it leaves alone, its toolbar, its preview and its end.

use super::window::{Chromedriver, DOWN, ENTER, ESCAPE, Window};
use crate::common::*;
use thirtyfour::prelude::*;

const LEFT: &str = "\u{E012}";
const RIGHT: &str = "\u{E014}";

/// A window of Ann in the room "den" where Bob is a member; there is a room "attic", too.
async fn den(chromedriver: &Chromedriver) -> (Server, Window) {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    bob.makes_room("attic").await;
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann Lee").await;
    ann.opens_room("den").await;
    ann.click("#message").await;
    (server, ann)
}

async fn becomes(window: &Window, text: &str) {
    window.until(&format!("return document.querySelector('#message').value === {}", json!(text))).await;
}

async fn empties(window: &Window) {
    window.chord(&[Key::Control], "a").await;
    window.press("\u{E003}").await;
    becomes(window, "").await;
}

#[tokio::test]
async fn completion_works_within_text_and_stays_out_of_the_way() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    ann.press("Hi , hello").await;
    ann.run("document.querySelector('#message').setSelectionRange(3, 3)").await;
    ann.press("@bo").await;
    ann.element(".completion li").await;
    ann.press(ENTER).await;
    becomes(&ann, "Hi @bob , hello").await;
    empties(&ann).await;

    // Nothing is offered within code, though it is once that has ended.
    ann.press("`@bo").await;
    ann.lacks(".completion:popover-open").await;
    ann.press("` @bo").await;
    ann.element(".completion li").await;
    ann.press(ESCAPE).await;
    ann.lacks(".completion:popover-open").await;
    ann.press(ENTER).await;
    ann.bodies_up_to("@bo @bo").await;

    // With nothing to choose, Enter sends.
    ann.press("@nobody").await;
    ann.lacks(".completion:popover-open").await;
    ann.press(ENTER).await;
    ann.bodies_up_to("@nobody").await;
    ann.close().await;
}

#[tokio::test]
async fn whoever_comes_in_later_is_completed_too_and_what_was_chosen_stays_so() {
    let chromedriver = Chromedriver::start().await;
    let (server, ann) = den(&chromedriver).await;
    ann.press("@bo").await;
    ann.shows(".completion [aria-selected=true]", "bob").await;
    ann.press(ENTER).await;
    for name in ["bob-two", "bob-three"] {
        server.person(name).await.http.put("/rooms/den/members/me").await.ok(204);
    }
    ann.press("@b").await;
    ann.until("return document.querySelectorAll('.completion li').length === 3").await;
    ann.press(DOWN).await;
    ann.shows(".completion [aria-selected=true]", "bob-three").await;
    ann.press("o").await;
    ann.press(ENTER).await;
    becomes(&ann, "@bob @bob-three ").await;
    ann.close().await;
}

#[tokio::test]
async fn the_toolbar_is_walked_by_arrow_keys_and_stays_as_it_was_left() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    ann.lacks("#composer [role=toolbar]").await;
    ann.click("#format").await;
    ann.element("#composer [role=toolbar]").await;
    ann.opens_room("den").await;
    ann.click("[data-format=bold]").await;
    ann.press("word").await;
    becomes(&ann, "**word**").await;
    ann.run("document.querySelector('[data-format=bold]').focus()").await;
    ann.press(RIGHT).await;
    ann.until("return document.activeElement.dataset.format === 'italic'").await;
    ann.press(LEFT).await;
    ann.until("return document.activeElement.dataset.format === 'bold'").await;
    ann.click("#format").await;
    ann.lacks("#composer [role=toolbar]").await;
    ann.opens_room("den").await;
    ann.lacks("#composer [role=toolbar]").await;
    ann.close().await;
}

#[tokio::test]
async fn a_preview_takes_the_place_of_the_text_until_it_is_left() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    ann.press("Hello, **you**").await;
    for back in [ESCAPE, ENTER] {
        ann.chord(&[Key::Control, Key::Shift], ENTER).await;
        ann.shows(".preview strong", "you").await;
        ann.until("return document.activeElement.matches('.preview button')").await;
        ann.press(back).await;
        ann.lacks(".preview").await;
        ann.until("return document.activeElement.id === 'message'").await;
    }
    ann.chord(&[Key::Control, Key::Shift], ENTER).await;
    ann.shows(".preview strong", "you").await;
    ann.click("#send").await;
    assert_eq!(ann.bodies_up_to("Hello, you").await.len(), 1);
    ann.lacks(".preview").await;
    ann.element("#message").await;
    ann.close().await;
}

#[tokio::test]
async fn what_is_pasted_is_plain_text_as_it_was_copied() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    let granted = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    ann.driver.cdp().send_raw("Browser.grantPermissions", granted).await.unwrap();
    ann.run(
        "const kind = (type, text) => ({ [type]: new Blob([text], { type }) });
        return navigator.clipboard.write([new ClipboardItem({
            ...kind('text/html', '<b>one</b><p>two</p>'), ...kind('text/plain', 'one\\r\\n  two\\u200b') })])",
    )
    .await;
    ann.chord(&[Key::Control], "v").await;
    becomes(&ann, "one\n  two\u{200b}").await;
    ann.close().await;
}

#[tokio::test]
async fn a_counter_shows_near_the_end_and_nothing_longer_is_sent() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    let write = |length: u32| {
        format!(
            "const text = document.querySelector('#message'); text.value = 'x'.repeat({length}); text.dispatchEvent(new Event('input'))"
        )
    };
    ann.run(&write(3_700)).await;
    ann.lacks("#counter:not([hidden])").await;
    ann.run(&write(3_990)).await;
    ann.shows("#counter", "10 left").await;
    ann.run(&write(4_002)).await;
    ann.shows("#counter", "2 too many").await;
    ann.press(ENTER).await;
    assert_eq!(ann.run("return document.querySelector('#message').value.length").await, json!(4_002));
    ann.run(&write(4_000)).await;
    ann.press(ENTER).await;
    becomes(&ann, "").await;
    ann.bodies_up_to(&"x".repeat(4_000)).await;
    ann.close().await;
}
