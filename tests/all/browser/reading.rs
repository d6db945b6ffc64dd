//! Reading: older messages, and the numbers of what has not been read.

use super::window::{Chromedriver, Window};
use crate::common::*;

const MESSAGES: usize = 130;

#[tokio::test]
async fn older_messages_come_on_scrolling_up_without_a_jump() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    for n in 1..=MESSAGES {
        // As high as a few lines, so that a page is higher than the window.
        bob.posts("den", &format!("number {n}\n\nsecond line\n\nthird line")).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let at_end = "const l = document.querySelector('#log'); return l.scrollHeight - l.scrollTop - l.clientHeight < 2";
    ann.until(at_end).await;
    assert_eq!(ann.bodies().await.len(), 20, "what is not looked at is not loaded");

    let mut loaded = 20;
    while loaded < MESSAGES {
        // The reader goes to the top, and looks at the message there.
        let before = ann
            .run(
                "const log = document.querySelector('#log');
                 log.scrollTop = 30;
                 const top = log.getBoundingClientRect().top;
                 const seen = [...log.querySelectorAll('.msg')].find((m) => m.getBoundingClientRect().bottom > top);
                 return { id: seen.id, top: seen.querySelector('.body').getBoundingClientRect().top };",
            )
            .await;
        let more = format!("return document.querySelectorAll('#log .msg').length > {loaded}");
        ann.until(&more).await;
        let id = before["id"].as_str().unwrap();
        let top = ann.run(&format!("return document.querySelector('#{id} .body').getBoundingClientRect().top")).await;
        let moved = top.as_f64().unwrap() - before["top"].as_f64().unwrap();
        assert!(moved.abs() < 2.0, "{id} moved by {moved} px");
        loaded = ann.bodies().await.len();
    }
    let firsts: Vec<_> = ann.bodies().await.iter().map(|body| body.lines().next().unwrap().to_owned()).collect();
    assert_eq!(firsts, (1..=MESSAGES).map(|n| format!("number {n}")).collect::<Vec<_>>());
    ann.shows("#start", "begins").await;
    ann.close().await;
}

#[tokio::test]
async fn unread_numbers_grow_for_rooms_not_open() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("attic").await;
    ann.element("#people li[data-user=ann]").await; // a member from now on
    ann.opens_room("den").await;
    ann.title_becomes("den · klatch").await;

    let count = "#rooms a[data-slug=attic] .count";
    ann.lacks(count).await;
    for (n, body) in ["one", "two", "three"].into_iter().enumerate() {
        bob.posts("attic", body).await;
        ann.shows(count, &(n + 1).to_string()).await;
    }
    ann.title_becomes("(3) den · klatch").await;
    bob.posts("attic", "four, @ann").await;
    ann.shows("#rooms a[data-slug=attic] .count.at", "1").await;
    ann.title_becomes("(4) den · klatch").await;
    // One's own open room is read as it is written.
    bob.posts("den", "hello").await;
    ann.bodies_up_to("hello").await;
    ann.title_becomes("(4) den · klatch").await;

    // In a second tab the room is opened: the first one hears of it.
    let first = ann.driver.window().await.unwrap();
    let second = ann.driver.new_tab().await.unwrap();
    ann.driver.switch_to_window(second).await.unwrap();
    ann.opens_room("den").await;
    ann.shows("#rooms a[data-slug=attic] .count.at", "1").await;
    ann.click("#rooms a[data-slug=attic]").await;
    ann.arrives_at("/rooms/attic").await;
    ann.title_becomes("attic · klatch").await;
    ann.driver.switch_to_window(first).await.unwrap();
    ann.lacks(count).await;
    ann.title_becomes("den · klatch").await;
    ann.close().await;
}

#[tokio::test]
async fn what_is_marked_unread_is_so_in_every_tab_and_when_one_comes_back() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    for room in ["attic", "den"] {
        bob.makes_room(room).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    for body in ["one", "two", "three"] {
        bob.posts("den", body).await;
    }
    ann.bodies_up_to("three").await;
    let first = ann.driver.window().await.unwrap();
    let second = ann.driver.new_tab().await.unwrap();
    ann.goes_to(&second).await;
    ann.opens_room("attic").await;
    ann.lacks("#rooms a[data-slug=den] .count").await;
    ann.turns_to(&first).await;
    ann.focuses(2).await;
    ann.press("m").await;
    ann.chooses("Mark unread from here").await;
    ann.until("return document.querySelector('#log .fresh')?.nextElementSibling.id === 'm-2'").await;
    ann.title_becomes("(2) den · klatch").await;
    ann.goes_to(&second).await;
    ann.shows("#rooms a[data-slug=den] .count", "2").await;
    // What comes there meanwhile is unread as well, though it is looked at.
    bob.posts("den", "four").await;
    ann.shows("#rooms a[data-slug=den] .count", "3").await;
    ann.goes_to(&first).await;
    ann.bodies_up_to("four").await;
    ann.goto("/rooms").await;
    ann.shows("#rooms a[data-slug=den] .count", "3").await;
    ann.turns_to(&first).await;
    ann.opens_room("den").await;
    ann.until("return document.querySelector('#log .fresh')?.nextElementSibling.id === 'm-2'").await;
    ann.title_becomes("den · klatch").await;
    ann.close().await;
}

#[tokio::test]
async fn whoever_is_at_the_end_stays_there_when_the_window_changes_its_size() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    for n in 1..=20 {
        bob.posts("den", &format!("number {n} {}", "is a message of many words ".repeat(12))).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let at_end = "const l = document.querySelector('#log'); return l.scrollHeight - l.scrollTop - l.clientHeight < 2";
    for (width, height) in [(1300, 900), (520, 900), (1300, 600), (520, 500), (1000, 900)] {
        ann.driver.set_window_rect(0, 0, width, height).await.unwrap();
        ann.until(&format!("return Math.abs(innerWidth - {width}) < 30")).await;
        ann.until(at_end).await;
    }
    ann.close().await;
}
