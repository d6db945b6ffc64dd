//! The pictures that `README.md` shows, of a chat as people have it.

use super::camera::{Camera, FRAME, PHONE};
use crate::browser::window::{Chromedriver, ESCAPE};
use crate::common::*;
use thirtyfour::Key;

const PEOPLE: [(&str, &str); 7] = [
    ("hanna", "Hanna Berg"),
    ("amara", "Amara Okafor"),
    ("priya", "Priya Raman"),
    ("liming", "李明"),
    ("jonas", "Jonas Weber"),
    ("sofia", "Sofia Lindqvist"),
    ("tomas", "Tomás Mendes"),
];
/// The first of them are in the room.
const HERE: usize = 5;
const ROOMS: [(&str, &str, &str); 7] = [
    ("announcements", "Announcements", "What everybody should know"),
    ("design", "Design", "Signs, posters, the new workshop map. Be kind, be concrete."),
    ("laser-cutter", "Laser cutter", "Who has it, and what it must not cut"),
    ("open-evenings", "Open evenings", "Thursdays from six"),
    ("3d-printing", "3D printing", ""),
    ("electronics", "Electronics", "Solder, smoke and oscilloscopes"),
    ("off-topic", "Off topic", ""),
];

/// Who says what, by their place among the people.
const SAID: [(usize, &str); 7] = [
    (
        1,
        "First pass of the workshop map is up. I kept the **north wall** as the reference, since the doors moved twice this year.",
    ),
    (1, "Two open questions: where the fire extinguishers go, and whether we print it at A1 or A2."),
    (
        2,
        "A1, please. And the plotter wants exactly this, or it scales by itself:\n\n```rust\nlet page = Page::new(841.0, 594.0).unit(Mm);\npage.margin(10.0).export(\"map.pdf\")?;\n```",
    ),
    (3, "地图很清楚！我周六带一台 A1 打印机过来。"),
    (4, "@hanna could you read the safety text before it goes to the printer? The old one is in #announcements."),
    (2, "🎉🖨️"),
    (0, "On it, you'll have it by noon."),
];

/// The people, and what they have said; those who are in the room stay there as long as their sockets.
async fn makers(server: &Server) -> (Vec<Person>, Vec<Socket>) {
    let mut people = vec![server.person_as("hanna", "admin").await];
    for (username, _) in &PEOPLE[1..] {
        people.push(server.person(username).await);
    }
    for (person, (_, name)) in people.iter().zip(PEOPLE) {
        person.http.patch("/me", json!({ "display_name": name })).await.ok(200);
    }
    for (slug, title, topic) in ROOMS {
        people[1].http.post("/rooms", json!({ "slug": slug, "title": title, "topic": topic })).await.ok(201);
        for person in &people {
            person.http.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
        }
    }
    people[1].http.post("/rooms", json!({ "slug": "board", "title": "Board", "kind": "private" })).await.ok(201);
    people[1].adds("hanna", "board").await;
    let mut sockets = Vec::new();
    for person in &people[..HERE] {
        sockets.push(person.socket_in("design").await);
    }
    let mut ids = Vec::new();
    for (who, body) in SAID {
        ids.push(sockets[who].say("design", body).await);
    }
    for (who, emoji) in [(0, "👍"), (2, "👍"), (3, "👍"), (4, "🗺️")] {
        let react = json!({ "type": "react", "room": "design", "id": ids[0], "emoji": emoji, "on": true });
        sockets[who].ask_ok(react).await;
    }
    people[4].posts("laser-cutter", "@hanna, your plywood is here").await;
    people[2].posts("open-evenings", "Who brings the soup?").await;
    people[1].posts("open-evenings", "I do").await;
    let talk = people[3].http.post("/direct", json!({ "users": ["hanna"] })).await.ok(201);
    people[3].posts(talk["slug"].as_str().unwrap(), "你好！").await;
    let advertisement =
        people[4].posts("off-topic", "Cheap saws at https://saws.example, today only!").await["id"].clone();
    let path = format!("/rooms/off-topic/messages/{advertisement}/reports");
    people[2].http.post(&path, json!({ "reason": "An advertisement" })).await.ok(204);
    (people, sockets)
}

#[tokio::test]
async fn the_pictures_of_the_readme_are_taken() {
    let server = Options::sqlite().option("--heartbeat-secs", 300).start().await;
    let (_people, mut sockets) = makers(&server).await;
    let chromedriver = Chromedriver::start().await;
    let mut hanna = Camera::open(&chromedriver, server.url(), "light").await;
    hanna.visits("/login", "readme-sign-in", &[FRAME]).await;
    hanna.window.fill("#username", "hanna").await;
    hanna.window.fill("#password", PASSWORD).await;
    hanna.window.click("main form button").await;
    hanna.window.element("#new-room").await;
    hanna.window.online().await;
    hanna.takes("readme-lobby", &[FRAME]).await;
    hanna.window.opens_room("design").await;
    hanna.window.element("#people li[data-user=hanna]").await;
    sockets[1].send_json(json!({ "type": "typing", "room": "design" })).await;
    hanna.window.element(".typing.some").await;
    hanna.takes("readme-room", &[PHONE, FRAME]).await;
    hanna.prefers("dark").await;
    hanna.takes("readme-room", &[PHONE]).await;
    hanna.prefers("light").await;
    hanna.window.click("#side-open").await;
    hanna.window.element("#side.open").await;
    hanna.takes("readme-rooms", &[PHONE]).await;
    hanna.window.click("#side [data-close]").await;
    hanna.sets(FRAME).await;
    let asked = hanna.window.run("return document.querySelector('.msg.mention').dataset.id").await;
    let asked = asked.as_str().unwrap().parse().unwrap();
    for (key, css, state) in [("m", ".menu", "menu"), ("+", ".picker .emoji button", "picker")] {
        hanna.window.focuses(asked).await;
        hanna.window.element(".tools").await;
        hanna.window.press(key).await;
        hanna.window.element(css).await;
        hanna.takes(&format!("readme-{state}"), &[FRAME]).await;
        hanna.window.press(ESCAPE).await;
        hanna.window.lacks(css).await;
    }
    hanna.prefers("dark").await;
    hanna.window.chord(&[Key::Control], "k").await;
    hanna.window.element("#switcher li").await;
    hanna.takes("readme-switcher", &[FRAME]).await;
    hanna.prefers("light").await;
    hanna.visits("/moderation", "readme-moderation", &[FRAME]).await;
    hanna.closes(&[]).await;
}
