//! `history`: older messages, page by page.

use crate::common::*;
use std::time::Duration;

async fn history_pages_backwards_and_each_page_is_oldest_first(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (1..=130).map(|n| n.to_string())).await;
    let mut page = async |frame: Value| {
        let mut asked = json!({"type": "history", "room": "den"});
        asked.as_object_mut().unwrap().extend(frame.as_object().unwrap().clone());
        let page = socket.ask_ok(asked).await;
        assert_eq!((&page["type"], &page["room"]), (&json!("history"), &json!("den")));
        let messages = page["messages"].as_array().unwrap();
        (numbers(messages, "id"), page["more"].as_bool().expect("more"))
    };
    assert_eq!(page(json!({})).await, ((111..=130).collect(), true), "20 without a limit");
    assert_eq!(page(json!({"before": 111})).await, ((91..=110).collect(), true));
    assert_eq!(page(json!({"before": 111, "limit": 100})).await, ((11..=110).collect(), true));
    assert_eq!(page(json!({"before": 11, "limit": 10})).await, ((1..=10).collect(), false));
    assert_eq!(page(json!({"before": 1})).await, (vec![], false));
    assert_eq!(page(json!({"limit": 1})).await, (vec![130], true));
    assert_eq!(page(json!({"before": 1_000_000, "limit": 1})).await, (vec![130], true));
}

async fn history_stands_in_the_order_of_ids_whatever_was_changed(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for n in 1..=5 {
        socket.say("den", &n.to_string()).await;
    }
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": 2, "body": "two"})).await;
    socket.ask_ok(json!({"type": "delete", "room": "den", "id": 4})).await;
    let page = socket.ask_ok(json!({"type": "history", "room": "den"})).await;
    assert_eq!(bodies(&page), ["1", "two", "3", "", "5"]);
    let http = ann.http.get("/rooms/den/messages").await.ok(200);
    assert_eq!(page["messages"], http["messages"], "the same by either way");
}

async fn more_than_100_are_never_given(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (1..=120).map(|n| n.to_string())).await;
    // Above the bound: fewer than asked for, or refused; both keep the promise.
    let page = socket.ask(json!({"type": "history", "room": "den", "limit": 101})).await;
    if page["type"] == "history" {
        assert!(page["messages"].as_array().unwrap().len() <= 100);
    } else {
        assert_eq!(page["code"], "invalid");
    }
}

async fn history_goes_on_from_a_message_and_lies_around_one(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (1..=130).map(|n| n.to_string())).await;
    for (place, ids, more, newer) in [
        (json!({"after": 0}), 1..=20, false, true),
        (json!({"after": 30, "limit": 100}), 31..=130, true, false),
        (json!({"after": 29, "limit": 100}), 30..=129, true, true),
        (json!({"after": 128}), 129..=130, true, false),
        (json!({"around": 60}), 50..=69, true, true),
        (json!({"around": 3, "limit": 10}), 1..=7, false, true),
        (json!({"around": 11, "limit": 21}), 1..=21, false, true),
        (json!({"around": 130, "limit": 4}), 128..=130, true, false),
        (json!({"around": 7, "limit": 1}), 7..=7, true, true),
        (json!({"around": 500, "limit": 4}), 129..=130, true, false),
    ] {
        let mut asked = json!({"type": "history", "room": "den"});
        asked.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        let page = socket.ask_ok(asked).await;
        assert_eq!(numbers(page["messages"].as_array().unwrap(), "id"), ids.collect::<Vec<_>>(), "{place}");
        assert_eq!((&page["more"], &page["newer"]), (&json!(more), &json!(newer)), "{place}");
        let query: Vec<String> =
            place.as_object().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let http = ann.http.get(&format!("/rooms/den/messages?{}", query.join("&"))).await.ok(200);
        for part in ["messages", "more", "newer"] {
            assert_eq!(page[part], http[part], "{place}: the same by either way");
        }
    }
    let page = socket.ask_ok(json!({"type": "history", "room": "den"})).await;
    assert!(page.get("newer").is_none(), "{page}");
}

async fn history_is_found_by_a_time(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let page = socket.ask_ok(json!({"type": "history", "room": "den", "since": "2026-01-01T00:00:00Z"})).await;
    assert_eq!((bodies(&page).len(), &page["newer"]), (0, &json!(false)), "an empty room");
    socket.say_many("den", (1..=20).map(|n| n.to_string())).await;
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": "one"})).await;
    // The clock moves on, and takes a number that is no message's with it.
    let first = socket.ask_ok(json!({"type": "history", "room": "den", "limit": 1})).await;
    let moment = first["messages"][0]["sent_at"].as_str().unwrap().to_owned();
    let later = eventually(Duration::from_secs(10), "a later time", async || {
        let message = ann.posts("den", "later").await;
        (message["sent_at"].as_str().unwrap() > moment.as_str()).then_some(message)
    })
    .await;
    socket.say_many("den", (1..=20).map(|n| n.to_string())).await;
    let id = later["id"].as_u64().unwrap();
    let since = json!({"type": "history", "room": "den", "since": later["sent_at"], "limit": 3});
    let page = socket.ask_ok(since).await;
    let ids = numbers(page["messages"].as_array().unwrap(), "id");
    // Of several in one millisecond it is the first.
    assert_eq!((ids[1], ids[2]), (id, id + 1), "{page}");
    let early = json!({"type": "history", "room": "den", "since": "2001-01-01T01:00:00+01:00", "limit": 4});
    let page = socket.ask_ok(early).await;
    assert_eq!((numbers(page["messages"].as_array().unwrap(), "id"), &page["more"]), (vec![1, 2], &json!(false)));
    let late = json!({"type": "history", "room": "den", "since": "2301-01-01T00:00:00Z", "limit": 4});
    let page = socket.ask_ok(late).await;
    let ids = numbers(page["messages"].as_array().unwrap(), "id");
    assert_eq!((ids.len(), &page["newer"]), (2, &json!(false)), "where nothing is so late it is the end: {page}");
}

on_both_databases![
    history_goes_on_from_a_message_and_lies_around_one,
    history_is_found_by_a_time,
    history_pages_backwards_and_each_page_is_oldest_first,
    history_stands_in_the_order_of_ids_whatever_was_changed,
    more_than_100_are_never_given,
];
