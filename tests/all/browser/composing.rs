//! Composing: completion, formatting, the preview; and the keys that lead elsewhere.

use super::window::{Chromedriver, DOWN, ENTER, ESCAPE, LIMIT, TAB, Window};
use crate::common::*;

const CONTROL: &str = "\u{E009}";
const SHIFT: &str = "\u{E008}";
const ALT: &str = "\u{E00A}";

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

/// Presses a key while others are held.
async fn chord(window: &Window, held: &[&str], key: &str) {
    let mut chain = window.driver.action_chain();
    for modifier in held {
        chain = chain.key_down(modifier.chars().next().unwrap());
    }
    chain = chain.key_down(key.chars().next().unwrap()).key_up(key.chars().next().unwrap());
    for modifier in held {
        chain = chain.key_up(modifier.chars().next().unwrap());
    }
    chain.perform().await.unwrap();
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
        (&[CONTROL][..], "b", "**word**"),
        (&[CONTROL], "i", "_word_"),
        (&[CONTROL], "e", "`word`"),
        (&[CONTROL, SHIFT], "k", "[word](https://)"),
        (&[CONTROL, SHIFT], "9", "> word"),
        (&[CONTROL, SHIFT], "8", "- word"),
    ] {
        ann.fill("#message", "word").await;
        ann.run("document.querySelector('#message').select()").await;
        chord(&ann, held, key).await;
        text_becomes(&ann, formed).await;
        chord(&ann, &[CONTROL], "z").await;
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
    chord(&ann, &[CONTROL, SHIFT], ENTER).await;
    ann.shows("#preview strong", "loud").await;
    ann.click("#preview .link").await;
    ann.lacks("#preview").await;
    text_becomes(&ann, "**loud** words").await;
    ann.press(ENTER).await;
    ann.bodies_up_to("loud words").await;
    ann.close().await;
}

#[tokio::test]
async fn a_few_letters_lead_to_a_room_or_a_person_and_keys_to_the_rooms_beside() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = in_the_den(&server, &chromedriver).await;
    chord(&ann, &[CONTROL], "k").await;
    ann.element("#switcher").await;
    ann.press("att").await;
    ann.shows("#switcher [aria-selected=true]", "attic").await;
    ann.press(ENTER).await;
    ann.arrives_at("/rooms/attic").await;
    ann.online().await;
    chord(&ann, &[CONTROL], "k").await;
    ann.element("#switcher").await;
    ann.press("bob").await;
    ann.shows("#switcher [aria-selected=true]", "@bob").await;
    ann.press(ENTER).await;
    ann.shows("#talk h1", "bob").await;
    ann.online().await;

    ann.opens_room("attic").await;
    chord(&ann, &[ALT], DOWN).await;
    ann.arrives_at("/rooms/den").await;
    ann.online().await;
    ann.run("document.activeElement.blur()").await;
    ann.press("?").await;
    ann.shows("dialog.help", "Next room").await;
    ann.press(ESCAPE).await;
    ann.lacks("dialog.help").await;
    ann.close().await;
}

#[tokio::test]
async fn starred_rooms_stand_first_then_those_with_something_new_and_nothing_moves_from_under_a_pointer() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "cellar", "den", "garden"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in ["attic", "cellar", "den", "garden"] {
        ann.opens_room(room).await;
        ann.element("#people li[data-user=ann]").await;
    }
    let order = "return [...document.querySelectorAll('#rooms ul[data-group=rooms] a')].map(({ dataset }) => dataset.slug).join(' ')";
    let becomes = async |wanted: &str| {
        eventually(LIMIT, wanted, async || (ann.run(order).await == json!(wanted)).then_some(())).await;
    };
    becomes("attic cellar den garden").await;
    ann.click("#star").await;
    ann.element("#star[aria-pressed=true]").await;
    becomes("garden attic cellar den").await;
    bob.posts("cellar", "news").await;
    becomes("garden cellar attic den").await;
    bob.posts("den", "@ann look").await;
    becomes("garden den cellar attic").await;

    // Under the pointer everything stays where it is.
    let list = ann.element("#rooms").await;
    ann.driver.action_chain().move_to_element_center(&list).perform().await.unwrap();
    bob.posts("attic", "@ann here too").await;
    ann.shows("#rooms a[data-slug=attic] .count", "@1").await;
    assert_eq!(ann.run(order).await, json!("garden den cellar attic"));
    let text = ann.element("#message").await;
    ann.driver.action_chain().move_to_element_center(&text).perform().await.unwrap();
    becomes("garden attic den cellar").await;
    // The page comes in the same order.
    ann.opens_room("garden").await;
    assert_eq!(ann.run(order).await, json!("garden attic den cellar"));
    ann.click("#star").await;
    ann.element("#star[aria-pressed=false]").await;
    becomes("attic den cellar garden").await;
    ann.close().await;
}
