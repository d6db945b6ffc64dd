//! Long lists come in pages, and each thing is on one of them.

use crate::common::*;

/// All pages of a list, each of at most `limit`, put together by `name`.
async fn walk(person: &Person, path: &str, list: &str, limit: usize, name: impl Fn(&Value) -> String) -> Vec<String> {
    let (mut names, mut cursor) = (vec![], None::<String>);
    loop {
        let mut url = reqwest::Url::parse("http://klatch/").unwrap().join(path).unwrap();
        url.query_pairs_mut().append_pair("limit", &limit.to_string());
        if let Some(cursor) = &cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let page = person.http.get(&format!("{}?{}", url.path(), url.query().unwrap())).await.ok(200);
        let some = page[list].as_array().expect("a list");
        assert!(some.len() <= limit, "{page}");
        names.extend(some.iter().map(&name));
        match page["cursor"].as_str() {
            Some(next) => {
                assert_eq!(some.len(), limit, "a page that goes on is full");
                cursor = Some(next.to_owned());
            }
            None => return names,
        }
    }
}

fn slug(room: &Value) -> String {
    room["slug"].as_str().unwrap().to_owned()
}

fn username(user: &Value) -> String {
    user["username"].as_str().unwrap().to_owned()
}

async fn each_room_is_on_one_page(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for slug in ["attic", "bar", "cellar-1", "cellar-2", "den"] {
        ann.makes_room(slug).await;
    }
    ann.http.patch("/rooms/den", json!({"title": "The Cellar below"})).await.ok(200);
    ann.makes_private_room("vault").await;
    for slug in ["bar", "den"] {
        bob.http.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
    }
    let all = ["attic", "bar", "cellar-1", "cellar-2", "den"];
    for limit in [1, 2, 3, 5, 100] {
        assert_eq!(walk(&bob, "/rooms", "rooms", limit, slug).await, all, "{limit}");
        assert_eq!(walk(&bob, "/rooms?member=true", "rooms", limit, slug).await, ["bar", "den"]);
        let others = walk(&bob, "/rooms?member=false", "rooms", limit, slug).await;
        assert_eq!(others, ["attic", "cellar-1", "cellar-2"]);
        assert_eq!(walk(&bob, "/rooms?q=CELLAR", "rooms", limit, slug).await, ["cellar-1", "cellar-2", "den"]);
        assert_eq!(walk(&bob, "/rooms?q=cellar&member=true", "rooms", limit, slug).await, ["den"]);
    }
    assert_eq!(walk(&bob, "/rooms?q=ellar", "rooms", 9, slug).await, [""; 0], "a part of a word");
    assert_eq!(walk(&bob, "/rooms?q=vault", "rooms", 9, slug).await, [""; 0]);
    for limit in ["0", "101", "-1", "x"] {
        let refused = bob.http.get(&format!("/rooms?limit={limit}")).await.status;
        assert!([400, 422].contains(&refused), "{limit}: {refused}");
    }
}

async fn each_person_is_on_one_page(server: Server) {
    let [ann, bob, ..] = server.people(["ann", "bob", "Carl", "carl.a", "dora"]).await;
    bob.http.patch("/me", json!({"display_name": "Bob Carline"})).await.ok(200);
    ann.http.patch("/me", json!({"display_name": "Carl's carol, caroling"})).await.ok(200);
    ann.makes_room("den").await;
    for name in ["bob", "Carl", "carl.a", "dora"] {
        ann.adds(name, "den").await;
    }
    let member = |member: &Value| username(&member["user"]);
    for limit in [1, 2, 3, 5, 100] {
        assert_eq!(walk(&ann, "/users", "users", limit, username).await, ["ann", "bob", "Carl", "carl.a", "dora"]);
        assert_eq!(
            walk(&ann, "/users?q=carl", "users", limit, username).await,
            ["Carl", "carl.a", "ann", "bob"],
            "{limit}"
        );
        // By each of three words, once.
        assert_eq!(
            walk(&ann, "/users?q=c", "users", limit, username).await,
            ["Carl", "carl.a", "ann", "bob"],
            "{limit}"
        );
        let members = walk(&ann, "/rooms/den/members", "members", limit, member).await;
        assert_eq!(members, ["ann", "bob", "Carl", "carl.a", "dora"]);
        let members = walk(&ann, "/rooms/den/members?q=carl", "members", limit, member).await;
        assert_eq!(members, ["Carl", "carl.a", "ann", "bob"], "{limit}");
    }
    for path in ["/users", "/rooms/den/members"] {
        for cursor in ["", "x", "%C3%A4"] {
            let refused = ann.http.get(&format!("{path}?cursor={cursor}")).await;
            assert_eq!(refused.error(), (422, "invalid"), "{path} {cursor}");
        }
    }
}

on_both_databases![each_room_is_on_one_page, each_person_is_on_one_page];
