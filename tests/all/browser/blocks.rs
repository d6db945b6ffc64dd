//! Messages of somebody whom the reader has blocked are folded, and shown by a click.

use super::window::{Chromedriver, ENTER, ESCAPE, Window};
use crate::common::*;

/// Waits until the bodies of so many messages in a room can be seen.
async fn sees(window: &Window, count: usize) {
    let script = format!(
        "const seen = [...document.querySelectorAll('.msg .body')].filter((body) => body.checkVisibility());
        return seen.length === {count}"
    );
    window.until(&script).await;
}

#[tokio::test]
async fn messages_of_the_blocked_are_folded_here_and_now_and_by_a_click_shown() {
    let server = Server::start(Options::sqlite()).await;
    let eve = server.person("eve").await;
    eve.makes_room("den").await;
    eve.posts("den", "before").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.says("mine").await;
    sees(&ann, 2).await;

    // In another tab, which is told of nothing but by the server.
    ann.run("return fetch('/api/v1/me/blocks/eve', { method: 'PUT' }).then(({ status }) => status)").await;
    sees(&ann, 1).await;
    eve.posts("den", "after").await;
    ann.bodies_up_to("after").await;
    sees(&ann, 1).await;
    ann.driver.refresh().await.unwrap();
    ann.online().await;
    sees(&ann, 1).await;

    // Who wrote it can be looked at, and stays folded.
    ann.click("#m-1 .author").await;
    ann.element(".card").await;
    ann.press(ESCAPE).await;
    sees(&ann, 1).await;
    ann.run("document.querySelector('#m-1 .main').click()").await;
    sees(&ann, 2).await;
    ann.focuses(3).await;
    ann.press(ENTER).await;
    sees(&ann, 3).await;
    eve.posts("den", "the last").await;
    ann.bodies_up_to("the last").await;
    sees(&ann, 3).await;
    ann.run("return fetch('/api/v1/me/blocks/eve', { method: 'DELETE' }).then(({ status }) => status)").await;
    sees(&ann, 4).await;
    ann.close().await;
}
