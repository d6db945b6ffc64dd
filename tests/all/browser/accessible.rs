//! Every page, in each state and in both palettes, by the rules of axe-core.

use super::window::{Chromedriver, ENTER, ESCAPE, Window};
use super::wire::Wire;
use crate::common::*;
use std::path::PathBuf;
use thirtyfour::Key;

/// What axe finds wrong: the rule and where.
const RUN: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} (${failureSummary})`).join('; ')}`))";
const UNREACHABLE: [&str; 3] = ["net::ERR_", "WebSocket connection to", "status of 40"];

fn axe() -> String {
    let tools = PathBuf::from(std::env::var("KLATCH_TEST_TOOLS").expect("scripts/test installs axe-core"));
    let file = tools.join("../node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

struct Inspector {
    window: Window,
    axe: String,
    findings: Vec<String>,
}

impl Inspector {
    async fn inspect(&mut self, state: &str) {
        // Colours are judged once they have stopped moving.
        self.window.until("return document.getAnimations().every(({ playState }) => playState !== 'running')").await;
        self.window.run(&self.axe).await;
        let found: Vec<String> = serde_json::from_value(self.window.run(RUN).await).unwrap();
        self.findings.extend(found.into_iter().map(|finding| format!("{state}: {finding}")));
    }

    async fn visit(&mut self, path: &str) {
        self.window.goto(path).await;
        self.inspect(path).await;
    }
}

/// What opens over a room on demand.
async fn opened(ann: &mut Inspector) {
    ann.window.focuses(2).await;
    for (key, css) in [("m", ".menu"), ("+", ".picker button"), ("?", "dialog.help")] {
        ann.window.press(key).await;
        ann.window.element(css).await;
        ann.inspect(css).await;
        ann.window.press(ESCAPE).await;
        ann.window.lacks(css).await;
        ann.window.focuses(2).await;
    }
    ann.window.chord(&[Key::Control], "k").await;
    ann.window.element("#switcher li").await;
    ann.inspect("the switcher").await;
    ann.window.press(ESCAPE).await;
    for (opener, css) in [
        ("#room-menu", ".menu"),
        ("#m-2 .author", ".card header"),
        ("#make-room", "dialog[open] form"),
        ("#new-talk", "dialog[open] form"),
    ] {
        ann.window.click(opener).await;
        ann.window.element(css).await;
        ann.inspect(opener).await;
        ann.window.press(ESCAPE).await;
        ann.window.lacks(css).await;
    }
    ann.window.click(".me [href='/people/ann']").await;
    ann.window.click(".card [data-open=status]").await;
    ann.window.element(".sheet .sign").await;
    ann.inspect("a status").await;
    ann.window.press(ESCAPE).await;
    ann.window.lacks(".sheet").await;
    ann.window.click("#format").await;
    ann.window.element(".format").await;
    ann.window.fill("#message", "**see** @b").await;
    ann.window.element(".completion li").await;
    ann.inspect("completion").await;
    ann.window.press(ESCAPE).await;
    ann.window.click(".format [data-format=preview]").await;
    ann.window.element(".preview strong").await;
    ann.inspect("a preview").await;
}

async fn nothing_is_found(palette: &str) {
    let server = Server::start(Options::sqlite()).await;
    let wire = Wire::to(&server.address).await;
    let chromedriver = Chromedriver::start().await;
    let owner = server.person_as("olga", "owner").await;
    let bob = server.person("bob").await;
    for room in ["busy", "empty", "lost"] {
        bob.makes_room(room).await;
    }
    let invitation = owner.http.post("/invitations", json!({ "uses": 3 })).await.ok(201);
    let token = invitation["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();

    let window = Window::open(&chromedriver, wire.url()).await;
    let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": palette }] });
    window.driver.cdp().send_raw("Emulation.setEmulatedMedia", scheme).await.unwrap();
    let mut ann = Inspector { window, axe: axe(), findings: Vec::new() };
    for path in ["/", "/login", "/signup", "/offline", "/no-such-page", &format!("/invite/{token}")] {
        ann.visit(path).await;
    }
    ann.window.goto("/login").await;
    ann.window.fill("#username", "ann").await;
    ann.window.fill("#password", "wrong password").await;
    ann.window.press(ENTER).await;
    ann.window.element("#error").await;
    ann.inspect("a refused login").await;

    ann.window.signs_up("ann", "Ann Lee").await;
    ann.inspect("rooms").await;
    owner.http.patch("/users/ann", json!({ "role": "admin" })).await.ok(204);
    for (body, reply) in [
        ("plain words, @ann", None),
        (
            "# A heading\n\n> quoted\n\n- a list\n\n`code` and\n\n```rust\nfn main() { println!(\"hello\"); }\n```",
            Some(1),
        ),
        ("🎉", None),
        ("a [link](https://example.org/) and ~~gone~~", None),
        ("שלום לכולם", None),
        ("to be deleted", None),
    ] {
        let body = json!({ "key": new_key(), "body": body, "reply_to": reply });
        bob.http.post("/rooms/busy/messages", body).await.ok(201);
    }
    bob.http.delete("/rooms/busy/messages/6").await.ok(204);
    ann.window.opens_room("busy").await;
    ann.window.element("#people li[data-user=ann]").await;
    ann.window.element("#m-2").await.click().await.unwrap();
    ann.window.click("#m-2 .tools [data-act=react]").await;
    ann.window.element("#m-2 .react").await;
    ann.inspect("a busy room, a message's tools").await;
    ann.window.click("#m-2 .tools [data-act=reply]").await;
    ann.inspect("a reply").await;
    ann.window.click("#m-2 .tools [data-act=delete]").await;
    ann.window.element("#ask").await;
    ann.inspect("a question").await;
    ann.window.click("#ask [value=no]").await;
    opened(&mut ann).await;
    ann.window.opens_room("empty").await;
    ann.inspect("an empty room").await;

    for path in [
        "/settings",
        "/settings/status",
        "/people/bob",
        "/moderation",
        "/invitations",
        "/rooms/busy/settings",
        "/rooms/busy/messages/2/report",
        "/rooms/busy/messages/2/remove",
    ] {
        ann.visit(path).await;
    }

    ann.window.driver.set_window_rect(0, 0, 500, 800).await.unwrap();
    ann.window.opens_room("busy").await;
    ann.inspect("a small window").await;
    ann.window.click("#side-open").await;
    ann.window.element("#side.open").await;
    ann.inspect("the rooms on a small window").await;
    ann.window.click("#side [data-close]").await;
    ann.window.click("#people-open").await;
    ann.window.element("#who.open").await;
    ann.inspect("the people on a small window").await;
    ann.window.driver.set_window_rect(0, 0, 1280, 800).await.unwrap();

    ann.window.opens_room("lost").await;
    wire.cut();
    ann.window.offline().await;
    ann.window.says("waits").await;
    ann.window.element("#log article.pending[aria-busy=false]").await;
    ann.inspect("no connection").await;
    assert!(ann.findings.is_empty(), "{}", ann.findings.join("\n"));
    ann.window.close_despite(&UNREACHABLE).await;
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_light() {
    nothing_is_found("light").await;
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_dark() {
    nothing_is_found("dark").await;
}
