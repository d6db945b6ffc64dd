//! A chat in which everything has happened that a page may have to show.

use crate::common::*;

/// What people write, in many scripts and lengths.
const SAID: [&str; 9] = [
    "Good morning! Has anybody seen the keys of the workshop?",
    "They hang beside the door, where they always are 🙂",
    "The **laser cutter** is free from 14:00. See https://example.org/a/very/long/address/that/goes/on/and/on/and/on/without/end",
    "שלום לכולם, מה שלומכם היום?",
    "大家好，今天下午的会议改到三点半，请大家准时参加。",
    "🎉🎉",
    "> quoted words\n\nand an answer, with `code` in it, and a list:\n\n1. measure\n2. cut",
    "```rust\nfn main() {\n    let width = 841.0; // of a sheet\n    println!(\"a line that is far too long for any small window, and so scrolls inside its own block\");\n}\n```",
    "Thisisonewordthatislongerthananywindowiswideandhastobebrokensomewhereoritwouldpusheverythingelseasideandaway",
];

const ROOMS: [(&str, &str, &str); 7] = [
    ("workshop", "Workshop", "Tools, keys and who has them"),
    ("garden", "Garden", "What grows, and who waters it"),
    ("kitchen", "Kitchen", ""),
    ("reading-club", "Reading club", "This month: The Left Hand of Darkness"),
    ("general", "General", "All that has no room of its own"),
    ("empty", "Photography", ""),
    (
        "long",
        "A room whose name is longer than the list of rooms is wide, by far",
        "And a topic that is longer than the bar above a talk, so that it has to be cut off somewhere, even in a window as wide as this one",
    ),
];

/// Of the busy room: what ann has reported, and where what she has not read begins.
pub const REPORTED: u64 = 3;
const UNREAD: u64 = 14; // reactions have numbers too

pub struct Scene {
    people: Vec<Person>,
    /// Those who are in the busy room.
    sockets: Vec<Socket>,
}

impl Scene {
    /// Nothing but people, of whom ann, the first, is an admin.
    pub async fn set(server: &Server) -> Self {
        let mut people = vec![server.person_as("ann", "admin").await];
        people.extend(server.people(["bob", "carla", "maximiliana_alexandra.von-und-zu", "liming"]).await);
        let names = ["Ann Lee", "Bob Stone", "Carla Núñez", "Maximiliana Alexandra von und zu Hohenstein", "李明"];
        for (person, name) in people.iter().zip(names) {
            person.http.patch("/me", json!({ "display_name": name })).await.ok(200);
        }
        let about = json!({ "about": "Makes tea, and chairs to drink it in.", "time_zone": "Asia/Tokyo" });
        people[1].http.patch("/me", about).await.ok(200);
        let away = json!({ "emoji": "🌴", "text": "In the mountains, without a net", "until": "2099-12-24T12:00:00Z" });
        for (person, status) in [(1, away), (3, json!({ "emoji": "🎧" })), (4, json!({ "text": "在家工作" }))] {
            people[person].http.put_json("/me/status", status).await.ok(200);
        }
        Self { people, sockets: Vec::new() }
    }

    /// Rooms, and what is said in them.
    pub async fn plays(&mut self) {
        let [ann, bob, carla, max, li] = &self.people[..] else { unreachable!("five people") };
        for (slug, title, topic) in ROOMS {
            bob.http.post("/rooms", json!({ "slug": slug, "title": title, "topic": topic })).await.ok(201);
        }
        for slug in ["workshop", "garden", "kitchen", "general", "empty", "long"] {
            ann.http.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
        }
        for slug in ["kitchen", "general"] {
            carla.http.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
        }
        bob.makes_private_room("board").await;
        bob.adds("ann", "board").await;
        ann.http.put("/rooms/workshop/star").await.ok(204);
        for person in [ann, bob, carla, max, li] {
            self.sockets.push(person.socket_in("workshop").await);
        }
        self.talks().await;
        let [ann, bob, carla, ..] = &self.people[..] else { unreachable!("five people") };
        for number in 1..=40 {
            carla.posts("general", &format!("Number {number} of many that nobody has read yet")).await;
        }
        carla.posts("kitchen", "@ann, the bread is out of the oven").await;
        bob.posts("garden", "It has rained").await;
        let talk = bob.http.post("/direct", json!({ "users": ["ann"] })).await.ok(201);
        bob.posts(talk["slug"].as_str().unwrap(), "Have you got a minute?").await;
        ann.http.post("/direct", json!({ "users": ["liming"] })).await.ok(201);
        for (message, reason) in [(REPORTED, "The address leads to an advertisement"), (9, "")] {
            let path = format!("/rooms/workshop/messages/{message}/reports");
            ann.http.post(&path, json!({ "reason": reason })).await.ok(204);
        }
    }

    /// What is said in the busy room, and done with it.
    async fn talks(&mut self) {
        let [ann, bob, carla, max, li] = &mut self.sockets[..] else { unreachable!("five sockets") };
        for (number, body) in SAID.iter().enumerate() {
            [&mut *bob, &mut *carla, &mut *max, &mut *li][number / 2 % 4].say("workshop", body).await;
        }
        for (socket, emoji) in [(&mut *bob, "👍"), (&mut *carla, "👍"), (&mut *ann, "👍"), (&mut *li, "🗝️")]
        {
            let react = json!({ "type": "react", "room": "workshop", "id": 2, "emoji": emoji, "on": true });
            socket.ask_ok(react).await;
        }
        let asked = bob
            .say("workshop", "@ann could you read the safety text before it goes to the printer? It is in #garden.")
            .await;
        assert_eq!(asked, UNREAD);
        ann.reply("workshop", asked, "On it, you'll have it by noon. @carla has the photographs.").await;
        let id = carla.say("workshop", "I has them").await;
        carla.ask_ok(json!({ "type": "edit", "room": "workshop", "id": id, "body": "I have them" })).await;
        let id = max.say("workshop", "to be deleted").await;
        max.ask_ok(json!({ "type": "delete", "room": "workshop", "id": id })).await;
        bob.reply("workshop", 2, "So they do. Thank you!").await;
    }

    /// Ann has seen nothing of the end of the busy room.
    pub async fn forgets(&self) {
        let ann = &self.people[0].http;
        ann.post("/rooms/workshop/unread", json!({ "from": UNREAD })).await.ok(204);
    }

    /// Bob is writing.
    pub async fn types(&mut self) {
        self.sockets[1].send_json(json!({ "type": "typing", "room": "workshop" })).await;
    }

    /// Somebody has been banned, and somebody muted.
    pub async fn is_moderated(&self) {
        let ann = &self.people[0].http;
        let ban = json!({ "minutes": 60, "reason": "Nothing but advertisements" });
        ann.put_json("/users/carla/ban", ban).await.ok(204);
        ann.put_json("/rooms/workshop/mutes/liming", json!({})).await.ok(204);
    }

    pub async fn invites(&self) -> String {
        let made = self.people[0].http.post("/invitations", json!({ "uses": 3 })).await.ok(201);
        let url = made["url"].as_str().unwrap();
        url.rsplit('/').next().unwrap().to_owned()
    }
}
