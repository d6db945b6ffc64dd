//! Rooms and people: the list's order in several tabs, the dialogs, direct talks and profile cards.

use super::window::{Chromedriver, DOWN, ENTER, ESCAPE, LIMIT, Window};
use crate::common::*;
use thirtyfour::prelude::*;

/// Ann at a window in the room `den`, of which and of `attic` and `cellar` she and bob are members.
async fn ann_in_the_den(server: &Server, chromedriver: &Chromedriver) -> (Window, Person) {
    let bob = server.person("bob").await;
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in ["attic", "cellar", "den"] {
        bob.makes_room(room).await;
        bob.adds("ann", room).await;
    }
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    (ann, bob)
}

/// Waits until a group of the list has these rooms, in this order.
async fn group_becomes(window: &Window, group: &str, slugs: &[&str]) {
    let slugs = slugs.join(" ");
    let script = format!(
        "return [...document.querySelectorAll('#rooms ul[data-group={group}] a')].map((a) => a.dataset.slug).join(' ') \
         === '{slugs}'"
    );
    window.until(&script).await;
}

#[tokio::test]
async fn the_list_is_in_the_same_order_in_every_tab_and_all_is_read_at_once_in_all_of_them() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_in_the_den(&server, &chromedriver).await;
    let first = ann.driver.window().await.unwrap();
    let second = ann.driver.new_tab().await.unwrap();
    ann.goes_to(&second).await;
    ann.opens_room("den").await;
    group_becomes(&ann, "rooms", &["attic", "cellar", "den"]).await;
    bob.posts("cellar", "hello").await;
    for tab in [&first, &second] {
        ann.goes_to(tab).await;
        ann.element("#rooms .new[data-slug=cellar]").await;
        group_becomes(&ann, "rooms", &["attic", "cellar", "den"]).await;
    }
    bob.posts("attic", "@ann, hello").await;
    let order: &[&str] = &["attic", "cellar", "den"];
    for tab in [&first, &second] {
        ann.goes_to(tab).await;
        group_becomes(&ann, "rooms", order).await;
    }
    ann.click("#star").await;
    let order: &[&str] = &["den", "attic", "cellar"];
    for tab in [&first, &second] {
        ann.goes_to(tab).await;
        let log = ann.element("#log").await;
        ann.driver.action_chain().move_to_element_center(&log).perform().await.unwrap();
        group_becomes(&ann, "rooms", order).await;
    }
    ann.driver.refresh().await.unwrap();
    group_becomes(&ann, "rooms", order).await;
    ann.online().await;
    // All is read at once, in every tab.
    ann.chord(&[Key::Shift], ESCAPE).await;
    for tab in [&first, &second] {
        ann.goes_to(tab).await;
        ann.lacks("#rooms .count").await;
    }
    ann.close().await;
}

#[tokio::test]
async fn members_are_listed_by_whether_they_are_online() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_in_the_den(&server, &chromedriver).await;
    let cid = server.person("cid").await;
    let listed = async |online: &[&str], offline: &[&str]| {
        let lists = "return ['people', 'offline'].map((id) => [...document.querySelectorAll(`#${id} li`)]
            .filter((item) => item.checkVisibility()).map((item) => `${item.dataset.user} ${item.dataset.state}`).sort())";
        let what = format!("online {online:?}, offline {offline:?}");
        eventually(LIMIT, &what, async || (ann.run(lists).await == json!([online, offline])).then_some(())).await;
    };
    listed(&["ann online"], &["bob offline"]).await;
    ann.shows("#offline-count", "1").await;
    ann.click("#offline li[data-user=bob] button").await;
    ann.shows(".pop.card", "@bob · Offline").await;
    ann.press(ESCAPE).await;
    // Whoever comes to the chat is online, and whoever has the room open says so; also those who have only joined meanwhile.
    let (mut bobs, mut cids) = (bob.socket().await, cid.socket_in("den").await);
    listed(&["ann online", "bob online", "cid online"], &[]).await;
    ann.lacks("#who section:not([hidden])").await;
    ann.shows("#people li[data-user=cid] .aside", "@cid · in this room").await;
    ann.shows("#people li[data-user=bob] .aside", "@bob").await;
    bobs.send_json(json!({"type": "idle", "on": true})).await;
    listed(&["ann online", "bob idle", "cid online"], &[]).await;
    cids.leave("den").await;
    ann.until("return document.querySelector('#people li[data-user=cid] .aside').textContent === '@cid'").await;
    drop((bobs, cids));
    listed(&["ann online"], &["bob offline", "cid offline"]).await;
    ann.close().await;
}

#[tokio::test]
async fn a_card_tells_of_somebody_and_begins_a_talk() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_in_the_den(&server, &chromedriver).await;
    bob.http.patch("/me", json!({"about": "Makes tea", "time_zone": "Asia/Tokyo"})).await.ok(200);
    bob.posts("den", "hello").await;
    ann.click(".msg .author[title='@bob']").await;
    ann.shows(".card", "Makes tea").await;
    ann.press(ESCAPE).await;
    ann.lacks(".card").await;
    ann.click("#people li[data-user=ann] button").await;
    ann.shows(".card", "@ann").await;
    ann.press(ESCAPE).await;
    ann.until("return document.activeElement.closest('li')?.dataset.user === 'ann'").await;
    ann.click(".msg > .face").await;
    ann.click(".card button").await;
    ann.title_becomes("bob · klatch").await;
    ann.close().await;
}

#[tokio::test]
async fn rooms_are_made_renamed_left_and_opened_to_others_in_dialogs() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_in_the_den(&server, &chromedriver).await;
    let submit = ".sheet .actions .button:not(.quiet)";
    ann.click("#make-room").await;
    ann.fill(".sheet [name=title]", "Große Küche").await;
    ann.click(submit).await;
    ann.arrives_at("/rooms/grosse-kuche").await;
    ann.online().await;
    let chooses = async |text: &str| {
        ann.click("#room-menu").await;
        ann.element("[role=menu]").await;
        let item = format!("//*[@role='menuitem'][text()='{text}']");
        ann.driver.find(By::XPath(item)).await.unwrap().click().await.unwrap();
    };
    chooses("Name and topic…").await;
    ann.element(".sheet [name=title]").await.clear().await.unwrap();
    ann.fill(".sheet [name=title]", "Kitchen").await;
    ann.fill(".sheet [name=topic]", "What is cooked").await;
    ann.click(submit).await;
    ann.title_becomes("Kitchen · klatch").await;
    ann.shows("#topic", "What is cooked").await;
    ann.shows("#rooms a[data-slug=grosse-kuche]", "Kitchen").await;
    chooses("Invite…").await;
    ann.click(submit).await;
    ann.until("const image = document.querySelector('.qr'); return image?.complete && image.naturalWidth > 0").await;
    ann.press(ESCAPE).await;
    ann.lacks(".sheet").await;
    ann.click("#invite").await;
    ann.shows(".sheet h2", "Kitchen").await;
    ann.press(ESCAPE).await;
    ann.lacks(".sheet").await;
    chooses("Add people…").await;
    ann.fill(".sheet [role=combobox]", "bo").await;
    ann.element(".sheet [data-key='@bob']").await;
    ann.press(ENTER).await;
    ann.element(".sheet .chip").await;
    ann.click(submit).await;
    ann.lacks(".sheet").await;
    let rooms = bob.http.get("/rooms").await.ok(200);
    let kitchen = rooms["rooms"].as_array().unwrap().iter().find(|room| room["slug"] == "grosse-kuche").unwrap();
    assert_eq!(kitchen["member"], true);
    chooses("Mute notices").await;
    ann.until("return document.querySelector('[role=menu]') === null").await;
    ann.opens_room("attic").await;
    chooses("Leave…").await;
    ann.click("#ask-yes").await;
    ann.arrives_at("/rooms").await;
    ann.close().await;
}

#[tokio::test]
async fn a_few_letters_lead_to_a_room_or_a_person_and_keys_to_the_rooms_beside() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, _bob) = ann_in_the_den(&server, &chromedriver).await;
    ann.chord(&[Key::Control], "k").await;
    ann.element("#switcher").await;
    ann.press("att").await;
    ann.shows("#switcher [aria-selected=true]", "attic").await;
    ann.press(ENTER).await;
    ann.arrives_at("/rooms/attic").await;
    ann.online().await;
    ann.chord(&[Key::Control], "k").await;
    ann.element("#switcher").await;
    ann.press("bob").await;
    ann.shows("#switcher [aria-selected=true]", "@bob").await;
    ann.press(ENTER).await;
    ann.shows("#talk h1", "bob").await;
    ann.online().await;

    ann.opens_room("attic").await;
    ann.chord(&[Key::Alt], DOWN).await;
    ann.arrives_at("/rooms/cellar").await;
    ann.online().await;
    ann.run("document.activeElement.blur()").await;
    ann.press("?").await;
    ann.shows("dialog.help", "Next room").await;
    ann.press(ESCAPE).await;
    ann.lacks("dialog.help").await;
    ann.close().await;
}

#[tokio::test]
async fn rooms_keep_their_places_whatever_is_new_in_them_and_nothing_moves_from_under_a_pointer() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den-10", "den-2", "garden"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in ["attic", "den-10", "den-2", "garden"] {
        ann.opens_room(room).await;
        ann.element("#people li[data-user=ann]").await;
    }
    let order = "return [...document.querySelectorAll('#rooms ul[data-group=rooms] a')].map(({ dataset }) => dataset.slug).join(' ')";
    let becomes = async |wanted: &str| {
        eventually(LIMIT, wanted, async || (ann.run(order).await == json!(wanted)).then_some(())).await;
    };
    // Numbers in names count as numbers.
    becomes("attic den-2 den-10 garden").await;
    bob.posts("den-10", "news").await;
    ann.shows("#rooms a[data-slug=den-10] .count:not(.at)", "1").await;
    bob.posts("den-10", "@ann look").await;
    // How many are for the reader is told, by a number of its own.
    ann.shows("#rooms a[data-slug=den-10] .count.at", "1").await;
    becomes("attic den-2 den-10 garden").await;

    // Under the pointer everything stays where it is.
    let list = ann.element("#rooms").await;
    ann.driver.action_chain().move_to_element_center(&list).perform().await.unwrap();
    ann.run("document.querySelector('#star').click()").await;
    ann.element("#star[aria-pressed=true]").await;
    ann.run("return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))").await;
    assert_eq!(ann.run(order).await, json!("attic den-2 den-10 garden"));
    let text = ann.element("#message").await;
    ann.driver.action_chain().move_to_element_center(&text).perform().await.unwrap();
    becomes("garden attic den-2 den-10").await;
    // The page comes in the same order.
    ann.opens_room("garden").await;
    assert_eq!(ann.run(order).await, json!("garden attic den-2 den-10"));
    ann.click("#star").await;
    ann.element("#star[aria-pressed=false]").await;
    becomes("attic den-2 den-10 garden").await;
    ann.close().await;
}

#[tokio::test]
async fn direct_talks_stand_in_the_order_of_their_last_messages() {
    let server = Server::start(Options::sqlite()).await;
    let [bob, carl] = server.people(["bob", "carl"]).await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    let with = async |person: &Person| {
        let talk = person.http.post("/direct", json!({"users": ["ann"]})).await.ok(201);
        talk["slug"].as_str().expect("a talk").to_owned()
    };
    let (bobs, carls) = (with(&bob).await, with(&carl).await);
    bob.posts(&bobs, "hello").await;
    carl.posts(&carls, "hello").await;
    ann.opens_room("den").await;
    group_becomes(&ann, "direct", &[&carls, &bobs]).await;
    bob.posts(&bobs, "and?").await;
    group_becomes(&ann, "direct", &[&bobs, &carls]).await;
    ann.driver.refresh().await.unwrap();
    ann.online().await;
    group_becomes(&ann, "direct", &[&bobs, &carls]).await;
    // One that begins under one's eyes is the latest.
    let dora = server.person("dora").await;
    let doras = with(&dora).await;
    dora.posts(&doras, "hello").await;
    group_becomes(&ann, "direct", &[&doras, &bobs, &carls]).await;
    ann.close().await;
}

/// A page is in use while keys and pointers reach it, and idle five minutes after the last.
#[tokio::test]
async fn a_page_that_is_not_used_says_so_and_direct_talks_show_who_is_online() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = ann_in_the_den(&server, &chromedriver).await;
    let talk = bob.http.post("/direct", json!({"users": ["ann"]})).await.ok(201)["slug"].clone();
    let mut bobs = bob.socket_in("den").await;
    let of_ann = async |state: &str| {
        let id = ann.run("return Number(document.querySelector('#talk').dataset.userId)").await;
        eventually(LIMIT, state, async || {
            let people = bob.http.get("/rooms/den/members").await.ok(200)["members"].clone();
            let ann = people.as_array().expect("a list").iter().find(|member| member["user"]["id"] == id).cloned();
            (ann.expect("Ann")["user"]["state"] == state).then_some(())
        })
        .await;
    };
    of_ann("online").await;
    // Six minutes pass; the page looks when it is hidden.
    let later = "const now = Date.now; Date.now = () => now() + 360_000;
        Object.defineProperty(document, 'hidden', { value: true, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))";
    ann.run(later).await;
    of_ann("idle").await;
    ann.press("x").await;
    of_ann("online").await;
    // Bob's face stands in Ann's list, with his state, which screen readers are told.
    let link = format!("#rooms a[data-slug={}]", talk.as_str().expect("a slug"));
    let state = format!(
        "const {{ dataset, ariaDescription }} = document.querySelector('{link}'); return [dataset.state, ariaDescription]"
    );
    let shown = async |wanted: [&str; 2]| {
        eventually(LIMIT, wanted[0], async || (ann.run(&state).await == json!(wanted)).then_some(())).await;
    };
    ann.shows(&format!("{link} i.face"), "B").await;
    shown(["online", "Online"]).await;
    bobs.send_json(json!({"type": "idle", "on": true})).await;
    shown(["idle", "Idle"]).await;
    drop(bobs);
    shown(["offline", "Offline"]).await;
    // As served, and after a time without a connection.
    ann.driver.refresh().await.unwrap();
    shown(["offline", "Offline"]).await;
    ann.close().await;
}
