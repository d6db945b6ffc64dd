//! Sessions that end and begin: nobody forgets where somebody was.

use super::window::{Chromedriver, ENTER, Window};
use crate::common::*;
use reqwest::Method;

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

    // Ended from elsewhere; the page is told nothing but 4401.
    let cookies = ann.driver.get_all_cookies().await.unwrap();
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let logout = server.stranger().request(Method::POST, "/logout");
    Reply::of(logout.header("Cookie", cookies.join("; ")).header("Origin", server.url())).await.ok(204);

    ann.arrives_at("/login?next=%2Frooms%2Fden").await;
    ann.fill("#username", "ann").await;
    ann.fill("#password", PASSWORD).await;
    ann.fill("#password", ENTER).await;
    ann.arrives_at("/rooms/den").await;
    ann.online().await;
    assert_eq!(ann.bodies_up_to("hello").await, ["hello"]);
    ann.says("back again").await;
    ann.bodies_up_to("back again").await;
    // What the page asked for just as the session ended was refused.
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
