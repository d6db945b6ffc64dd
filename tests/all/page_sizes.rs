//! A page holds at most 256 KiB, however long its messages are.

use crate::common::*;

/// The bound, and what a frame has around its messages: the room's title, its people.
const LIMIT: usize = 256 * 1024 + 4 * 1024;

/// As long as a body may be, four bytes a character: 16,000 bytes, and as many again in its HTML.
fn long_body(n: u32) -> String {
    format!("{n:04}{}", "🦀".repeat(3996))
}

async fn den_with_40_long_messages(server: &Server) -> (Person, Socket) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for n in 1..=40 {
        socket.say("den", &long_body(n)).await;
    }
    (ann.clone(), ann.socket().await)
}

async fn a_catch_up_of_long_messages_comes_in_small_pages(server: Server) {
    let (_, mut late) = den_with_40_long_messages(&server).await;
    late.send_json(json!({"type": "join", "room": "den", "after": 0})).await;
    let mut pages = vec![late.expect("joined").await];
    while pages.last().unwrap()["more"] == true {
        pages.push(late.expect("changes").await);
    }
    let mut ids = vec![];
    for page in &pages {
        assert!(page.to_string().len() <= LIMIT, "{} bytes", page.to_string().len());
        ids.extend(numbers(page["messages"].as_array().unwrap(), "id"));
    }
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
}

async fn a_plain_join_gives_the_newest_that_fit(server: Server) {
    let (_, mut late) = den_with_40_long_messages(&server).await;
    let joined = late.join("den").await;
    assert!(joined.to_string().len() <= LIMIT, "{} bytes", joined.to_string().len());
    let ids = numbers(joined["messages"].as_array().unwrap(), "id");
    assert!(!ids.is_empty() && ids.len() < 20);
    assert_eq!(ids, (41 - ids.len() as u64..=40).collect::<Vec<_>>());
    assert_eq!(joined["more"], true);
}

async fn history_walks_through_small_pages_to_the_first_message(server: Server) {
    let (ann, mut late) = den_with_40_long_messages(&server).await;
    let joined = late.join("den").await;
    let mut ids = numbers(joined["messages"].as_array().unwrap(), "id");
    let mut more = joined["more"] == true;
    while more {
        let frame = json!({"type": "history", "room": "den", "before": ids[0], "limit": 100});
        let page = late.ask_ok(frame).await;
        assert!(page.to_string().len() <= LIMIT, "{} bytes", page.to_string().len());
        let older = numbers(page["messages"].as_array().unwrap(), "id");
        assert!(!older.is_empty(), "a page with more to come is not empty");
        ids.splice(0..0, older);
        more = page["more"] == true;
    }
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
    let page = ann.http.get("/rooms/den/messages?limit=100").await;
    assert!(page.text.len() <= LIMIT, "{} bytes", page.text.len());
    assert_eq!(ann.reads_whole_room("den").await.len(), 40);
}

on_both_databases![
    a_catch_up_of_long_messages_comes_in_small_pages,
    a_plain_join_gives_the_newest_that_fit,
    history_walks_through_small_pages_to_the_first_message,
];
