//! Where completion opens, in any script, and how what is chosen is told apart where somebody chose the colours.

use super::window::{Chromedriver, DOWN, ESCAPE, Window};
use crate::common::*;

/// A window of Ann in the den, with people whose names are in other scripts and a room "antique".
async fn den(chromedriver: &Chromedriver) -> (Server, Window) {
    let server = Server::start(Options::sqlite()).await;
    let host = server.person("anton").await;
    for room in ["antique", "den"] {
        host.makes_room(room).await;
    }
    for (username, name) in [("naveen", "नवीन"), ("anne2", "änne"), ("taro", "山田　太郎"), ("may", "เมย์ ใจดี")]
    {
        let person = server.person(username).await;
        person.http.patch("/me", json!({ "display_name": name })).await.ok(200);
        person.http.put("/rooms/den/members/me").await.ok(204);
    }
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("antique").await; // one of her own from now on
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    ann.click("#message").await;
    (server, ann)
}

/// The text box holds this, as if it had been typed.
async fn types(ann: &Window, text: &str) {
    let script = format!(
        "const box = document.querySelector('#message'); box.value = {}; box.dispatchEvent(new Event('input'))",
        json!(text)
    );
    ann.run(&script).await;
}

const OPEN: &str = ".completion:popover-open";

/// What is offered after a text and the beginning of a name, and that nothing is offered where that is a part of something.
async fn opens(ann: &Window, begun: &str, label: &str, after: &[&str], within: &[&str]) {
    for before in after {
        println!("{before}{begun}");
        types(ann, &format!("{before}{begun}")).await;
        ann.shows(&format!("{OPEN} li b"), label).await;
        types(ann, "").await;
        ann.lacks(OPEN).await;
    }
    for before in within {
        println!("{before}{begun}: nothing");
        types(ann, &format!("{before}{begun}")).await;
        // What is known is shown before the next frame.
        let frames =
            "return new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(() => shown(true))))";
        ann.run(frames).await;
        assert_eq!(ann.run(&format!("return document.querySelectorAll('{OPEN}').length")).await, 0, "{before}{begun}");
    }
}

#[tokio::test]
async fn completion_opens_after_whatever_a_mention_a_room_or_an_emoji_may_follow() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    let any = [
        "", " ", "\n", "你好", "，", "「", "\"", "'", "/", "**", "hi,", "-", ">", "שלום", "é", "ü", "¿", "(", "[", "=",
        "👍", "ा", "\u{3000}",
    ];
    opens(&ann, "@an", "anton", &any, &["a", "Z", "9", "foo_", "a.", "user+", "medium.com/", "a-"]).await;
    opens(&ann, "＠an", "anton", &["", "你好"], &["a"]).await;
    opens(&ann, "#an", "antique", &any, &["a", "9", "_", "#", "&", "x.org/"]).await;
    opens(&ann, ":rock", ":rocket:", &any, &["a", "10", ":", "http"]).await;
    ann.close().await;
}

#[tokio::test]
async fn a_name_is_completed_in_any_script_however_its_accents_are_typed() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    for (typed, username) in [
        ("@न", "naveen"),
        ("@नवी", "naveen"),
        ("@नवीन", "naveen"),
        ("@än", "anne2"),
        ("@a\u{308}n", "anne2"),
        ("@山", "taro"),
        ("@เม", "may"),
        ("@เมย์", "may"),
    ] {
        println!("{typed}");
        types(&ann, typed).await;
        ann.shows(&format!("{OPEN} li b"), username).await;
        types(&ann, "").await;
        ann.lacks(OPEN).await;
    }
    // What is taken stands in the place of all that was typed.
    types(&ann, "你好＠a\u{308}n").await;
    ann.shows(&format!("{OPEN} li b"), "anne2").await;
    ann.press(super::window::ENTER).await;
    ann.until("return document.querySelector('#message').value === '你好@anne2 '").await;
    ann.close().await;
}

/// Whether exactly what is chosen among these has a frame.
fn is_told_apart(items: &str, chosen: &str) -> String {
    format!(
        "const framed = (item) => getComputedStyle(item).outlineStyle !== 'none' && parseFloat(getComputedStyle(item).outlineWidth) > 0;
         const items = [...document.querySelectorAll('{items}')].slice(0, 30);
         return items.length > 1 && items.some((item) => item.matches('{chosen}'))
             && items.every((item) => framed(item) === item.matches('{chosen}'))"
    )
}

#[tokio::test]
async fn what_is_chosen_is_told_apart_in_forced_colours() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    let forced = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    ann.driver.cdp().send_raw("Emulation.setEmulatedMedia", forced).await.unwrap();
    ann.says("hello").await;
    ann.bodies_up_to("hello").await;
    ann.press("@an").await;
    ann.until(&is_told_apart(".completion li", "[aria-selected=true]")).await;
    ann.press(DOWN).await;
    ann.until(&is_told_apart(".completion li", "[aria-selected=true]")).await;
    ann.press(ESCAPE).await;
    types(&ann, "").await;
    ann.click("#switch").await;
    ann.until(&is_told_apart("#switcher li", "[aria-selected=true]")).await;
    ann.press(DOWN).await;
    ann.until(&is_told_apart("#switcher li", "[aria-selected=true]")).await;
    ann.press(ESCAPE).await;
    ann.lacks("#switcher").await;
    ann.focuses(1).await;
    ann.press("m").await;
    ann.element("[role=menu]").await;
    ann.press(DOWN).await;
    ann.until(&is_told_apart("[role=menuitem]", ":focus")).await;
    ann.press(ESCAPE).await;
    ann.focuses(1).await;
    ann.press("+").await;
    ann.element(".picker button").await;
    ann.press(DOWN).await;
    ann.until(&is_told_apart(".picker .grid button", ":focus")).await;
    ann.press(ESCAPE).await;
    // What is hidden in a spoiler stays so.
    ann.run("document.querySelector('#message').focus()").await;
    types(&ann, "").await;
    ann.says("||she did it||").await;
    ann.element("#m-2 .spoiler").await;
    assert_eq!(
        ann.run("return getComputedStyle(document.querySelector('#m-2 .spoiler')).forcedColorAdjust").await,
        "none"
    );
    ann.close().await;
}
