//! What is done with a room from its menu and from the list, as it is seen there and by others.

use super::window::{Chromedriver, ENTER, Window};
use crate::common::*;

const SUBMIT: &str = ".sheet .actions .button:not(.quiet)";

/// A window of Ann in the room `den`, which she has made.
async fn ann_in_her_den(server: &Server, chromedriver: &Chromedriver) -> Window {
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.fill("#new-slug", "den").await;
    ann.fill("#new-slug", ENTER).await;
    ann.arrives_at("/rooms/den").await;
    ann.online().await;
    ann
}

async fn bob_in_the_den(server: &Server, chromedriver: &Chromedriver) -> Window {
    let bob = Window::open(chromedriver, server.url()).await;
    bob.signs_up("bob", "Bob").await;
    bob.opens_room("den").await;
    bob.element("#people li[data-user=bob]").await;
    bob
}

/// Chooses from the room's menu.
async fn chooses(window: &Window, item: &str) {
    window.click("#room-menu").await;
    window.chooses(item).await;
}

#[tokio::test]
async fn an_archived_room_can_be_read_by_all_and_written_to_once_it_is_open_again() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    let bob = bob_in_the_den(&server, &chromedriver).await;
    bob.says("before").await;
    bob.bodies_up_to("before").await;
    chooses(&ann, "Archive…").await;
    ann.click("#ask-yes").await;
    for window in [&ann, &bob] {
        window.element("#message:disabled[placeholder^='This room is archived']").await;
        window.bodies_up_to("before").await;
    }
    chooses(&ann, "Open again").await;
    for window in [&ann, &bob] {
        window.element("#message:enabled").await;
        window.online().await;
    }
    bob.says("after").await;
    ann.bodies_up_to("after").await;
    for window in [ann, bob] {
        window.close().await;
    }
}

#[tokio::test]
async fn a_new_topic_is_seen_at_once_by_others() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    let bob = bob_in_the_den(&server, &chromedriver).await;
    chooses(&ann, "Name and topic…").await;
    ann.fill(".sheet [name=topic]", "What is cooked").await;
    ann.click(SUBMIT).await;
    for window in [ann, bob] {
        window.shows("#topic", "What is cooked").await;
        window.close().await;
    }
}

#[tokio::test]
async fn the_level_of_notices_is_what_was_chosen_last() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    let becomes = async |level: &str| {
        let stored = "fetch('/api/v1/rooms').then((answer) => answer.json()).then(({ rooms }) => rooms[0].notify";
        ann.until(&format!("return {stored} === '{level}')")).await;
        chooses(&ann, "Notices…").await;
        ann.element(&format!(".sheet [name=notify][value={level}]:checked")).await;
    };
    let closes = async || {
        ann.click(".sheet .quiet").await;
        ann.lacks(".sheet").await;
    };
    chooses(&ann, "Mute notices").await;
    becomes("none").await;
    closes().await;
    chooses(&ann, "Unmute notices").await;
    becomes("mentions").await;
    ann.click(".sheet [name=notify][value=all]").await;
    ann.click(SUBMIT).await;
    ann.lacks(".sheet").await;
    becomes("all").await;
    closes().await;
    ann.opens_room("den").await;
    becomes("all").await;
    ann.close().await;
}

#[tokio::test]
async fn a_group_of_rooms_stays_folded_until_it_is_opened() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    let link = "#rooms a[data-slug=den]";
    let folded = format!("return !document.querySelector('{link}').checkVisibility()");
    ann.element(link).await;
    ann.click("#rooms details:has([data-group=rooms]) summary").await;
    ann.until(&folded).await;
    ann.opens_room("den").await;
    ann.until(&folded).await;
    ann.click("#rooms details:has([data-group=rooms]) summary").await;
    ann.element(link).await;
    ann.opens_room("den").await;
    ann.element(link).await;
    ann.close().await;
}

#[tokio::test]
async fn a_direct_talk_with_two_others_begins_in_a_dialog_and_is_found_again() {
    let server = Server::start(Options::sqlite()).await;
    let [bob, _carla] = server.people(["bob", "carla"]).await;
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    ann.click("#new-talk").await;
    for name in ["bob", "carla"] {
        ann.fill(".sheet [role=combobox]", name).await;
        ann.element(&format!(".sheet [aria-selected=true][data-key='@{name}']")).await;
        ann.press(ENTER).await;
        ann.shows(".sheet .chip", name).await;
        ann.lacks(&format!(".sheet [data-key='@{name}']")).await;
    }
    // Once nothing more is looked for, Enter begins it.
    ann.press(ENTER).await;
    ann.element("#talk[data-kind=direct]").await;
    ann.online().await;
    ann.says("Hello, both of you").await;
    ann.bodies_up_to("Hello, both of you").await;
    let rooms = bob.http.get("/rooms").await.ok(200);
    let talk = rooms["rooms"].as_array().unwrap().iter().find(|room| room["kind"] == "direct").unwrap();
    let slug = talk["slug"].as_str().unwrap();
    let members = bob.http.get(&format!("/rooms/{slug}/members")).await.ok(200);
    let names: Vec<_> =
        members["members"].as_array().unwrap().iter().map(|member| &member["user"]["username"]).collect();
    assert_eq!(names, ["ann", "bob", "carla"]);
    ann.opens_room("den").await;
    ann.click(&format!("#rooms [data-group=direct] a[data-slug='{slug}']")).await;
    ann.bodies_up_to("Hello, both of you").await;
    ann.close().await;
}

#[tokio::test]
async fn a_room_that_was_left_is_found_among_the_others_and_entered_again() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    let bob = server.person("bob").await;
    bob.makes_room("attic").await;
    ann.opens_room("attic").await;
    ann.element("#rooms [data-group=rooms] a[data-slug=attic]").await;
    ann.element("#people li[data-user=ann]").await;
    chooses(&ann, "Leave…").await;
    ann.click("#ask-yes").await;
    ann.arrives_at("/rooms").await;
    let members = bob.http.get("/rooms/attic/members").await.ok(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
    ann.opens_room("den").await;
    ann.lacks("#rooms a[data-slug=attic]").await;
    ann.click("#rooms .browse").await;
    ann.arrives_at("/rooms#browse").await;
    ann.click("[aria-labelledby=browse] a[href='/rooms/attic']").await;
    ann.arrives_at("/rooms/attic").await;
    ann.element("#rooms [data-group=rooms] a[data-slug=attic]").await;
    ann.element("#people li[data-user=ann]").await;
    ann.close().await;
}

#[tokio::test]
async fn whoever_was_added_is_told_of_and_listed_at_once() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.http.patch("/me", json!({"display_name": "Bob Ray"})).await.ok(200);
    let chromedriver = Chromedriver::start().await;
    let ann = ann_in_her_den(&server, &chromedriver).await;
    ann.element("#people li[data-user=ann]").await;
    chooses(&ann, "Add people…").await;
    ann.fill(".sheet [role=combobox]", "bob").await;
    ann.element(".sheet [aria-selected=true][data-key='@bob']").await;
    ann.press(ENTER).await;
    ann.shows(".sheet .chip", "Bob Ray").await;
    ann.press(ENTER).await;
    ann.shows("#status", "Bob Ray was added.").await;
    ann.shows("#offline li[data-user=bob]", "Bob Ray").await;
    ann.close().await;
}

/// The reason stands where it is seen, and what was being written can still be copied.
#[tokio::test]
async fn whoever_is_removed_while_writing_sees_why_and_keeps_what_they_wrote() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let carla = server.person("carla").await;
    carla.makes_room("den").await;
    let bob = bob_in_the_den(&server, &chromedriver).await;
    bob.fill("#message", "half a sentence").await;
    carla.http.delete("/rooms/den/members/bob").await.ok(204);
    bob.shows(".composer .why", "You are no longer a member of this room.").await;
    let text = "const text = document.querySelector('#message'); text.select();
        return [text.value, text.readOnly, text.disabled, document.querySelector('#send').disabled, String(getSelection())]";
    assert_eq!(bob.run(text).await, json!(["half a sentence", true, false, true, "half a sentence"]));
    bob.close().await;
}
