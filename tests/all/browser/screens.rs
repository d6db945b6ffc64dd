//! Pictures of every page and state for people to look at, in `target/screenshots`, and that each fits its window and the fingers on it.

mod camera;
mod readme;
mod scene;

use super::window::{Chromedriver, ESCAPE};
use super::wire::Wire;
use crate::common::*;
use crate::invitations::owners_token;
use camera::{Camera, LAPTOP, PHONE, TABLET, TALL, WIDE, ZOOMED};
use scene::{REPORTED, Scene};

const JOINED: &str = "#people li[data-user=ann]";
const UNREACHABLE: [&str; 3] = ["net::ERR_", "WebSocket connection to", "status of 4"];

/// What whoever is not signed in sees.
async fn outside(ann: &mut Camera, invitation: &str, owners: &str) {
    ann.visits("/", "home", &[WIDE, TABLET, PHONE]).await;
    ann.visits("/signup", "sign-up", &[LAPTOP, PHONE]).await;
    ann.visits(&format!("/invite/{owners}"), "first-start", &[WIDE]).await;
    ann.visits(&format!("/invite/{invitation}"), "invitation", &[PHONE]).await;
    ann.visits("/offline", "offline-page", &[LAPTOP]).await;
    ann.visits("/no-such-page", "error", &[PHONE, WIDE]).await;
    ann.visits("/login", "sign-in", &[WIDE, PHONE]).await;
    for password in ["wrong password", PASSWORD] {
        ann.window.element("#username").await.clear().await.unwrap();
        ann.window.fill("#username", "ann").await;
        ann.window.fill("#password", password).await;
        ann.window.click("main form button").await;
        if password != PASSWORD {
            ann.window.element("#error").await;
            ann.takes("sign-in-refused", &[LAPTOP]).await;
        }
    }
    ann.window.element("#new-room").await;
    ann.window.online().await;
    ann.takes("lobby-without-rooms", &[WIDE, PHONE]).await;
}

/// Rooms as they are found.
async fn rooms(ann: &mut Camera, scene: &mut Scene) {
    ann.window.goto("/rooms").await;
    ann.window.online().await;
    ann.takes("lobby", &[WIDE, TABLET, PHONE]).await;
    ann.sets(WIDE).await;
    for (room, sizes) in [("empty", &[WIDE, PHONE][..]), ("long", &[LAPTOP, PHONE]), ("general", &[WIDE, PHONE])] {
        ann.window.opens_room(room).await;
        ann.window.element(JOINED).await;
        ann.takes(&format!("room-{room}"), sizes).await;
        ann.sets(WIDE).await;
    }
    scene.forgets().await;
    ann.window.opens_room("workshop").await;
    ann.window.element(JOINED).await;
    ann.window.element(".fresh").await;
    scene.types().await;
    ann.window.element(".typing.some").await;
    ann.takes("room", &[WIDE, LAPTOP, TABLET, PHONE, ZOOMED]).await;
    ann.window.run("document.documentElement.dir = 'rtl'").await;
    ann.takes("room-right-to-left", &[PHONE, WIDE]).await;
    ann.window.run("document.documentElement.dir = ''").await;
}

/// What opens over a room.
async fn opened(ann: &mut Camera) {
    for (key, css, state) in
        [("m", ".menu", "menu"), ("+", ".picker .emoji button", "picker"), ("?", "dialog.help", "help")]
    {
        for size in [WIDE, PHONE] {
            ann.sets(size).await;
            ann.window.focuses(2).await;
            ann.window.element(".tools").await;
            if (key, size.width()) == ("m", PHONE.width()) {
                ann.takes("tools", &[PHONE]).await;
            }
            ann.window.press(key).await;
            ann.window.element(css).await;
            ann.takes(state, &[size]).await;
            ann.window.press(ESCAPE).await;
            ann.window.lacks(css).await;
        }
    }
    for (opener, css, state) in [
        ("#room-menu", ".menu", "room-menu"),
        ("#m-14 .author", ".card header", "card"),
        ("#make-room", "dialog[open] form", "new-room"),
        ("#new-talk", "dialog[open] form li", "new-talk"),
        ("#switch", "#switcher li", "switcher"),
    ] {
        for size in [WIDE, PHONE] {
            ann.sets(size).await;
            // The rooms of a phone's window are in a sheet.
            ann.window.run(&format!("document.querySelector('{opener}').click()")).await;
            ann.window.element(css).await;
            ann.takes(state, &[size]).await;
            ann.window.press(ESCAPE).await;
            ann.window.lacks(css).await;
        }
    }
    for size in [WIDE, PHONE] {
        ann.sets(size).await;
        for opener in [".me a", ".card [data-open=status]"] {
            // On a phone the first is in a sheet.
            ann.window.until(&format!("return document.querySelector('{opener}') !== null")).await;
            ann.window.run(&format!("document.querySelector('{opener}').click()")).await;
        }
        ann.window.element(".sheet .sign").await;
        ann.takes("status", &[size]).await;
        ann.window.press(ESCAPE).await;
        ann.window.lacks(".sheet").await;
    }
    for (opener, sheet, state) in [("#side-open", "#side", "rooms"), ("#people-open", "#who", "people")] {
        ann.sets(PHONE).await;
        ann.window.click(opener).await;
        ann.window.element(&format!("{sheet}.open")).await;
        ann.takes(&format!("sheet-of-{state}"), &[PHONE]).await;
        ann.window.click(&format!("{sheet} [data-close]")).await;
    }
}

/// Writing, and what becomes of it.
async fn writing(ann: &mut Camera, wire: &Wire) {
    ann.sets(WIDE).await;
    ann.window.click("#format").await;
    ann.window.element(".format").await;
    ann.window.fill("#message", "**see** `this`,").await;
    for size in [PHONE, WIDE] {
        ann.sets(size).await;
        ann.window.fill("#message", " @").await;
        ann.window.element(".completion li").await;
        ann.takes("completion", &[size]).await;
        ann.window.press(ESCAPE).await;
    }
    ann.window.click(".format [data-format=preview]").await;
    ann.window.element(".preview strong").await;
    ann.takes("preview", &[WIDE, PHONE]).await;
    ann.window.click(".format [data-format=preview]").await;
    ann.window.element("#message").await.clear().await.unwrap();
    ann.window.click("#format").await;
    ann.sets(WIDE).await;
    ann.window.focuses(14).await;
    ann.window.press("r").await;
    ann.window.element("#mode").await;
    ann.takes("reply", &[LAPTOP]).await;
    ann.window.press(ESCAPE).await;

    // A character that is white space to the server alone: it refuses what the page takes for a message.
    ann.window
        .run("const box = document.querySelector('#message'); box.value = '\\u0085'; box.dispatchEvent(new Event('input'))")
        .await;
    ann.window.click("#send").await;
    ann.window.element("#log article.failed .why").await;
    wire.cut();
    ann.window.offline().await;
    ann.window.says("And the photograph of the old one, for comparison.").await;
    ann.window.element("#log article.pending[aria-busy=false]").await;
    ann.takes("offline", &[WIDE, PHONE]).await;
    wire.mend();
    ann.window.comes_back().await;
    ann.window.lacks("#log article.pending").await;
}

/// The pages outside rooms.
async fn pages(ann: &mut Camera, scene: &Scene) {
    scene.is_moderated().await;
    for (path, state, sizes) in [
        ("/settings", "settings", &[TALL, PHONE][..]),
        ("/people/bob", "person", &[TABLET]),
        ("/moderation", "moderation", &[WIDE, TALL, PHONE]),
        ("/invitations", "invitations", &[LAPTOP, PHONE]),
        ("/rooms/workshop/settings", "room-settings", &[TALL, PHONE]),
        (&format!("/rooms/workshop/messages/{REPORTED}/report"), "report", &[LAPTOP, PHONE]),
        (&format!("/rooms/workshop/messages/{REPORTED}/remove"), "removal", &[LAPTOP]),
    ] {
        ann.visits(path, state, sizes).await;
    }
}

async fn pictures(palette: &'static str) {
    let server = Options::sqlite().option("--heartbeat-secs", 300).start().await;
    let mut scene = Scene::set(&server).await;
    let wire = Wire::to(&server.address).await;
    let chromedriver = Chromedriver::start().await;
    let mut ann = Camera::open(&chromedriver, wire.url(), palette).await;
    outside(&mut ann, &scene.invites().await, &owners_token(&server)).await;
    scene.plays().await;
    rooms(&mut ann, &mut scene).await;
    opened(&mut ann).await;
    writing(&mut ann, &wire).await;
    pages(&mut ann, &scene).await;
    ann.closes(&UNREACHABLE).await;
}

#[tokio::test]
async fn every_page_and_state_fits_its_window_in_light() {
    pictures("light").await;
}

#[tokio::test]
async fn every_page_and_state_fits_its_window_in_dark() {
    pictures("dark").await;
}
