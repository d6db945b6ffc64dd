//! `history`: older messages, page by page.

use crate::common::*;

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

on_both_databases![
    history_pages_backwards_and_each_page_is_oldest_first,
    history_stands_in_the_order_of_ids_whatever_was_changed,
    more_than_100_are_never_given,
];
