//! What stands in a message: code, mentions, marks upon marks.

use super::window::{Chromedriver, ENTER, ESCAPE, LIMIT, TAB, Window};
use super::wire::Wire;
use crate::common::*;
use crate::mentions::READINGS;

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

/// The frame, the live page and the page as it is served.
#[tokio::test]
async fn who_is_mentioned_is_highlighted_live_and_as_served_alike() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let [ann, _, _] = server.people(["ann", "bob_", "_zoe_"]).await;
    ann.makes_room("den").await;
    for name in ["bob_", "_zoe_"] {
        ann.adds(name, "den").await;
    }
    let chromedriver = Chromedriver::start().await;
    let bob = Window::open(&chromedriver, wire.url()).await;
    bob.signs_up("bob", "Bob").await;
    bob.opens_room("den").await;
    bob.online().await;
    // No more than a page shows at first.
    for chunk in READINGS.chunks(18) {
        let mut expected = Vec::new();
        for (body, is_mention) in chunk {
            expected.push(json!([ann.posts("den", body).await["id"], is_mention, is_mention]));
        }
        let marker = ann.posts("den", "marker").await["id"].as_u64().expect("an id");
        let ids: Vec<&Value> = expected.iter().map(|looks| &looks[0]).collect();
        let looks = format!(
            "return {}.map((id) => {{
                 const article = document.querySelector(`#m-${{id}}`);
                 return [id, article.matches('.mention'), article.querySelector('.mine') !== null];
             }})",
            json!(ids)
        );
        bob.element(&format!("#m-{marker}")).await;
        assert_eq!(bob.run(&looks).await, json!(expected), "live");
        wire.deafen(); // the page asks to join, and is not heard
        bob.goto("/rooms/den").await;
        bob.element(&format!("#m-{marker}")).await;
        assert_eq!(bob.run(&looks).await, json!(expected), "as served");
        wire.mend();
        bob.online().await;
    }
    bob.close().await;
}

#[tokio::test]
async fn a_spoiler_is_shown_by_a_click_or_by_enter_and_a_block_of_code_is_copied() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    bob.posts(
        "den",
        "the end: ||he [did](https://example.org/) it|| and ||she||\n\n```rust\nfn a() {}\n```\n\n- [x] done",
    )
    .await;
    let colour = "return getComputedStyle(document.querySelector('#m-1 .spoiler')).color";
    ann.element("#m-1 .spoiler[role=button]").await;
    assert_eq!(ann.run(colour).await, "rgba(0, 0, 0, 0)");
    let link = "return getComputedStyle(document.querySelector('#m-1 p a')).visibility";
    assert_eq!(ann.run(link).await, "hidden");
    ann.run("document.querySelector('#m-1 .spoiler').focus()").await;
    ann.press(ENTER).await;
    ann.until("return document.querySelectorAll('#m-1 .spoiler').length === 1").await;
    assert_eq!(ann.run(link).await, "visible");
    ann.click("#m-1 .spoiler").await;
    ann.lacks("#m-1 .spoiler").await;
    let label = "return getComputedStyle(document.querySelector('#m-1 pre'), '::before').content";
    assert_eq!(ann.run(label).await, "\"rust\"");
    ann.run(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); };
         document.querySelector('#m-1 .copy').click()",
    )
    .await;
    ann.shows("#m-1 .copy", "Copied").await;
    assert_eq!(ann.run("return window.copied").await, "fn a() {}\n");
    assert_eq!(ann.run("return document.querySelector('#m-1 .task input').disabled").await, true);
    ann.close().await;
}

#[tokio::test]
async fn each_block_has_its_own_direction_and_code_is_left_to_right() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    bob.posts("den", "שלום `-rf /srv/`\n\nHello, world!\n\n- שלום\n\n```\nf(\"שלום\");\n```").await;
    bob.posts("den", "Hello\n\nשלום").await;
    let directions = |id: u64| {
        format!(
            "return [...document.querySelectorAll('#m-{id} .body :is(p, li, pre, code)')]
                 .map((block) => getComputedStyle(block).direction)"
        )
    };
    ann.element("#m-2").await;
    assert_eq!(ann.run(&directions(1)).await, json!(["rtl", "ltr", "ltr", "rtl", "ltr", "ltr"]));
    assert_eq!(ann.run(&directions(2)).await, json!(["ltr", "rtl"]));
    ann.close().await;
}

/// Where pieces of a message are drawn: whether the first stands left of the second.
fn stands_left(css: &str, first: &str, second: &str) -> String {
    let [css, first, second] = [css, first, second].map(|text| json!(text));
    format!(
        "const block = [...document.querySelectorAll({css})].find(({{ textContent: text }}) => text.includes({first}) && text.includes({second}));
         const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
         const left = (piece) => {{
             walker.currentNode = block;
             for (let node = walker.nextNode(); node; node = walker.nextNode()) {{
                 const at = node.data.indexOf(piece);
                 if (at < 0) continue;
                 const range = new Range();
                 range.setStart(node, at);
                 range.setEnd(node, at + 1);
                 return range.getBoundingClientRect().left;
             }}
         }};
         return left({first}) < left({second})"
    )
}

#[tokio::test]
async fn each_block_is_drawn_in_its_own_direction_and_code_from_left_to_right() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_and_bob(&server, &chromedriver).await;
    for body in [
        "שלום לכולם\n\nHello, world!\n\n- אחת!\n- two!\n\n> ציטוט!\n\n```\nf(x);\n```\n\nראו `-rf /srv/` כאן",
        "Hello, world!\n\nשלום לכולם!\n\n> quoted!\n\n1. one!\n2. שתיים!",
        "| שלום! | a! |\n|---|---|\n| b! | مرحبا! |",
        "# كلمة!\n\nword!",
        "`x = 1;` שלום!",
    ] {
        bob.posts("den", body).await;
    }
    ann.element("#m-5 code").await;
    for (css, first, second) in [
        ("#m-1 p", "H", "!"),
        ("#m-1 p", "לכולם", "שלום"),
        ("#m-1 li", "!", "אחת"),
        ("#m-1 li", "two", "!"),
        ("#m-1 blockquote p", "!", "ציטוט"),
        ("#m-1 pre", "f", ";"),
        ("#m-1 p > code", "-rf", "/srv/"),
        ("#m-1 p:has(code)", "כאן", "ראו"),
        ("#m-2 p", "H", "!"),
        ("#m-2 p", "!", "שלום"),
        ("#m-2 blockquote p", "q", "!"),
        ("#m-2 li", "one", "!"),
        ("#m-2 li", "!", "שתיים"),
        ("#m-3 th", "!", "שלום"),
        ("#m-3 th", "a", "!"),
        ("#m-3 td", "b", "!"),
        ("#m-3 td", "!", "مرحبا"),
        ("#m-4 h1", "!", "كلمة"),
        ("#m-4 p", "w", "!"),
        ("#m-5 code", "x", ";"),
        ("#m-5 .body", "!", "שלום"),
    ] {
        assert_eq!(ann.run(&stands_left(css, first, second)).await, true, "{first:?} and {second:?} in {css}");
    }
    // So is what is not sent yet, whose lines are its blocks.
    let network = json!({ "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
    ann.driver.cdp().send_raw("Network.enable", json!({})).await.unwrap();
    ann.driver.cdp().send_raw("Network.emulateNetworkConditions", network).await.unwrap();
    ann.run("const text = document.querySelector('#message'); text.value = 'שלום!\\nHello!'; text.dispatchEvent(new Event('input'))").await;
    ann.click("#send").await;
    ann.shows(".msg.pending .body", "Hello!").await;
    for (first, second) in [("!\nHello", "שלום"), ("Hello", "!")] {
        let at_the_end = stands_left(".msg.pending .body", first, second)
            .replace("indexOf", if first == "Hello" { "lastIndexOf" } else { "indexOf" });
        assert_eq!(ann.run(&at_the_end).await, true, "{first:?} and {second:?}");
    }
    ann.close_despite(&["ERR_INTERNET_DISCONNECTED"]).await;
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
    bob.adds("ann", "den").await;
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

/// Such names are refused by now; there may be some from before.
#[tokio::test]
async fn a_name_that_turns_the_direction_turns_nothing_around_it() {
    let server = Server::start(Options::sqlite()).await;
    let eve = server.person("eve").await;
    eve.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for name in ["Eve\u{202e}", "שלום", "\u{2067}Eve"] {
        server.execute(&format!("UPDATE users SET display_name = '{name}' WHERE username = 'eve'"));
        let mut socket = eve.socket_in("den").await;
        ann.opens_room("den").await;
        ann.element("#people li[data-user=eve]").await;
        let line = "return document.querySelector('#typing').textContent.includes('typing')";
        eventually(LIMIT, "somebody who types", async || {
            socket.send_json(json!({"type": "typing", "room": "den"})).await;
            (ann.run(line).await == json!(true)).then_some(())
        })
        .await;
        let script = "const text = document.querySelector('#typing').firstChild;
            const left = (word) => {
                const range = document.createRange();
                const at = text.data.lastIndexOf(word);
                range.setStart(text, at);
                range.setEnd(text, at + word.length);
                return range.getBoundingClientRect().left;
            };
            return left('is') < left('typing')";
        assert_eq!(ann.run(script).await, json!(true), "{name:?}");
        socket.leave("den").await;
    }
    ann.close().await;
}
