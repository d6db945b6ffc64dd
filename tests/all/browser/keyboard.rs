//! Everything without a pointer.

use super::window::{BACKSPACE, Chromedriver, ENTER, TAB, UP, Window};
use crate::common::*;

/// Presses Tab until the focus is there.
async fn tab_to(window: &Window, css: &str) {
    let there = format!("return document.activeElement.matches(\"{css}\")");
    for _ in 0..60 {
        if window.run(&there).await == json!(true) {
            return;
        }
        window.press(TAB).await;
    }
    panic!("Tab does not lead to {css}");
}

#[tokio::test]
async fn everything_can_be_done_by_keyboard() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;

    ann.goto("/").await;
    tab_to(&ann, "main a[href='/signup']").await;
    ann.press(ENTER).await;
    ann.arrives_at("/signup").await;
    for (field, text) in [("#username", "ann"), ("#display_name", "Ann Lee"), ("#password", PASSWORD)] {
        ann.element(field).await;
        tab_to(&ann, field).await;
        ann.press(text).await;
    }
    ann.press(ENTER).await;

    ann.arrives_at("/rooms").await;
    ann.element("#new-slug").await;
    tab_to(&ann, "#new-slug").await;
    ann.press("den").await;
    ann.press(ENTER).await;

    ann.arrives_at("/rooms/den").await;
    ann.online().await;
    tab_to(&ann, "#message").await;
    ann.press("Helo").await;
    ann.press(ENTER).await;
    ann.bodies_up_to("Helo").await;
    ann.press(UP).await;
    ann.element("#mode").await;
    ann.press(BACKSPACE).await;
    ann.press("lo").await;
    ann.press(ENTER).await;
    assert_eq!(ann.bodies_up_to("Hello").await, ["Hello"]);
    ann.element("#log article.msg .edited").await;
    ann.until("return document.activeElement.id === 'message' && !document.activeElement.value").await;

    // From the composer back to the list, by the message's own tools.
    tab_to(&ann, "#log").await;
    ann.press(UP).await;
    tab_to(&ann, ".tools [data-act=react]").await;
    ann.press(ENTER).await;
    ann.element("#log article.msg .react.mine").await;
    ann.close().await;
}
