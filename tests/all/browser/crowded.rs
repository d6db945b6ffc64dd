//! Many rooms, and many people in one.

use super::window::{Chromedriver, ENTER, ESCAPE, LIMIT, Window};
use crate::common::*;
use futures_util::future::join_all;
use thirtyfour::Key;

/// Bytes of a page before its compression.
const MOST_PAGE: u64 = 60_000;

fn count_to(last: u32) -> String {
    format!("WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {last})")
}

#[tokio::test]
async fn among_200_rooms_of_2000_each_is_found_and_the_open_one_is_in_view() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    server.execute(&format!(
        "INSERT INTO rooms (slug, title, topic, kind, created_at)
            {} SELECT printf('room-%03d', n), printf('Room %03d', n), '', 'public', datetime('now') FROM count;
         INSERT INTO members (room_id, user_id, role, last_read_seq, joined_at)
            SELECT rooms.id, users.id, 'member', 0, datetime('now') FROM rooms, users;
         INSERT INTO rooms (slug, title, topic, kind, created_at)
            {} SELECT printf('hall-%04d', n), printf('Hall %04d', n), '', 'public', datetime('now') FROM count;
         INSERT INTO users (username, username_key, display_name, password_hash, created_at)
            VALUES ('bob', 'bob', 'Bob', '', datetime('now'));
         INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at)
            SELECT rooms.id, 1, 1, rooms.slug, '', users.id, 'hello', 'hello', 3, datetime('now')
            FROM rooms, users WHERE username = 'bob' AND slug LIKE 'room-%';
         UPDATE rooms SET last_seq = 1, message_count = 1 WHERE slug LIKE 'room-%'",
        count_to(200),
        count_to(2_000)
    ));
    ann.opens_room("room-150").await;
    // The page has some, and the rest comes with the socket.
    ann.until("return document.querySelectorAll('#rooms ul[data-group=rooms] a').length === 200").await;
    let page = ann.run("return performance.getEntriesByType('navigation')[0].decodedBodySize").await;
    let page = page.as_u64().unwrap();
    println!("{page} bytes of page");
    assert!(page < MOST_PAGE, "{page} bytes of page");
    // What is read stands where its name has it.
    server.execute("UPDATE members SET last_read_seq = 1");
    ann.opens_room("room-150").await;

    // The list scrolls inside itself, and to the open room; what stays above and below it covers nothing.
    let in_view = "const link = document.querySelector('#rooms [aria-current]');
        const { left, top, bottom } = link.getBoundingClientRect();
        return [top + 1, bottom - 1].every((y) => link.contains(document.elementFromPoint(left + 20, y)))";
    ann.until(in_view).await;
    assert_eq!(ann.run("return document.scrollingElement.scrollHeight <= innerHeight").await, json!(true));

    ann.chord(&[Key::Control], "k").await;
    ann.element("#switcher").await;
    ann.press("200").await;
    ann.shows("#switcher [aria-selected=true]", "Room 200").await;
    ann.press(ENTER).await;
    ann.arrives_at("/rooms/room-200").await;
    // A room that one is not in is found by asking the server.
    ann.chord(&[Key::Control], "k").await;
    ann.element("#switcher").await;
    ann.press("hall-1999").await;
    ann.shows("#switcher [aria-selected=true]", "Hall 1999").await;
    ann.press(ESCAPE).await;
    ann.lacks("#switcher").await;
    ann.click("#message").await;
    ann.press("#hall-17").await;
    ann.shows(".completion [aria-selected=true]", "hall-1700").await;
    ann.run("document.querySelector('#message').value = ''").await;
    ann.online().await;
    ann.until(in_view).await;
    ann.opens_room("room-001").await;
    ann.until(in_view).await;
    assert_eq!(ann.run("return document.querySelector('#side').scrollTop").await, json!(0));

    // On a small window the list lies beside what is seen until it is opened.
    ann.driver.set_window_rect(0, 0, 500, 800).await.unwrap();
    ann.opens_room("room-150").await;
    ann.until("return document.querySelector('#talk').getBoundingClientRect().left === 0").await;
    ann.click("#side-open").await;
    ann.until(in_view).await;
    ann.close().await;
}

#[tokio::test]
async fn among_5000_members_of_whom_300_are_here_each_is_found_and_few_are_loaded() {
    let server = Options::sqlite().heartbeat_secs(3600).start().await;
    let bob = server.person("bob").await;
    bob.makes_room("hall").await;
    server.execute(&format!(
        "INSERT INTO users (username, username_key, display_name, password_hash, created_at)
            {} SELECT printf('member-%04d', n), printf('member-%04d', n), printf('Mia Number%04d', n), '', datetime('now') FROM count;
         INSERT INTO members (room_id, user_id, role, last_read_seq, joined_at)
            SELECT rooms.id, users.id, 'member', 0, datetime('now') FROM rooms, users WHERE username LIKE 'member-%'",
        count_to(5_000)
    ));
    eventually(2 * LIMIT, "the names to be noted", async || {
        (server.number("SELECT count(*) FROM users WHERE words_of = ''") == 0).then_some(())
    })
    .await;
    let mut crowd = vec![];
    for some in 0..10 {
        let people = join_all((0..30).map(async |n| server.person(&format!("guest-{some}-{n}")).await)).await;
        crowd.extend(join_all(people.iter().map(|person| person.socket_in("hall"))).await);
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("hall").await;
    ann.shows("#people-count", "301").await;
    ann.lacks("#offline li").await;
    ann.says("Hello to all of you").await;
    ann.bodies_up_to("Hello to all of you").await;

    for (typed, found) in [("@member-4999", "member-4999"), ("@number37", "member-3700")] {
        ann.press(typed).await;
        ann.shows(".completion [aria-selected=true]", found).await;
        ann.press(ENTER).await;
        ann.until(&format!("return document.querySelector('#message').value === '@{found} '")).await;
        ann.run("document.querySelector('#message').value = ''").await;
    }
    ann.press("@mia").await;
    ann.until("return document.querySelectorAll('.completion li').length === 8").await;
    let heaviest = "return Math.max(...performance.getEntriesByType('resource')
        .filter(({ name }) => name.includes('/api/')).map(({ decodedBodySize }) => decodedBodySize))";
    let heaviest = ann.run(heaviest).await.as_u64().unwrap();
    assert!((100..4_000).contains(&heaviest), "an answer of {heaviest} bytes");
    // The page of the room's settings does not have all of them either.
    ann.goto("/rooms/hall/settings").await;
    let page = ann.run("return performance.getEntriesByType('navigation')[0].decodedBodySize").await;
    assert!(page.as_u64().unwrap() < MOST_PAGE, "{page} bytes of settings");
    drop(crowd);
    ann.close().await;
}
