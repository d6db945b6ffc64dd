//! Names: who may be called what, and how people and rooms are found.

use crate::common::*;
use reqwest::Method;

async fn search(who: &Person, list: &str, q: &str) -> Value {
    let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    who.http.get(&format!("{list}?q={q}")).await.ok(200)
}

async fn usernames(who: &Person, list: &str, q: &str) -> Vec<String> {
    let found = search(who, list, q).await;
    let people = found["users"].as_array().or(found["members"].as_array()).expect("a list").iter();
    let user = |item: &Value| item.get("user").unwrap_or(item)["username"].as_str().expect("a name").to_owned();
    people.map(user).collect()
}

/// What somebody is called, and by what they are found.
const FOUND: [(&str, &[&str]); 12] = [
    ("Özgür Şahin", &["Özgür", "özgür", "ÖZGÜR", "şahin", "Ş", "o\u{308}zgu\u{308}r"]),
    ("Ольга Иванова", &["Ольга", "ОЛЬГА", "ива"]),
    ("ÉLODIE", &["élodie", "ÉLO", "e\u{301}lodie"]),
    ("E\u{301}tienne", &["étienne", "ÉTIENNE"]),
    ("山田　太郎", &["太郎", "山田", "山田 太郎", "田"]),
    ("Jean-Luc", &["luc", "jean-l", "Jean Luc"]),
    ("Anna\u{a0}Bell", &["bell"]),
    ("(Max) Muster", &["max", "(max", "muster"]),
    ("Siobhan O'Hara", &["hara", "o'hara", "o’h"]),
    ("snake_case", &["case"]),
    ("Straße", &["STRASSE", "straß"]),
    ("नवीन कुमार", &["न", "नवी", "कु"]),
];

async fn people_are_found_by_each_word_of_their_names_in_whatever_case_and_form(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for (n, (name, queries)) in FOUND.iter().enumerate() {
        let username = format!("p{n}");
        let person = server.person(&username).await;
        person.http.patch("/me", json!({"display_name": name})).await.ok(200);
        ann.adds(&username, "den").await;
        for query in *queries {
            for list in ["/users", "/rooms/den/members"] {
                let found = usernames(&ann, list, query).await;
                assert!(found.contains(&username), "{name} by {query} in {list}: {found:?}");
            }
        }
        assert_eq!(usernames(&ann, "/users", &format!("{name} and more")).await, [""; 0], "{name}");
    }
    // By another name nobody is found by the one before.
    let person = Person { http: server.stranger(), ..ann.elsewhere().await };
    person.http.post("/login", json!({"username": "p0", "password": PASSWORD})).await.ok(200);
    person.http.patch("/me", json!({"display_name": "Zoe"})).await.ok(200);
    assert_eq!(usernames(&ann, "/users", "özgür").await, [""; 0]);
    person.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
    assert_eq!(usernames(&ann, "/users", "zoe").await, [""; 0]);
}

async fn rooms_are_found_by_each_word_of_their_titles(server: Server) {
    let ann = server.person("ann").await;
    for (n, (title, queries)) in FOUND.iter().enumerate() {
        let slug = format!("room-{n}");
        ann.http.post("/rooms", json!({"slug": slug, "title": title})).await.ok(201);
        for query in *queries {
            let found = search(&ann, "/rooms", query).await;
            let rooms = found["rooms"].as_array().expect("a list");
            assert!(rooms.iter().any(|room| room["slug"] == slug.as_str()), "{title} by {query}: {found}");
        }
    }
    ann.http.patch("/rooms/room-0", json!({"title": "Zoë"})).await.ok(200);
    for (query, rooms) in [("özgür", 0), ("ZOË", 1)] {
        let found = search(&ann, "/rooms", query).await;
        assert_eq!(found["rooms"].as_array().map(Vec::len), Some(rooms), "{query}");
    }
}

/// An older version sets names and notes nothing.
async fn names_that_were_set_before_are_noted_once_the_server_runs(options: Options) {
    let mut server = options.in_haste().start().await;
    let ann = server.person("ann").await;
    ann.http.patch("/me", json!({"display_name": "Özgür Şahin"})).await.ok(200);
    ann.http.post("/rooms", json!({"slug": "den", "title": "Ölkeller"})).await.ok(201);
    for table in ["user_words", "user_looks", "room_words"] {
        server.execute(&format!("DELETE FROM {table}"));
    }
    server.execute("UPDATE users SET words_of = ''");
    server.execute("UPDATE rooms SET words_of = ''");
    server.restart().await;
    let ann = Person { http: ann.http.at(&server.url()), ..ann };
    eventually(PATIENCE, "the names to be noted", async || {
        let rooms = search(&ann, "/rooms", "ölk").await;
        let is_found = usernames(&ann, "/users", "şahin").await == ["ann"];
        (is_found && rooms["rooms"].as_array().is_some_and(|rooms| rooms.len() == 1)).then_some(())
    })
    .await;
    assert_eq!(server.number("SELECT COUNT(*) FROM users WHERE words_of = ''"), 0);
}

async fn nobody_is_called_by_a_reserved_name_or_by_dots(server: Server) {
    let reserved = [
        "..",
        "...",
        "me",
        "here",
        "room",
        "operator",
        "Operator",
        "0perator",
        "system",
        "klatch",
        "kIatch",
        "deleted-8",
        "Deleted-8",
        "deleted_8",
        "de1eted-8",
    ];
    for name in reserved {
        let refused = server.stranger().post("/signup", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(refused.error(), (422, "invalid"), "{name}");
    }
    for name in ["--", "kim.", "-lee-", "__init__", "operators", "deleter"] {
        server.stranger().post("/signup", json!({"username": name, "password": PASSWORD})).await.ok(201);
    }
}

async fn a_username_is_taken_as_it_was_meant(server: Server) {
    let account = json!({"username": " carl ", "password": PASSWORD});
    let carl = server.stranger().post("/signup", account).await.ok(201);
    assert_eq!(carl["username"], "carl");
    for name in ["carl", " carl", "carl ", "Carl", "\u{a0}carl", "@carl", " @carl\u{3000}", "＠carl"] {
        server.stranger().post("/login", json!({"username": name, "password": PASSWORD})).await.ok(200);
        let form = server.stranger().request(Method::POST, "page:/login").header("Origin", server.url());
        let reply = Reply::of(form.form(&[("username", name), ("password", PASSWORD)])).await;
        assert!(!reply.text.contains("is wrong"), "{name}: {}", reply.text);
    }
    let ann = server.person("ann").await;
    ann.http.post("/direct", json!({"users": [" @carl "]})).await.ok(201);
}

/// The limit of failed logins goes by the account, however its name was written.
async fn a_name_that_is_written_otherwise_counts_as_the_same(options: Options) {
    let server = options.option("--login-rate", 3).start().await;
    server.person("bob").await;
    let mut last = 0;
    for name in ["bob", " bob", "@bob", "bob ", "BOB", "\u{a0}bob", "bob\u{3000}"] {
        last = server.stranger().post("/login", json!({"username": name, "password": "not this one"})).await.status;
    }
    assert_eq!(last, 429);
}

async fn a_password_fits_in_whatever_form_it_is_typed(server: Server) {
    for (name, written, typed) in [
        ("ann", "p\u{e4}sswort-\u{e9}1", "pa\u{308}sswort-e\u{301}1"),
        ("bob", "pa\u{308}sswort-e\u{301}1", "p\u{e4}sswort-\u{e9}1"),
        ("carl", "ｇｅｈｅｉｍ－ｗｏｒｔ－１", "geheim-wort-1"),
    ] {
        server.stranger().post("/signup", json!({"username": name, "password": written})).await.ok(201);
        let http = server.stranger();
        http.post("/login", json!({"username": name, "password": typed})).await.ok(200);
        http.post("/me/password", json!({"old": written, "new": format!("{written} anew")})).await.ok(204);
        server.stranger().post("/login", json!({"username": name, "password": format!("{typed} anew")})).await.ok(200);
    }
}

async fn names_that_show_nothing_or_turn_others_around_are_refused(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let blank =
        ["\u{200b}", "\u{3164}", "\u{2800}", "\u{2060}", "\u{ad}", "\u{feff}", "\u{fe0f}", "\u{e0041}", "\u{202e}"];
    for (n, name) in blank.into_iter().chain(["Eve\u{202e}", "\u{2067}Eve", "a\u{7}b"]).enumerate() {
        let calls = [
            ann.http.patch("/me", json!({"display_name": name})).await,
            ann.http.patch("/rooms/den", json!({"title": name})).await,
            ann.http.post("/rooms", json!({"slug": format!("den-{n}"), "title": name})).await,
            server
                .stranger()
                .post("/signup", json!({"username": format!("p{n}"), "password": PASSWORD, "display_name": name}))
                .await,
        ];
        for refused in calls {
            assert_eq!(refused.error(), (422, "invalid"), "{name:?}");
        }
    }
    for blank in ["\u{200b}", "\u{3164}\u{2800}"] {
        assert_eq!(ann.http.patch("/me", json!({"about": blank})).await.error(), (422, "invalid"));
        assert_eq!(ann.http.patch("/rooms/den", json!({"topic": blank})).await.error(), (422, "invalid"));
    }
    for name in ["د‌ا", "👩\u{200d}💻", "שלום", "नवीन"] {
        ann.http.patch("/me", json!({"display_name": name})).await.ok(200);
    }
}

/// Words that a room refuses, what shows them, and what doesn't.
const BLOCKED: [(&str, &[&str], &[&str]); 6] = [
    (
        "badword",
        &[
            "badword",
            "BadWord!",
            "bad\u{200b}word",
            "bad\u{ad}word",
            "bad\u{2060}word",
            "bad\u{fe0f}word",
            "b**a**dword",
            "bad*word*",
            "~~bad~~word",
            "[bad](https://example.org)word",
            "ba&#100;word",
            "bad&shy;word",
            "ｂａｄｗｏｒｄ",
            "b\u{430}dword",
            "`badword`",
            "> badword",
        ],
        &["bad word", "badwords", "bad-word"],
    ),
    ("müll", &["müll", "mu\u{308}ll", "MÜLL"], &["mull"]),
    ("straße", &["STRASSE", "Straße"], &["strase"]),
    ("हिन्दी", &["यह हिन्दी है"], &["हिन्द"]),
    ("น้ำ", &["ดื่มน้ำ"], &["ดื่ม"]),
    ("burn", &["burn"], &["bum"]),
];

async fn a_filter_reads_what_people_see(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let words: Vec<&str> = BLOCKED.iter().map(|(word, ..)| *word).collect();
    ann.http.patch("/rooms/den", json!({"blocked_words": words})).await.ok(200);
    let edited = bob.posts("den", "well").await["id"].clone();
    for (word, refused, passed) in BLOCKED {
        for body in refused {
            let sent = bob.http.post("/rooms/den/messages", json!({"key": new_key(), "body": body})).await;
            assert_eq!(sent.error(), (403, "forbidden"), "{word}: {body}");
            let edit = bob.http.patch(&format!("/rooms/den/messages/{edited}"), json!({"body": body})).await;
            assert_eq!(edit.error(), (403, "forbidden"), "{word}: {body}, by an edit");
        }
        for body in passed {
            bob.posts("den", body).await;
        }
    }
    ann.http.patch("/rooms/den", json!({"blocked_words": [], "blocks_links": true})).await.ok(200);
    bob.posts("den", "[x](nothing)").await;
    let link = bob.http.post("/rooms/den/messages", json!({"key": new_key(), "body": "https://example.org"})).await;
    assert_eq!(link.error(), (403, "forbidden"));
}

async fn moderators_are_told_of_names_that_look_alike(server: Server) {
    let root = server.person_as("root", "admin").await;
    let [ann, eve, mod_] = server.people(["ann", "eve", "mo"]).await;
    ann.http.patch("/me", json!({"display_name": "Ann Lee"})).await.ok(200);
    mod_.makes_room("den").await;
    for name in ["Аnn Lее", "ann-lee", "АNN LEE", "аnn"] {
        eve.http.patch("/me", json!({"display_name": name})).await.ok(200);
        for moderator in [&root, &mod_] {
            let profile = moderator.http.get("/users/eve").await.ok(200);
            assert_eq!(profile["looks_like"][0]["username"], "ann", "{name}: {profile}");
        }
        let page = root.http.get("page:/people/eve").await;
        assert!(page.text.contains("Can be taken for"), "{name}");
        assert_eq!(ann.http.get("/users/eve").await.ok(200).get("looks_like"), None, "{name}");
    }
    eve.http.patch("/me", json!({"display_name": "Eve Lee"})).await.ok(200);
    assert_eq!(root.http.get("/users/eve").await.ok(200).get("looks_like"), None);
}

on_both_databases![
    people_are_found_by_each_word_of_their_names_in_whatever_case_and_form,
    rooms_are_found_by_each_word_of_their_titles,
    names_that_were_set_before_are_noted_once_the_server_runs,
    a_filter_reads_what_people_see,
    moderators_are_told_of_names_that_look_alike,
];
on_sqlite![
    nobody_is_called_by_a_reserved_name_or_by_dots,
    a_username_is_taken_as_it_was_meant,
    a_name_that_is_written_otherwise_counts_as_the_same,
    a_password_fits_in_whatever_form_it_is_typed,
    names_that_show_nothing_or_turn_others_around_are_refused,
];
