//! Where the focus goes, that it can be seen there, and what a page is made of for those who hear it.

use super::window::{Chromedriver, ENTER, ESCAPE, TAB, Window};
use crate::common::*;
use thirtyfour::{By, Key};

const PATHS: [&str; 9] = [
    "/rooms/den",
    "/rooms",
    "/settings",
    "/people/bob",
    "/rooms/den/settings",
    "/rooms/den/messages/1/report",
    "/moderation",
    "/invitations",
    "/no-such-page",
];
const MARKED: &str = "const { activeElement: at } = document;
    if (at === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const box = at.closest('.box'); // which shows that the text box within has the focus
    const { left, top, width, height } = at.getBoundingClientRect();
    const above = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 200));
    return {
        what: at.id || at.outerHTML.slice(0, 120),
        marked: (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || (at.matches('textarea') && box && getComputedStyle(box).boxShadow !== 'none'),
        uncovered: at.contains(above) || above?.contains(at) === true,
    }";

/// A server with the room `den`, where Bob has said something, and Ann, an admin, at a window in it.
async fn ann_in_the_den(chromedriver: &Chromedriver) -> (Server, Person, Window) {
    let server = Server::start(Options::sqlite()).await;
    let owner = server.person_as("olga", "owner").await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    bob.posts("den", "hello").await;
    let ann = Window::open(chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    owner.http.patch("/users/ann", json!({ "role": "admin" })).await.ok(204);
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    (server, bob, ann)
}

#[tokio::test]
async fn every_page_has_one_heading_of_the_first_rank_one_main_part_and_a_link_to_it() {
    let chromedriver = Chromedriver::start().await;
    let (_server, _bob, ann) = ann_in_the_den(&chromedriver).await;
    for path in PATHS {
        ann.goto(path).await;
        for one in ["h1", "main", "body > a.skip:first-of-type"] {
            let count = ann.driver.find_all(By::Css(one)).await.unwrap().len();
            assert_eq!(count, 1, "{one} on {path}");
        }
        // From the first thing on the page; the link can be seen once it has the focus.
        ann.run("document.querySelector('.brand').focus()").await;
        ann.chord(&[Key::Shift], TAB).await;
        ann.until(
            "return document.activeElement.matches('.skip') && document.activeElement.getBoundingClientRect().top >= 0",
        )
        .await;
        ann.press(ENTER).await;
        if path == "/rooms/den" {
            ann.until("return document.activeElement.id === 'message'").await;
        } else {
            ann.until("return location.hash === '#content'").await;
            ann.press(TAB).await;
            ann.until(
                "return document.activeElement === document.body || document.activeElement.closest('main') !== null",
            )
            .await;
        }
    }
    ann.close_despite(&["status of 404"]).await;
}

#[tokio::test]
async fn whatever_tab_leads_to_is_marked_and_nothing_covers_it() {
    let chromedriver = Chromedriver::start().await;
    let (_server, bob, ann) = ann_in_the_den(&chromedriver).await;
    for number in 0..40 {
        bob.makes_room(&format!("room-{number}")).await;
        bob.adds("ann", &format!("room-{number}")).await;
    }
    for path in ["/rooms/den", "/settings", "/rooms/den/settings", "/moderation"] {
        ann.goto(path).await;
        if path == "/rooms/den" {
            ann.online().await;
            ann.element("#people li[data-user=ann]").await;
        }
        ann.run("document.querySelector('.brand').focus()").await;
        let mut stops = 0;
        loop {
            ann.press(TAB).await;
            ann.until("return document.getAnimations().every(({ playState }) => playState !== 'running')").await;
            let at = ann.run(MARKED).await;
            if at.is_null() || stops > 150 {
                break;
            }
            stops += 1;
            assert_eq!((&at["marked"], &at["uncovered"]), (&json!(true), &json!(true)), "{path}: {at}");
        }
        assert!((5..150).contains(&stops), "{stops} stops on {path}");
    }
    ann.close().await;
}

/// Closes what is open, after which the focus is where it was.
async fn goes_back(ann: &Window, opened: &str, to: &str) {
    ann.element(opened).await;
    ann.until(&format!("return document.activeElement.closest('{opened}') !== null")).await;
    ann.press(ESCAPE).await;
    ann.lacks(opened).await;
    ann.until(&format!("return document.activeElement.matches('{to}')")).await;
}

#[tokio::test]
async fn the_focus_returns_to_where_it_was_after_whatever_was_opened_is_closed() {
    let chromedriver = Chromedriver::start().await;
    let (_server, _bob, ann) = ann_in_the_den(&chromedriver).await;
    for (opener, opened) in [
        ("#make-room", "dialog[open]"),
        ("#new-talk", "dialog[open]"),
        ("#switch", "dialog[open]"),
        ("#room-menu", "[role=menu]"),
        ("#people li button", ".card"),
        ("#m-1 .author", ".card"),
    ] {
        ann.run(&format!("document.querySelector('{opener}').focus()")).await;
        ann.press(ENTER).await;
        goes_back(&ann, opened, opener).await;
    }
    // A dialog that a menu opened leads back to what opened the menu.
    for item in ["Go to a day…", "Notices…", "Invite…", "Add people…", "Name and topic…", "Archive…", "Leave…"]
    {
        ann.click("#room-menu").await;
        ann.element("[role=menu]").await;
        let item = format!("//*[@role='menuitem'][text()='{item}']");
        ann.driver.find(By::XPath(item)).await.unwrap().click().await.unwrap();
        goes_back(&ann, "dialog[open]", "#room-menu").await;
    }
    for (key, opened) in [("m", "[role=menu]"), ("+", ".picker"), ("?", "dialog[open]"), ("\u{E017}", "dialog[open]")] {
        ann.focuses(1).await;
        ann.press(key).await;
        goes_back(&ann, opened, "#m-1").await;
    }
    for item in ["Mute bob", "Ban bob"] {
        ann.focuses(1).await;
        ann.press("m").await;
        ann.element("[role=menu]").await;
        let item = format!("//*[@role='menuitem'][starts-with(text(), '{item}')]");
        ann.driver.find(By::XPath(item)).await.unwrap().click().await.unwrap();
        goes_back(&ann, "dialog[open]", "#m-1").await;
    }
    ann.click("#message").await;
    ann.chord(&[Key::Control], "k").await;
    goes_back(&ann, "dialog[open]", "#message").await;
    ann.close().await;
}
