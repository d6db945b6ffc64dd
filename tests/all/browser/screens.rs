//! Pictures of rooms for people to look at, in `target/screenshots`, and that no window is too small for what is in them.

use super::window::{Chromedriver, Window};
use crate::common::*;
use std::path::Path;

const WIDTHS: [u32; 4] = [1440, 1024, 768, 500];
/// Nothing can be scrolled sideways but what scrolls inside itself.
const FITS: &str = "return document.scrollingElement.scrollWidth <= innerWidth";

/// What people write, in many scripts and lengths.
const SAID: [&str; 9] = [
    "Good morning! Has anybody seen the keys of the workshop?",
    "They hang beside the door, where they always are 🙂",
    "@ann the **laser cutter** is free from 14:00. See https://example.org/a/very/long/address/that/goes/on/and/on/and/on",
    "שלום לכולם, מה שלומכם היום?",
    "大家好，今天下午的会议改到三点半，请大家准时参加。",
    "🎉🎉",
    "> quoted words\n\nand an answer, with `code` in it",
    "```rust\nfn main() {\n    println!(\"a line that is far too long for any small window, and so scrolls inside its own block\");\n}\n```",
    "Thisisonewordthatislongerthananywindowiswideandhastobebrokensomewhereoritwouldpusheverythingelseasideandaway",
];

async fn pictures(palette: &str) {
    let server = Server::start(Options::sqlite()).await;
    let people = server.people(["bob", "carla", "maximiliana_alexandra.von-und-zu"]).await;
    people[2]
        .http
        .patch("/me", json!({ "display_name": "Maximiliana Alexandra von und zu Hohenstein-Wolkenberg" }))
        .await
        .ok(200);
    people[0]
        .http
        .post("/rooms", json!({ "slug": "workshop", "title": "Workshop", "topic": "Tools, keys and who has them" }))
        .await
        .ok(201);
    people[0].makes_room("empty").await;
    for number in 0..40 {
        people[0].makes_room(&format!("a-room-with-quite-a-long-name-number-{number}")).await;
    }
    for person in &people {
        person.http.put("/rooms/workshop/members/me").await.ok(204);
    }
    for (number, body) in SAID.iter().enumerate() {
        people[number / 2 % 3].posts("workshop", body).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": palette }] });
    ann.driver.cdp().send_raw("Emulation.setEmulatedMedia", scheme).await.unwrap();
    ann.signs_up("ann", "Ann Lee").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    for room in ["workshop", "empty"] {
        for width in WIDTHS {
            ann.driver.set_window_rect(0, 0, width, 900).await.unwrap();
            ann.opens_room(room).await;
            ann.element("#message").await;
            assert_eq!(ann.run(FITS).await, json!(true), "{room} at {width} px is wider than its window");
            let file = folder.join(format!("{room}-{width}-{palette}.png"));
            ann.driver.screenshot(&file).await.unwrap();
        }
    }
    ann.close().await;
}

#[tokio::test]
async fn rooms_fit_windows_of_every_width_in_light() {
    pictures("light").await;
}

#[tokio::test]
async fn rooms_fit_windows_of_every_width_in_dark() {
    pictures("dark").await;
}
