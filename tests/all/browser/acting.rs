//! Acting on a message: its menu, the keys, taking back what was deleted, picking an emoji.

use super::window::{Chromedriver, ENTER, ESCAPE, LIMIT, TAB, Window};
use crate::common::*;

/// A window of ann's in a room where bob, who made it, has said "hello", and ann "second" and "third".
async fn in_the_den(server: &Server, chromedriver: &Chromedriver) -> (Window, Person) {
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    bob.posts("den", "hello").await;
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    for body in ["second", "third"] {
        ann.says(body).await;
        ann.bodies_up_to(body).await;
    }
    (ann, bob)
}

async fn deleted_at_the_server(person: &Person, id: u64) {
    eventually(LIMIT, "the deletion", async || {
        let messages = person.reads_whole_room("den").await;
        messages.iter().any(|message| message["id"] == id && message["deleted"] == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn all_that_can_be_done_with_a_message_is_in_its_menu_by_pointer_and_by_keyboard() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, _bob) = in_the_den(&server, &chromedriver).await;
    let copies = json!({ "permission": { "name": "clipboard-write" }, "setting": "granted" });
    ann.driver.cdp().send_raw("Browser.setPermission", copies).await.unwrap();
    let labels = "return [...document.querySelectorAll('.menu > button')].map((button) => button.textContent)";
    ann.focuses(1).await;
    ann.click("#m-1 .tools [data-act=more]").await;
    ann.element(".menu").await;
    assert_eq!(ann.run(labels).await, json!(["Reply", "Copy link", "Copy text", "Mark unread from here", "Report…"]));
    ann.press(ESCAPE).await;
    ann.lacks(".menu").await;
    assert_eq!(ann.run("return document.activeElement.dataset.act").await, json!("more"));

    // One's own, by keys alone.
    ann.focuses(2).await;
    ann.press("m").await;
    ann.element(".menu").await;
    assert_eq!(
        ann.run(labels).await,
        json!(["Reply", "Edit", "Copy link", "Copy text", "Mark unread from here", "Delete"])
    );
    ann.run(
        "[...document.querySelectorAll('.menu > button')].find((button) => button.textContent === 'Copy link').focus()",
    )
    .await;
    ann.press(ENTER).await;
    ann.shows("#status", "The link is copied.").await;
    ann.goto("/rooms/den/1").await;
    ann.until("return document.activeElement?.id === 'm-1'").await;
    ann.element("#m-1[tabindex]").await; // the live one, in the place of the page's

    ann.focuses(1).await;
    ann.press("r").await;
    ann.shows("#mode", "Replying to bob").await;
    ann.press(ESCAPE).await;
    ann.focuses(2).await;
    ann.press("e").await;
    ann.shows("#mode", "Editing your message").await;
    ann.close().await;
}

#[tokio::test]
async fn deleting_can_be_undone_for_a_while_and_happens_at_once_when_the_page_is_left() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = in_the_den(&server, &chromedriver).await;
    ann.focuses(2).await;
    ann.press("\u{E017}").await; // Delete
    ann.shows("#m-2 .undo", "Message deleted.").await;
    ann.press(ENTER).await; // the button has the focus
    ann.lacks("#m-2 .undo").await;
    ann.shows("#m-2 .body", "second").await;

    ann.focuses(2).await;
    ann.press("\u{E017}").await;
    ann.element("#m-2 .undo").await;
    deleted_at_the_server(&bob, 2).await;
    ann.shows("#m-2 .body", "Message deleted").await;

    ann.focuses(3).await;
    ann.press("\u{E017}").await;
    ann.element("#m-3 .undo").await;
    ann.goto("/rooms").await;
    deleted_at_the_server(&bob, 3).await;
    ann.close().await;
}

#[tokio::test]
async fn any_emoji_is_found_by_its_name_and_put_under_a_message_or_into_the_text() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, _bob) = in_the_den(&server, &chromedriver).await;
    ann.focuses(1).await;
    ann.press("+").await;
    ann.element(".picker").await;
    ann.until("return document.querySelectorAll('.picker button').length > 1500").await;
    ann.press("rocke").await;
    ann.until("return document.querySelector('.picker button')?.dataset.emoji === '🚀'").await;
    ann.press(ENTER).await;
    ann.shows("#m-1 .react", "🚀 1").await;
    ann.lacks(".picker").await;

    ann.click("#format").await;
    ann.click(".format [data-format=emoji]").await;
    ann.element(".picker").await;
    assert_eq!(
        ann.run("return document.querySelector('.picker button').dataset.emoji").await,
        json!("🚀"),
        "the recent one"
    );
    ann.press(ENTER).await;
    ann.until("return document.querySelector('#message').value === '🚀'").await;
    ann.close().await;
}

#[tokio::test]
async fn a_moderator_mutes_from_the_menu() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let bob = server.person("bob").await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.fill("#new-slug", "den").await;
    ann.press(ENTER).await;
    ann.arrives_at("/rooms/den").await;
    ann.online().await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    bob.posts("den", "hello").await;
    ann.focuses(1).await;
    ann.press("m").await;
    ann.element(".menu .danger").await;
    ann.click(".menu .danger").await;
    ann.fill("#sanction-reason", "too loud").await;
    ann.click("dialog[open] [value=yes]").await;
    ann.shows("#status", "bob is muted.").await;
    let refused = bob.http.post("/rooms/den/messages", json!({"key": new_key(), "body": "hey"})).await;
    assert_eq!(refused.error(), (403, "forbidden"));
    ann.close().await;
}

/// A click leaves the focus on its button: that is no keyboard's place in the bar.
#[tokio::test]
async fn the_tools_follow_the_pointer_after_a_menu_was_closed_by_escape() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, _bob) = in_the_den(&server, &chromedriver).await;
    let points_at = async |id: u32| {
        let body = ann.element(&format!("#m-{id} .body")).await;
        ann.driver.action_chain().move_to_element_center(&body).perform().await.unwrap();
        ann.element(&format!("#m-{id} .tools")).await;
    };
    points_at(1).await;
    let more = ann.element("#m-1 .tools [data-act=more]").await;
    ann.driver.action_chain().move_to_element_center(&more).click().perform().await.unwrap();
    ann.element(".menu").await;
    ann.press(ESCAPE).await;
    ann.lacks(".menu").await;
    points_at(2).await;
    // By keyboard they stay where it is, whatever lies under the pointer.
    ann.focuses(3).await;
    ann.press(TAB).await;
    ann.run("document.querySelector('#m-3 .tools button').focus()").await;
    let body = ann.element("#m-1 .body").await;
    ann.driver.action_chain().move_to_element_center(&body).perform().await.unwrap();
    ann.element("#m-3 .tools").await;
    ann.close().await;
}

#[tokio::test]
async fn who_reacted_and_who_is_mentioned_is_told_by_the_names_they_go_by() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = in_the_den(&server, &chromedriver).await;
    bob.http.patch("/me", json!({"display_name": "Bob Ray"})).await.ok(200);
    bob.posts("den", "so says @bob, or @ann").await;
    ann.says("@bob it is").await;
    ann.bodies_up_to("@bob it is").await;
    ann.until("return document.querySelector('#m-5 .at')?.title === 'Bob Ray'").await;
    let mut socket = bob.socket_in("den").await;
    socket.ask_ok(json!({"type": "react", "room": "den", "id": 3, "emoji": "👍", "on": true, "ref": "r"})).await;
    ann.until("return document.querySelector('#m-3 .react')?.title === 'Bob Ray'").await;
    ann.close().await;
}
