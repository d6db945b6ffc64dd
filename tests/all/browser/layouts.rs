//! Keys: on other keyboards, on a Mac, while an input method composes, and on a phone.

use super::window::{Chromedriver, ENTER, ESCAPE, Window};
use crate::common::*;

const ALT: u8 = 1;
const CONTROL: u8 = 2;
const COMMAND: u8 = 4;
const SHIFT: u8 = 8;

/// A window of Ann in the den, made by `prepare`; Bob is there too, and there is a room "attic".
async fn den(chromedriver: &Chromedriver, prepare: impl AsyncFnOnce(&Window)) -> (Server, Person, Window) {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let ann = Window::open(chromedriver, server.url()).await;
    prepare(&ann).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.until("return document.querySelector('#people li[data-user=ann]') !== null").await;
    (server, bob, ann)
}

async fn as_it_is(_: &Window) {}

async fn on_a_mac(window: &Window) {
    let agent = window.run("return navigator.userAgent").await;
    let mac = json!({ "userAgent": agent, "platform": "MacIntel" });
    window.driver.cdp().send_raw("Emulation.setUserAgentOverride", mac).await.unwrap();
}

/// As wide as a tablet, so that there is room for the hint.
async fn on_a_touched_screen(window: &Window) {
    let metrics = json!({ "width": 820, "height": 1180, "deviceScaleFactor": 1, "mobile": true });
    window.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
    window.driver.cdp().send_raw("Emulation.setTouchEmulationEnabled", json!({ "enabled": true })).await.unwrap();
}

/// Waits for what gives selected text a form, and so for whoever waited for it before.
const FORMATTING: &str = "const { src } = document.querySelector('script[src*=\"pages/room\"]');
    return import(new URL('../composer/formatting.js', src)).then(() => true)";

/// Presses what has this on it, at this place of the keyboard.
async fn presses(window: &Window, held: u8, key: &str, code: &str) {
    for kind in ["rawKeyDown", "keyUp"] {
        let event = json!({ "type": kind, "key": key, "code": code, "modifiers": held });
        window.driver.cdp().send_raw("Input.dispatchKeyEvent", event).await.unwrap();
    }
}

/// The text box holds this word, selected.
async fn selects(window: &Window, word: &str) {
    let script = format!(
        "const text = document.querySelector('#message'); text.value = {}; text.focus(); text.select();
         text.dispatchEvent(new Event('input'))",
        json!(word)
    );
    window.run(&script).await;
}

async fn writes(window: &Window, text: &str) {
    window.until(&format!("return document.querySelector('#message').value === {}", json!(text))).await;
}

/// What a selected word becomes by each key; where that is the word, nothing.
async fn forms(window: &Window, held: u8, table: &[(&str, &str, &str)]) {
    for (key, code, formed) in table {
        println!("{key:?} at {code} with {held}: {formed:?}");
        selects(window, "word").await;
        presses(window, held, key, code).await;
        if *formed == "word" {
            window.run(FORMATTING).await;
            let value = window.run("return document.querySelector('#message').value").await;
            assert_eq!(value, "word", "{key:?} at {code}");
        } else {
            writes(window, formed).await;
        }
    }
}

#[tokio::test]
async fn a_shortcut_is_the_letter_that_the_layout_has_or_its_place_where_there_are_no_latin_letters() {
    let chromedriver = Chromedriver::start().await;
    let (_server, bob, ann) = den(&chromedriver, as_it_is).await;
    let plain = [
        ("b", "KeyB", "**word**"),
        ("B", "KeyB", "**word**"), // caps lock
        ("b", "KeyN", "**word**"), // Dvorak, to its end
        ("i", "KeyG", "_word_"),
        ("e", "KeyD", "`word`"),
        ("x", "KeyB", "word"),
        ("c", "KeyI", "word"),
        (".", "KeyE", "word"),
        ("и", "KeyB", "**word**"), // Cyrillic
        ("ш", "KeyI", "_word_"),
        ("у", "KeyE", "`word`"),
        ("β", "KeyB", "**word**"),
        ("נ", "KeyB", "**word**"),
        ("لا", "KeyB", "**word**"),
        ("ิ", "KeyB", "**word**"),
        ("ı", "KeyI", "word"), // Turkish: a Latin letter, and another one
    ];
    forms(&ann, CONTROL, &plain).await;
    let shifted = [
        ("K", "KeyK", "[word](https://)"),
        ("K", "KeyV", "[word](https://)"),
        ("T", "KeyK", "word"),
        ("Л", "KeyK", "[word](https://)"),
        ("(", "Digit9", "> word"),
        (")", "Digit9", "> word"), // German
        ("9", "Digit9", "> word"), // French
        ("*", "Digit8", "- word"),
    ];
    forms(&ann, CONTROL | SHIFT, &shifted).await;
    for held in [COMMAND, CONTROL | ALT, CONTROL | COMMAND] {
        forms(&ann, held, &[("b", "KeyB", "word")]).await;
    }
    // A message's own keys, and those that count everywhere.
    selects(&ann, "").await;
    ann.says("hello").await;
    ann.bodies_up_to("hello").await;
    let id = bob.reads_whole_room("den").await[0]["id"].as_u64().unwrap();
    for (key, code, mode) in [("у", "KeyE", "Editing"), ("e", "KeyD", "Editing"), ("к", "KeyR", "Replying")] {
        ann.focuses(id).await;
        presses(&ann, 0, key, code).await;
        ann.shows("#mode", mode).await;
        ann.press(ESCAPE).await;
        ann.lacks("#mode:not([hidden])").await;
    }
    ann.focuses(id).await;
    presses(&ann, 0, "Delete", "Delete").await;
    ann.element(".leaving .undo").await;
    presses(&ann, CONTROL, "я", "KeyZ").await;
    ann.lacks(".leaving").await;
    for (key, code) in [("л", "KeyK"), ("k", "KeyV")] {
        presses(&ann, CONTROL, key, code).await;
        ann.element("#switcher").await;
        ann.press(ESCAPE).await;
        ann.lacks("#switcher").await;
    }
    ann.close().await;
}

#[tokio::test]
async fn on_a_mac_commands_are_given_with_command_and_control_is_left_to_the_system() {
    let chromedriver = Chromedriver::start().await;
    let (_server, bob, ann) = den(&chromedriver, on_a_mac).await;
    let places = [("b", "KeyB"), ("i", "KeyI"), ("e", "KeyE"), ("k", "KeyK")];
    for (key, code) in places {
        forms(&ann, CONTROL, &[(key, code, "word")]).await;
    }
    ann.lacks("#switcher").await;
    forms(&ann, COMMAND, &[("b", "KeyB", "**word**"), ("i", "KeyI", "_word_"), ("e", "KeyE", "`word`")]).await;
    forms(&ann, COMMAND | SHIFT, &[("k", "KeyK", "[word](https://)"), ("(", "Digit9", "> word")]).await;
    selects(&ann, "").await;
    ann.says("hello").await;
    ann.bodies_up_to("hello").await;
    let id = bob.reads_whole_room("den").await[0]["id"].as_u64().unwrap();
    ann.focuses(id).await;
    presses(&ann, 0, "Backspace", "Backspace").await;
    ann.element(".leaving .undo").await;
    presses(&ann, CONTROL, "z", "KeyZ").await;
    ann.element(".leaving .undo").await;
    presses(&ann, COMMAND, "z", "KeyZ").await;
    ann.lacks(".leaving").await;
    presses(&ann, COMMAND, "k", "KeyK").await;
    ann.element("#switcher").await;
    ann.press(ESCAPE).await;
    // Whatever names the key calls it by its sign.
    ann.lacks("#switcher").await;
    ann.shows("#switch kbd", "⌘ K").await;
    ann.click("#format").await;
    ann.element("[data-format=bold][title='Bold (⌘ B)']").await;
    ann.run("document.activeElement.blur()").await;
    ann.press("?").await;
    ann.element("dialog.help").await;
    let keys = ann.run("return [...document.querySelectorAll('.help kbd')].map((key) => key.textContent)").await;
    let keys: Vec<String> = serde_json::from_value(keys).unwrap();
    assert!(keys.iter().any(|key| key == "⌘") && !keys.iter().any(|key| key == "Ctrl" || key == "Alt"), "{keys:?}");
    ann.close().await;
}

/// Every key that means something somewhere, as an input method's: each is given to what has the focus. Answers those that
/// were taken: the event was prevented, or the page is another one.
const COMPOSED: &str = "const target = document.activeElement;
    const state = () => JSON.stringify([location.href, document.body.outerHTML, target === document.activeElement,
        document.querySelector('#message').value]);
    const before = state();
    const keys = ['Enter', 'Escape', 'Tab', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', ' ', 'e', 'r',
        'm', '+', ':', '?', 'Delete', 'Backspace', 'ContextMenu'].map((key) => ({ key }));
    keys.push({ key: 'Escape', shiftKey: true }, { key: 'ArrowDown', altKey: true });
    for (const [key, code] of [['k', 'KeyK'], ['b', 'KeyB'], ['z', 'KeyZ']]) keys.push({ key, code, ctrlKey: true });
    const taken = [];
    for (const composed of [{ isComposing: true }, { keyCode: 229 }])
        for (const key of keys) {
            const event = new KeyboardEvent('keydown', { ...key, ...composed, bubbles: true, cancelable: true });
            target.dispatchEvent(event);
            if (event.defaultPrevented || state() !== before) taken.push(JSON.stringify({ ...key, ...composed }));
        }
    return taken";

#[tokio::test]
async fn no_key_of_an_input_method_is_taken_anywhere() {
    let chromedriver = Chromedriver::start().await;
    let (_server, bob, ann) = den(&chromedriver, as_it_is).await;
    bob.posts("den", "||a spoiler||").await;
    ann.says("hello").await;
    ann.bodies_up_to("hello").await;
    ann.focuses(2).await;
    ann.element(".tools").await; // what can be done with messages is loaded
    let is_left_alone = async |place: &str| {
        assert_eq!(ann.run(COMPOSED).await, json!([]), "{place}");
    };
    is_left_alone("a message").await;
    ann.press("m").await;
    ann.element("[role=menu]").await;
    is_left_alone("its menu").await;
    ann.press(ESCAPE).await;
    ann.lacks("[role=menu]").await;
    ann.focuses(2).await;
    ann.press("+").await;
    ann.element(".picker button").await;
    ann.until("return document.activeElement.matches('.picker input')").await;
    is_left_alone("the field of the emoji picker").await;
    ann.run("document.querySelector('.picker [data-emoji]').focus()").await;
    is_left_alone("an emoji").await;
    ann.press(ESCAPE).await;
    ann.lacks(".picker").await;
    ann.element("#m-1 .spoiler[role=button]").await;
    ann.run("document.querySelector('#m-1 .spoiler').focus()").await;
    is_left_alone("a spoiler").await;

    ann.focuses(2).await;
    ann.press("e").await;
    writes(&ann, "hello").await;
    is_left_alone("an edit").await;
    ann.press(ESCAPE).await;
    writes(&ann, "").await;
    is_left_alone("the text box with nothing in it").await;
    ann.press("ask @b").await;
    ann.element(".completion li").await;
    is_left_alone("completion").await;
    ann.press(ESCAPE).await;
    ann.lacks(".completion:popover-open").await;
    is_left_alone("the text box").await;
    ann.click("#format").await;
    ann.element("[data-format]").await;
    ann.run("document.querySelector('[data-format]').focus()").await;
    is_left_alone("the toolbar").await;
    ann.click("[data-format=preview]").await;
    ann.until("return document.activeElement.matches('.preview button')").await;
    is_left_alone("the preview").await;
    ann.press(ESCAPE).await;
    ann.lacks(".preview").await;

    for (opener, place) in [("#switch", "the switcher"), ("#new-talk", "the search for people")] {
        ann.click(opener).await;
        ann.element("dialog .found li").await;
        ann.run("document.querySelector('dialog .finder input').focus()").await;
        is_left_alone(place).await;
        ann.press(ESCAPE).await;
        ann.lacks("dialog").await;
    }
    ann.run("document.activeElement.blur()").await;
    is_left_alone("the page").await;
    ann.close().await;
}

#[tokio::test]
async fn where_there_are_but_fingers_enter_breaks_the_line_and_the_button_sends() {
    let chromedriver = Chromedriver::start().await;
    let (_server, _bob, ann) = den(&chromedriver, on_a_touched_screen).await;
    ann.click("#message").await;
    ann.press("first line").await;
    ann.press(ENTER).await;
    ann.press("second line").await;
    writes(&ann, "first line\nsecond line").await;
    ann.shows("#hint", "Enter breaks the line").await;
    assert_eq!(ann.run("return document.querySelector('#message').enterKeyHint").await, "enter");
    ann.click("#send").await;
    ann.bodies_up_to("first line\nsecond line").await;
    ann.close().await;

    let (_server, _bob, ann) = den(&chromedriver, as_it_is).await;
    ann.shows("#hint", "Enter sends").await;
    assert_eq!(ann.run("return document.querySelector('#message').enterKeyHint").await, "send");
    ann.says("at once").await;
    ann.bodies_up_to("at once").await;
    ann.close().await;
}
