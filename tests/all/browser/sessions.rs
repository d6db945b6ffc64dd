//! Sessions that end and begin: nobody forgets where somebody was.

use super::window::{Chromedriver, ENTER, Window};
use crate::common::*;
use reqwest::Method;

/// Ends the window's session from elsewhere: its page is told nothing but 4401.
async fn ends_the_session(server: &Server, window: &Window) {
    let cookies = window.driver.get_all_cookies().await.unwrap();
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let logout = server.stranger().request(Method::POST, "/logout");
    Reply::of(logout.header("Cookie", cookies.join("; ")).header("Origin", server.url())).await.ok(204);
}

async fn signs_in(window: &Window, username: &str) {
    window.fill("#username", username).await;
    window.fill("#password", PASSWORD).await;
    window.fill("#password", ENTER).await;
}

#[tokio::test]
async fn a_session_that_ends_leads_to_the_login_page_and_back() {
    let server = Server::start(Options::sqlite()).await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.says("hello").await;
    ann.bodies_up_to("hello").await;
    ends_the_session(&server, &ann).await;

    ann.arrives_at("/login?next=%2Frooms%2Fden").await;
    signs_in(&ann, "ann").await;
    ann.arrives_at("/rooms/den").await;
    ann.online().await;
    assert_eq!(ann.bodies_up_to("hello").await, ["hello"]);
    ann.says("back again").await;
    ann.bodies_up_to("back again").await;
    // What the page asked for just as the session ended was refused.
    ann.close_despite(&["status of 401"]).await;
}

#[tokio::test]
async fn a_session_that_ends_at_the_link_of_a_message_leads_back_to_that_message() {
    let server = Server::start(Options::sqlite()).await;
    let host = server.person("host").await;
    host.makes_room("den").await;
    for number in 1..=80 {
        host.posts("den", &format!("message {number}")).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    let shown = "const message = document.querySelector('#m-20')?.getBoundingClientRect();
        return message && message.top >= 0 && message.bottom <= innerHeight";
    ann.goto("/rooms/den/20").await;
    ann.online().await;
    ann.until(shown).await;
    ann.arrives_at("/rooms/den/20").await;
    ends_the_session(&server, &ann).await;
    ann.arrives_at("/login?next=%2Frooms%2Fden%2F20").await;
    signs_in(&ann, "ann").await;
    ann.arrives_at("/rooms/den/20").await;
    ann.online().await;
    ann.until(shown).await;
    ann.close_despite(&["status of 401"]).await;
}

#[tokio::test]
async fn where_somebody_was_going_is_known_after_signing_up() {
    let server = Server::start(Options::sqlite()).await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.goto("/rooms/den?a=1&b=2%2B3").await;
    // From one page to the other and back and over again.
    for link in ["main a[href^='/signup']", "main a[href^='/login']", "main a[href^='/signup']"] {
        ann.click(link).await;
        ann.element(if link.contains("signup") { "#display_name" } else { "form[action='/login']" }).await;
    }
    ann.fill("#username", "ann").await;
    ann.fill("#password", PASSWORD).await;
    ann.fill("#password", ENTER).await;
    ann.arrives_at("/rooms/den?a=1&b=2%2B3").await;
    ann.online().await;
    ann.close().await;
}
