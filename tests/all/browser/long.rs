//! Rooms in which much was said: walked through from end to beginning, and entered in the middle.

use super::window::{Chromedriver, ESCAPE, LIMIT, UP, Window};
use super::wire::Wire;
use crate::common::*;

/// The most messages that a page holds, however far one reads.
const MOST: u64 = 400;

/// A room with so many messages of a few lines, by two who take turns of different lengths.
async fn den(server: &Server, messages: usize) -> Person {
    let [bob, carla] = server.people(["bob", "carla"]).await;
    bob.makes_room("den").await;
    let mut said = (1..=messages).map(|number| match number % 7 {
        0 => format!("number {number}\n\na second line\n\n- and\n- a list"),
        3 => format!("number {number}, {}", "with many words ".repeat(20)),
        _ => format!("number {number}"),
    });
    for turn in (0..).map(|turn| turn % 2) {
        let part: Vec<String> = said.by_ref().take(60 + 37 * turn).collect();
        if part.is_empty() {
            break;
        }
        [&bob, &carla][turn].socket_in("den").await.say_many("den", part.into_iter()).await;
    }
    bob
}

async fn enters(chromedriver: &Chromedriver, site: String) -> Window {
    let ann = Window::open(chromedriver, site).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    ann
}

/// At the room's two hundredth message, by its link.
async fn enters_in_the_middle(chromedriver: &Chromedriver, site: String) -> Window {
    let ann = enters(chromedriver, site).await;
    ann.goto("/rooms/den/200").await;
    ann.online().await;
    ann.until("return document.querySelectorAll('#log .msg').length >= 50").await;
    ann
}

/// By the room's menu, to the day that a script gives.
async fn goes_to_day(window: &Window, day: &str) {
    window.click("#room-menu").await;
    window.chooses("Go to a day…").await;
    window.element("dialog input[type=date]").await;
    window.run(&format!("document.querySelector('dialog input[type=date]').value = {day}")).await;
    window.click("dialog .button:not(.quiet)").await;
}

/// Walks through the list, up (-1) or down (1), frame by frame, until nothing more comes. In each frame the text that is looked
/// at moves by most of the list's height and by nothing else. Leaves what it saw in `walked`.
fn walk(direction: i64) -> String {
    format!(
        "const log = document.querySelector('#log'), step = {direction} * Math.floor(log.clientHeight * 0.9);
        const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        const box = log.getBoundingClientRect();
        const seen = () => [...log.querySelectorAll('.msg')].filter((m) => {{
            const {{ top, bottom }} = m.getBoundingClientRect();
            return bottom > box.top + 1 && top < box.bottom - 1;
        }});
        window.walked = null;
        (async () => {{
            const ids = new Set();
            let most = 0, jumps = [], still = 0;
            // At an edge it waits for what comes.
            const more = () => step < 0 ? !document.querySelector('#start').textContent.includes('begins') : log.matches('.apart');
            while (still < 5 || more()) {{
                const now = seen();
                now.forEach((m) => ids.add(Number(m.dataset.id)));
                most = Math.max(most, log.querySelectorAll('.msg').length);
                const one = now[0], text = one.querySelector('.body'), before = text.getBoundingClientRect().top;
                const at = log.scrollTop, room = step < 0 ? at : log.scrollHeight - log.clientHeight - at;
                const by = Math.sign(step) * Math.min(Math.abs(step), room);
                log.scrollTop = at + by;
                await frame();
                const same = document.getElementById(one.id)?.querySelector('.body');
                const moved = same ? before - same.getBoundingClientRect().top - by : NaN;
                if (!(Math.abs(moved) < 2)) jumps.push([one.id, moved]);
                still = Math.abs(by) < 1 ? still + 1 : 0;
            }}
            window.walked = {{ ids: [...ids], most, jumps }};
        }})();"
    )
}

async fn walked(window: &Window, direction: i64) -> Value {
    window.run(&walk(direction)).await;
    eventually(LIMIT * 4, "the end of the walk", async || {
        let walked = window.run("return window.walked").await;
        (!walked.is_null()).then_some(walked)
    })
    .await
}

#[tokio::test]
async fn five_thousand_messages_are_scrolled_through_without_a_jump_in_a_page_that_stays_small() {
    const MESSAGES: u64 = 5_000;
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, MESSAGES as usize).await;
    let chromedriver = Chromedriver::start().await;
    let ann = enters(&chromedriver, server.url()).await;
    for (direction, last) in [(-1, MESSAGES), (1, MESSAGES + 1)] {
        let walked = walked(&ann, direction).await;
        assert_eq!(walked["jumps"], json!([]), "{direction}");
        let mut ids: Vec<u64> = serde_json::from_value(walked["ids"].clone()).unwrap();
        ids.sort_unstable();
        assert_eq!((ids.len() as u64, ids[0], ids[ids.len() - 1]), (last, 1, last), "none is left out, {direction}");
        let most = walked["most"].as_u64().unwrap();
        println!("at most {most} messages in the page, {direction}");
        assert!((200..=MOST).contains(&most), "{most} messages in the page");
        if direction < 0 {
            ann.shows("#start", "This is where den begins.").await;
            // Far from the end one hears of what is said there, and is led to it.
            bob.posts("den", "meanwhile").await;
            ann.shows("#jump", "1 new message").await;
            assert!(!ann.bodies().await.contains(&"meanwhile".to_owned()));
            bob.http.delete("/rooms/den/messages/5001").await.ok(204);
        }
    }
    ann.lacks("#jump:not([hidden])").await;
    bob.posts("den", "now").await;
    ann.bodies_up_to("now").await;
    ann.until("const l = document.querySelector('#log'); return l.scrollHeight - l.scrollTop - l.clientHeight < 2")
        .await;
    ann.close().await;
}

#[tokio::test]
async fn a_link_leads_to_its_message_and_from_there_to_the_newest() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, 1_000).await;
    let chromedriver = Chromedriver::start().await;
    let ann = enters(&chromedriver, server.url()).await;
    ann.goto("/rooms/den/300").await;
    ann.until("return document.activeElement?.id === 'm-300'").await;
    ann.online().await;
    let in_sight = "const { top, bottom } = document.querySelector('#m-300').getBoundingClientRect();
        const box = document.querySelector('#log').getBoundingClientRect();
        return top > box.top && bottom < box.bottom";
    ann.until("return document.querySelectorAll('#log .msg').length >= 50").await;
    ann.until(in_sight).await;
    let ids = "return [...document.querySelectorAll('#log .msg')].map(({ dataset }) => Number(dataset.id))";
    let ids: Vec<u64> = serde_json::from_value(ann.run(ids).await).unwrap();
    assert!(ids.contains(&300) && ids.iter().all(|id| (200..400).contains(id)), "only what lies around: {ids:?}");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "without a gap: {ids:?}");
    // What is changed there shows, what is said at the end does not.
    bob.http.delete("/rooms/den/messages/301").await.ok(204);
    ann.element("#m-301 .gone").await;
    bob.posts("den", "at the end").await;
    ann.shows("#jump", "1 new message").await;
    ann.click("#jump").await;
    ann.bodies_up_to("at the end").await;
    ann.arrives_at("/rooms/den").await;
    // A message that is written from the middle takes its writer to the end.
    ann.goto("/rooms/den/300").await;
    ann.online().await;
    ann.until(in_sight).await;
    ann.says("here I am").await;
    ann.bodies_up_to("here I am").await;
    // Her last message can't be edited from where it is not shown: the key leads there first.
    ann.goto("/rooms/den/300").await;
    ann.online().await;
    ann.until(in_sight).await;
    ann.fill("#message", UP).await;
    ann.bodies_up_to("here I am").await;
    ann.lacks("#mode:not([hidden])").await;
    ann.fill("#message", UP).await;
    ann.shows("#mode", "Editing").await;
    ann.goto("/rooms/den/999999").await;
    ann.shows("#status", "not there any more").await;
    ann.close().await;
}

#[tokio::test]
async fn a_link_shows_its_message_without_scripts_too() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, 100).await;
    let page = bob.http.get("page:/rooms/den/50").await;
    assert!(
        page.text.contains("id=\"m-50\"") && page.text.contains("id=\"m-45\"") && page.text.contains("id=\"m-55\"")
    );
    assert!(!page.text.contains("id=\"m-100\"") && page.text.contains("<a href=\"/rooms/den\">To the newest"));
    let stranger = server.person("eve").await;
    bob.makes_private_room("secret").await;
    assert_eq!(stranger.http.get("page:/rooms/secret/1").await.status, 404);
}

#[tokio::test]
async fn a_day_is_gone_to_from_the_rooms_menu() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    den(&server, 900).await;
    // A hundred messages a day, long ago.
    server.execute("UPDATE messages SET sent_at = datetime('2026-03-01 12:00:00', '+' || ((id - 1) / 100) || ' days') WHERE id <= 900");
    let chromedriver = Chromedriver::start().await;
    let ann = enters(&chromedriver, server.url()).await;
    for (day, first) in [("2026-03-04", 301), ("2026-01-01", 1)] {
        goes_to_day(&ann, &format!("'{day}'")).await;
        ann.until(&format!("return document.activeElement?.id === 'm-{first}'")).await;
    }
    ann.shows(".day", "Sunday, March 1").await;
    ann.close().await;
}

#[tokio::test]
async fn the_first_unread_message_is_one_click_away_however_far_up_it_is() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, 30).await;
    let chromedriver = Chromedriver::start().await;
    let ann = enters(&chromedriver, server.url()).await;
    ann.bodies_up_to("number 30").await;
    ann.goto("/rooms").await;
    bob.socket_in("den").await.say_many("den", (31..=230).map(|number| format!("number {number}"))).await;
    ann.opens_room("den").await;
    ann.shows("#unread", "200 new messages since you were here").await;
    ann.lacks("#log .fresh").await;
    ann.click("#unread").await;
    ann.until("return document.querySelector('#log .fresh')?.nextElementSibling.id === 'm-31'").await;
    ann.lacks("#unread:not([hidden])").await;
    ann.until("return document.querySelector('#log .fresh').getBoundingClientRect().top > 0").await;
    // Whoever says something has come to the end, and is not led back.
    ann.goto("/rooms").await;
    bob.socket_in("den").await.say_many("den", (231..=330).map(|number| format!("number {number}"))).await;
    ann.opens_room("den").await;
    ann.shows("#unread", "new messages since you were here").await;
    ann.says("I have read it all").await;
    ann.lacks("#unread:not([hidden])").await;
    ann.close().await;
}

#[tokio::test]
async fn a_reset_keeps_the_place_and_what_is_being_written() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, 600).await;
    let wire = Wire::to(&server.address).await;
    let chromedriver = Chromedriver::start().await;
    let ann = enters_in_the_middle(&chromedriver, wire.url()).await;
    ann.fill("#message", "half a thou").await;
    let place = "return document.querySelector('#m-200 .body').getBoundingClientRect().top";
    let before = ann.run(place).await.as_f64().unwrap();
    wire.cut();
    ann.offline().await;
    server.execute("UPDATE meta SET value = 'another' WHERE name = 'epoch'");
    bob.posts("den", "after the reset").await;
    wire.mend();
    ann.comes_back().await;
    ann.run("document.querySelector('#m-200').id = 'of-before'").await;
    ann.until("return !document.querySelector('#of-before') && !!document.querySelector('#m-200')").await;
    let after = ann.run(place).await.as_f64().unwrap();
    assert!((after - before).abs() < 2.0, "moved by {}", after - before);
    assert_eq!(ann.run("return document.querySelector('#message').value").await, json!("half a thou"));
    ann.click("#jump").await;
    ann.bodies_up_to("after the reset").await;
    ann.press(ESCAPE).await;
    ann.close_despite(&["net::ERR_", "WebSocket connection to"]).await;
}

#[tokio::test]
async fn what_is_near_is_led_to_as_well_as_what_is_far() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, 60).await;
    // Twenty messages a day, all of them in the page once it has loaded what is near.
    server.execute("UPDATE messages SET sent_at = datetime('2026-03-01 12:00:00', '+' || ((id - 1) / 20) || ' days')");
    let chromedriver = Chromedriver::start().await;
    let ann = enters(&chromedriver, server.url()).await;
    goes_to_day(&ann, "'2026-03-02'").await;
    let in_sight = |id: u64| {
        format!(
            "const {{ top }} = document.querySelector('#m-{id}')?.getBoundingClientRect() ?? {{ top: -1 }};
            const box = document.querySelector('#log').getBoundingClientRect();
            return top >= box.top - 1 && top < box.bottom"
        )
    };
    ann.until(&in_sight(21)).await;
    // The answer quotes what stands a little above.
    let answer = json!({ "key": new_key(), "body": "yes", "reply_to": 15 });
    bob.http.post("/rooms/den/messages", answer).await.ok(201);
    ann.goto("/rooms/den").await;
    ann.online().await;
    ann.click("#m-61 .quote").await;
    ann.until(&in_sight(15)).await;
    // A message on its way out stays so when the list is made anew.
    ann.says("a slip").await;
    ann.bodies_up_to("a slip").await;
    ann.focuses(62).await;
    ann.press("\u{E017}").await;
    ann.element("#m-62 .undo").await;
    ann.run("document.querySelector('#m-62').id = 'of-before'").await;
    goes_to_day(&ann, "new Date().toLocaleDateString('sv')").await;
    ann.until("return !document.querySelector('#of-before') && !!document.querySelector('#m-62 .undo')").await;
    ann.run("document.querySelector('#m-62 .undo button').click()").await;
    ann.lacks("#m-62 .undo").await;
    ann.shows("#m-62 .body", "a slip").await;
    ann.close().await;
}

#[tokio::test]
async fn what_is_written_without_a_connection_from_further_up_is_seen_and_sent() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = den(&server, 600).await;
    let wire = Wire::to(&server.address).await;
    let chromedriver = Chromedriver::start().await;
    let ann = enters_in_the_middle(&chromedriver, wire.url()).await;
    wire.cut();
    ann.offline().await;
    ann.says("from the middle").await;
    ann.shows("#log article.pending .body", "from the middle").await;
    let in_sight = "const { top } = document.querySelector('#log .pending').getBoundingClientRect();
        return top < document.querySelector('#log').getBoundingClientRect().bottom";
    ann.until(in_sight).await;
    wire.mend();
    ann.comes_back().await;
    ann.bodies_up_to("from the middle").await;
    let all = bob.reads_whole_room("den").await;
    assert_eq!(all.iter().filter(|message| message["body"] == "from the middle").count(), 1);
    ann.close_despite(&["net::ERR_", "WebSocket connection to"]).await;
}
