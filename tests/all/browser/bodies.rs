//! What stands in a message: code, mentions, marks upon marks.

use super::window::{Chromedriver, ENTER, ESCAPE, TAB, Window};
use super::wire::Wire;
use crate::common::*;

async fn ann_and_bob(server: &Server, chromedriver: &Chromedriver) -> (Window, Person) {
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann Lee").await;
    ann.opens_room("den").await;
    (ann, bob)
}

#[tokio::test]
async fn pieces_of_code_differ_from_plain_text_in_both_palettes() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    bob.posts("den", "```rust\nfn main() { go(\"a\", 1) } // b\n```\n\n```diff\n+a\n-b\n```\n\n```html\n<a b>\n```")
        .await;
    for palette in ["light", "dark"] {
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": palette }] });
        ann.driver.cdp().send_raw("Emulation.setEmulatedMedia", scheme).await.unwrap();
        for class in ["k", "nf", "s", "m", "c", "gi", "gd", "na"] {
            ann.element(&format!("#m-1 pre .{class}")).await;
            let colours = format!(
                "return ['pre', 'pre .{class}'].map((css) => getComputedStyle(document.querySelector('#m-1 ' + css)).color)"
            );
            let colours = ann.run(&colours).await;
            assert_ne!(colours[0], colours[1], "{class} in {palette}");
        }
    }
    ann.close().await;
}

#[tokio::test]
async fn a_mention_of_oneself_stands_out_among_mentions_of_others() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    bob.posts("den", "@bob, @Ann and @here").await;
    ann.shows("#m-1 .at.mine", "@Ann").await;
    let grounds = "return [...document.querySelectorAll('#m-1 .at')].map((at) => getComputedStyle(at).backgroundColor)";
    let grounds = ann.run(grounds).await;
    assert_eq!(grounds[0], grounds[2], "{grounds}");
    assert_ne!(grounds[0], grounds[1], "{grounds}");
    ann.close().await;
}

#[tokio::test]
async fn an_authors_name_and_a_mention_open_the_card_by_keyboard_and_get_the_focus_back() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    server.person("carla").await;
    bob.posts("den", "ask @carla, or everybody @here").await;
    ann.focuses(1).await;
    for (focused, card) in [("author", "@bob"), ("at", "@carla")] {
        ann.press(TAB).await;
        ann.until(&format!("return document.activeElement.matches('#m-1 a.{focused}')")).await;
        ann.press(ENTER).await;
        ann.shows(".card", card).await;
        ann.press(ESCAPE).await;
        ann.lacks(".card").await;
        ann.until(&format!("return document.activeElement.matches('#m-1 a.{focused}')")).await;
    }
    assert_eq!(ann.run("return document.querySelectorAll('#m-1 a').length").await, 2, "@here is nobody");
    ann.close().await;
}

#[tokio::test]
async fn an_author_whose_name_is_not_shown_again_is_seen_with_the_focus() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    bob.posts("den", "one").await;
    bob.posts("den", "two").await;
    ann.focuses(2).await;
    let width = "return document.querySelector('#m-2.cont .author').getBoundingClientRect().width";
    assert_eq!(ann.run(width).await, 1);
    ann.press(TAB).await;
    ann.until("return document.activeElement.matches('#m-2 .author')").await;
    assert!(ann.run(width).await.as_f64().unwrap() > 10.0);
    ann.close().await;
}

/// The pictures of the rows above and below are the same without it.
#[tokio::test]
async fn marks_upon_marks_stay_within_their_row() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    let carla = server.person("carla").await;
    carla.http.put("/rooms/den/members/me").await.ok(204);
    let stack = format!("Z{}{}", "\u{30d}".repeat(25), "\u{323}".repeat(25));
    carla.http.patch("/me", json!({ "display_name": stack })).await.ok(200);
    bob.posts("den", "above it").await;
    carla.posts("den", &stack.repeat(12)).await;
    bob.posts("den", "below it").await;
    ann.shows("#m-3 .body", "below").await;
    let neighbours = async || {
        let mut pictures = vec![];
        for id in [1, 3] {
            pictures.push(ann.element(&format!("#m-{id}")).await.screenshot_as_png().await.unwrap());
        }
        pictures
    };
    let with_it = neighbours().await;
    ann.run("document.querySelector('#m-2').style.visibility = 'hidden'").await;
    assert!(neighbours().await == with_it, "something reaches into another row");
    ann.close().await;
}

#[tokio::test]
async fn what_comes_with_the_page_looks_as_it_does_once_the_room_is_joined() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann Lee").await;
    let mut socket = bob.socket_in("den").await;
    let large = socket.say("den", "🎉 👩‍🚀").await;
    let small = socket.say("den", "🎉 at last").await;
    let mention = socket.say("den", "@Ann, look, and `@ann` is code").await;
    let other = socket.say("den", "@bob, said bob").await;
    let looks = format!(
        "return [{large}, {small}, {mention}, {other}].map((id) => {{
             const article = document.querySelector(`#m-${{id}}`);
             return [article.matches('.big'), article.matches('.mention'), article.querySelectorAll('.mine').length];
         }})"
    );
    let expected = json!([[true, false, 0], [false, false, 0], [false, true, 1], [false, false, 0]]);

    wire.deafen(); // the page asks to join, and is not heard
    ann.opens_room("den").await;
    assert_eq!(ann.run("return document.querySelectorAll('#people li').length").await, json!(0));
    assert_eq!(ann.run(&looks).await, expected);
    wire.mend();
    ann.element("#people li[data-user=ann]").await;
    assert_eq!(ann.run(&looks).await, expected);
    ann.close().await;
}
