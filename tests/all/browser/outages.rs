//! Servers that go away and connections that are cut: nothing written is lost, nothing said is missed.

use super::window::{Chromedriver, ENTER, UP, Window};
use super::wire::Wire;
use crate::common::server::lasting_port;
use crate::common::*;

/// What the console tells of a server that can't be reached.
const UNREACHABLE: [&str; 2] = ["net::ERR_", "WebSocket connection to"];

#[tokio::test]
async fn messages_written_while_the_server_is_down_arrive_once_and_in_order() {
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = Options::sqlite().listen(address).start().await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    let bob = Window::open(&chromedriver, server.url()).await;
    for (window, name) in [(&ann, "ann"), (&bob, "bob")] {
        window.signs_up(name, name).await;
        window.opens_room("den").await;
    }
    ann.says("before").await;
    bob.bodies_up_to("before").await;

    server.kill().await;
    ann.offline().await;
    for body in ["one", "two", "three"] {
        ann.says(body).await;
    }
    ann.until("return document.querySelectorAll('#log article.pending').length === 3").await;
    ann.shows("#log article.pending time", "waiting to be sent").await;
    assert_eq!(ann.bodies().await, ["before"]);

    server.restart().await;
    for window in [ann, bob] {
        window.comes_back().await;
        assert_eq!(window.bodies_up_to("three").await, ["before", "one", "two", "three"]);
        window.lacks("#log [data-key]").await;
        window.close_despite(&UNREACHABLE).await;
    }
}

#[tokio::test]
async fn a_tab_that_was_cut_off_catches_up() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    let first = bob.posts("den", "number 0").await;
    ann.bodies_up_to("number 0").await;

    wire.cut();
    ann.offline().await;
    // More than a page, so that the rest comes in frames of its own.
    for n in 1..=130 {
        bob.posts("den", &format!("number {n}")).await;
    }
    // A change of what is there already belongs to what was missed.
    let mut socket = bob.socket_in("den").await;
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": first["id"], "body": "number zero"})).await;

    wire.mend();
    ann.comes_back().await;
    ann.bodies_up_to("number 130").await;
    ann.until("return document.querySelector('#log article.msg .body').innerText === 'number zero'").await;
    // What comes live stands behind what was missed.
    bob.posts("den", "number 131").await;
    let wanted: Vec<_> =
        (0..=131).map(|n| if n == 0 { "number zero".to_owned() } else { format!("number {n}") }).collect();
    assert_eq!(ann.bodies_up_to("number 131").await, wanted);
    ann.close_despite(&UNREACHABLE).await;
}

#[tokio::test]
async fn an_edit_cut_off_on_its_way_is_put_back() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.says("first words").await;
    ann.bodies_up_to("first words").await;

    wire.deafen();
    ann.fill("#message", UP).await;
    ann.element("#mode").await;
    ann.fill("#message", " and more").await;
    ann.fill("#message", ENTER).await;
    ann.until("return document.querySelector('#mode').hidden").await;
    ann.fill("#message", "a draft").await;
    wire.cut();
    ann.offline().await;
    ann.shows("#mode", "Editing").await;
    ann.until("return document.querySelector('#message').value === 'first words and more'").await;

    wire.mend();
    ann.comes_back().await;
    ann.element("#people li[data-user=ann]").await; // joined again
    assert_eq!(ann.bodies().await, ["first words"]);
    ann.fill("#message", ENTER).await;
    ann.bodies_up_to("first words and more").await;
    ann.until("return document.querySelector('#message').value === 'a draft'").await;
    ann.close_despite(&UNREACHABLE).await;
}

#[tokio::test]
async fn a_join_that_got_lost_is_asked_for_again() {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, wire.url()).await;
    ann.signs_up("ann", "Ann").await;
    wire.deafen();
    ann.opens_room("den").await;
    ann.says("hello").await;
    ann.element("#log article.pending").await;

    wire.mend(); // the connection itself was never lost
    assert_eq!(ann.bodies_up_to("hello").await, ["hello"]);
    bob.posts("den", "hello, Ann").await;
    assert_eq!(ann.bodies_up_to("hello, Ann").await, ["hello", "hello, Ann"]);
    ann.close().await;
}

#[tokio::test]
async fn two_who_type_through_two_crashes_lose_and_double_nothing() {
    const EACH: usize = 12;
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = Options::sqlite().listen(address).start().await;
    let host = server.person("host").await;
    host.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    let bob = Window::open(&chromedriver, server.url()).await;
    for (window, name) in [(&ann, "ann"), (&bob, "bob")] {
        window.signs_up(name, name).await;
        window.opens_room("den").await;
    }
    let types = async |window: &Window, name: &str| {
        for n in 1..=EACH {
            window.says(&format!("{name} {n}")).await;
        }
    };
    let crashes = async {
        for seen in [1, 3] {
            ann.until(&format!("return document.querySelectorAll('#log article.msg').length > {seen}")).await;
            server.kill().await;
            ann.offline().await;
            server.restart().await;
        }
    };
    tokio::join!(types(&ann, "ann"), types(&bob, "bob"), crashes);

    let mut seen = Vec::new();
    for window in [&ann, &bob] {
        window.comes_back().await;
        let all = format!(
            "return document.querySelectorAll('#log article.msg[data-id]:not([data-key])').length >= {}",
            2 * EACH
        );
        window.until(&all).await;
        window.lacks("#log [data-key]").await;
        seen.push(window.bodies().await);
    }
    assert_eq!(seen[0], seen[1]);
    let stored = host.reads_whole_room("den").await;
    let stored: Vec<&str> = stored.iter().map(|message| message["body"].as_str().unwrap()).collect();
    assert_eq!(seen[0], stored);
    for name in ["ann", "bob"] {
        let theirs: Vec<&str> = stored.iter().copied().filter(|body| body.starts_with(name)).collect();
        let wanted: Vec<String> = (1..=EACH).map(|n| format!("{name} {n}")).collect();
        assert_eq!(theirs, wanted);
    }
    ann.close_despite(&UNREACHABLE).await;
    bob.close_despite(&UNREACHABLE).await;
}
