//! What a change leaves as it was: a selection, the focus, and a place that was scrolled to.

use super::window::{Chromedriver, Window};
use crate::common::*;

/// As far as a page's reader is concerned: what is selected, what has the focus, and how far the code was scrolled.
const HELD: &str =
    "return [getSelection().toString(), document.activeElement.tagName, document.activeElement.closest('.msg')?.id,
    document.querySelector('#m-1 pre').scrollLeft]";

async fn den(chromedriver: &Chromedriver) -> (Server, Person, Window) {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let code = format!("above, and [a link](https://example.org/)\n\n```rust\n// {}\n```\n\nbelow", "wide ".repeat(80));
    bob.posts("den", &code).await;
    bob.http.post("/rooms/den/messages", json!({"key": new_key(), "body": "an answer", "reply_to": 1})).await.ok(201);
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#m-1 .code .copy").await;
    ann.element("#m-2 .quote b").await;
    (server, bob, ann)
}

/// Selects text of this element, gives the focus to that one, and scrolls the code.
async fn holds(ann: &Window, selected: &str, focused: &str) -> Value {
    ann.run(&format!(
        "document.querySelector('#m-1 pre').scrollLeft = 90;
         document.querySelector('{focused}').focus({{ preventScroll: true }});
         getSelection().selectAllChildren(document.querySelector('{selected}'))"
    ))
    .await;
    let held = ann.run(HELD).await;
    assert_eq!(held[3], 90, "{held}");
    assert_ne!(held[0], "", "{held}");
    held
}

async fn reacts(who: &Person, id: u64, emoji: &str) {
    who.http.put(&format!("/rooms/den/messages/{id}/reactions/{emoji}")).await.ok(200);
}

async fn edits(bob: &Person, id: u64, from: &str, to: &str) {
    let path = format!("/rooms/den/messages/{id}");
    let body = bob.http.get(&path).await.ok(200)["body"].as_str().unwrap().replace(from, to);
    bob.http.patch(&path, json!({ "body": body })).await.ok(200);
}

#[tokio::test]
async fn a_change_of_a_message_leaves_selection_focus_and_scroll_where_they_were() {
    let chromedriver = Chromedriver::start().await;
    let (server, bob, ann) = den(&chromedriver).await;
    let cleo = server.person("cleo").await;
    cleo.http.put("/rooms/den/members/me").await.ok(204);
    let places = [
        ("#m-1 pre code", "#m-1 pre"),
        ("#m-1 .author", "#m-1 .author"),
        ("#m-1 p", "#m-1 p a"),
        ("#m-2 .quote bdi", "#m-2 .quote"),
    ];
    for (number, (selected, focused)) in places.into_iter().enumerate() {
        println!("{selected} is selected, {focused} has the focus");
        let held = holds(&ann, selected, focused).await;
        let emoji = ["👍", "🎉", "👀", "🙏"][number];
        for (who, count) in [(&bob, "1"), (&cleo, "2")] {
            reacts(who, 1, emoji).await;
            ann.shows(&format!("#m-1 [data-emoji='{emoji}'] b"), count).await;
            assert_eq!(ann.run(HELD).await, held, "after a reaction");
        }
        bob.http.delete(&format!("/rooms/den/messages/1/reactions/{emoji}")).await.ok(200);
        ann.shows(&format!("#m-1 [data-emoji='{emoji}'] b"), "1").await;
        assert_eq!(ann.run(HELD).await, held, "after one that was taken back");
        let status = json!({ "emoji": "🌴", "text": format!("away {number}") });
        bob.http.put_json("/me/status", status).await.ok(200);
        ann.shows("#m-1 .extra", &format!("away {number}")).await;
        assert_eq!(ann.run(HELD).await, held, "after a status");
        reacts(&bob, 2, emoji).await;
        ann.element(&format!("#m-2 [data-emoji='{emoji}']")).await;
        assert_eq!(ann.run(HELD).await, held, "after a reaction to what answers it");
    }
    // What is edited beside the code changes, and nothing else.
    for (from, to) in [("below", "far below"), ("above, and", "not above, and"), ("far below", "far below\n\nand more")]
    {
        let held = holds(&ann, "#m-1 pre code", "#m-1 pre").await;
        edits(&bob, 1, from, to).await;
        ann.until(&format!("return document.querySelector('#m-1 .body').innerText.includes({})", json!(to))).await;
        assert_eq!(ann.run(HELD).await, held, "{from} became {to}");
        assert_eq!(ann.run("return document.querySelectorAll('#m-1 .copy').length").await, 1);
    }
    let shown = "return [...document.querySelectorAll('#m-1 .body > *')].map((each) => each.innerText.split('\\n')[0].slice(0, 12))";
    let shown = ann.run(shown).await;
    assert_eq!([&shown[0], &shown[2], &shown[3]], ["not above, a", "far below", "and more"], "{shown}");
    ann.close().await;
}

#[tokio::test]
async fn the_focus_stays_in_a_message_when_what_had_it_is_drawn_anew_or_goes() {
    let chromedriver = Chromedriver::start().await;
    let (_server, bob, ann) = den(&chromedriver).await;
    reacts(&bob, 1, "👍").await;
    ann.element("#m-1 [data-emoji='👍']").await;
    ann.run("document.querySelector(\"#m-1 [data-emoji='👍']\").focus()").await;
    reacts(&bob, 1, "🎉").await;
    ann.element("#m-1 [data-emoji='🎉']").await;
    assert_eq!(ann.run("return document.activeElement.dataset.emoji").await, "👍");
    ann.press(super::window::ENTER).await;
    ann.shows("#m-1 [data-emoji='👍'] b", "2").await;
    assert_eq!(ann.run("return document.activeElement.dataset.emoji").await, "👍");
    ann.run("document.querySelector('#m-1 p a').focus()").await;
    edits(&bob, 1, "[a link](https://example.org/)", "none").await;
    ann.until("return document.activeElement.id === 'm-1'").await;
    ann.close().await;
}
