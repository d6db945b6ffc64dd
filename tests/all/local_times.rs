//! Times, days and groups on the page of a room, as the server writes them for whoever's browser has told how it does.

use crate::common::*;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, ZonedDateTime};
use reqwest::Method;

/// A message as a page has it.
#[derive(Debug, PartialEq)]
struct Seen {
    /// What the line above it says.
    day: Option<String>,
    time: String,
    cont: bool,
}

fn seen(day: Option<&str>, time: &str, cont: bool) -> Seen {
    Seen { day: day.map(str::to_owned), time: time.to_owned(), cont }
}

/// What stands between these two.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// The messages of a page, from the top.
fn messages(page: &str) -> Vec<Seen> {
    let log = between(page, "id=\"log\"", "id=\"unread\"").expect("a list");
    let mut parts = log.split("<article ");
    let mut above = parts.next().unwrap_or_default();
    let messages = parts.map(|part| {
        let day = between(above, "<div class=\"day\"", "</div>").and_then(|line| between(line, "<span>", "</span>"));
        above = part.split_once("</article>").map_or("", |(_, rest)| rest);
        let classes = between(part, "class=\"", "\"").expect("classes");
        let time = between(part, "<time ", "</time>").and_then(|time| time.split_once('>')).expect("a time").1;
        seen(day, time, classes.split(' ').any(|class| class == "cont"))
    });
    messages.collect()
}

/// The page with a cookie of this value.
async fn page(ann: &Person, language: &str, clock: Option<&str>) -> Reply {
    let mut cookies = ann.http.cookie().expect("a session");
    if let Some(clock) = clock {
        let value: String = url::form_urlencoded::byte_serialize(clock.as_bytes()).collect();
        cookies += &format!("; klatch_clock={}", value.replace('+', "%20"));
    }
    let request = ann.http.request(Method::GET, "page:/rooms/den").header("Accept", "text/html");
    Reply::of(request.header("Accept-Language", language).header("Cookie", cookies)).await
}

/// Ann's and Bob's messages of a night in which the clocks of New York went on by an hour.
async fn den(server: &Server) -> Person {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    let sent = [
        (&ann, "2024-03-10 06:58:00"),
        (&ann, "2024-03-10 07:01:00"),
        (&ann, "2024-03-10 07:06:30"),
        (&bob, "2024-03-10 07:07:00"),
        (&bob, "2024-03-10 22:58:00"),
        (&bob, "2024-03-10 23:02:00"),
        (&bob, "2024-03-10 23:03:00"),
    ];
    for (number, (who, _)) in sent.iter().enumerate() {
        let answered = if number == 6 { json!(1) } else { Value::Null };
        let message = json!({ "key": new_key(), "body": "words", "reply_to": answered });
        who.http.post("/rooms/den/messages", message).await.ok(201);
    }
    for (number, (_, at)) in sent.iter().enumerate() {
        server.execute(&format!("UPDATE messages SET sent_at = '{at}' WHERE id = {}", number + 1));
    }
    ann
}

#[tokio::test]
async fn a_page_has_the_times_days_and_groups_of_the_readers_own_zone_and_clock() {
    let server = Server::start(Options::sqlite()).await;
    let ann = den(&server).await;
    let sunday = "Sunday, March 10, 2024";
    let rows = [
        (
            "Europe/Berlin~09:05~Sunday 7 January",
            ["07:58", "08:01", "08:06", "08:07", "23:58", "00:02", "00:03"],
            [Some("Sunday, 10 March 2024"), None, None, None, None, Some("Monday, 11 March 2024"), None],
            [false, true, false, false, false, false, false],
        ),
        (
            "Asia/Kolkata~9:05 am~Sunday, 7 January",
            ["12:28 pm", "12:31 pm", "12:36 pm", "12:37 pm", "4:28 am", "4:32 am", "4:33 am"],
            [Some("Sunday, 10 March 2024"), None, None, None, Some("Monday, 11 March 2024"), None, None],
            [false, true, false, false, false, true, false],
        ),
        (
            "America/New_York~9:05 AM~Sunday, January 7",
            ["1:58 AM", "3:01 AM", "3:06 AM", "3:07 AM", "6:58 PM", "7:02 PM", "7:03 PM"],
            [Some(sunday), None, None, None, None, None, None],
            [false, true, false, false, false, true, false],
        ),
        (
            "UTC~<b>~<i>~more",
            ["06:58", "07:01", "07:06", "07:07", "22:58", "23:02", "23:03"],
            [Some(sunday), None, None, None, None, None, None],
            [false, true, false, false, false, true, false],
        ),
    ];
    for (clock, times, days, groups) in rows {
        let expected: Vec<Seen> = (0..7).map(|at| seen(days[at], times[at], groups[at])).collect();
        assert_eq!(messages(&page(&ann, "en", Some(clock)).await.text), expected, "{clock}");
    }
    let german = page(&ann, "de", Some("Europe/Vienna~09:05~Sonntag, 7. Jänner")).await.text;
    assert_eq!(messages(&german)[5], seen(Some("Montag, 11. März 2024"), "00:02", false));
}

#[tokio::test]
async fn whoevers_browser_tells_no_zone_reads_days_and_times_in_utc() {
    let server = Server::start(Options::sqlite()).await;
    let ann = den(&server).await;
    let hostile = [
        "Europe/Atlantis~09:05",
        "",
        "~~",
        "/etc/localtime~09:05",
        "../../etc/passwd",
        "Etc/Unknown~09:05",
        "\"><script>alert(1)</script>",
        "Europe/Berlin\u{0}",
        "Europe/Berlin\r\nSet-Cookie: a=b",
    ];
    let long = format!("{}x", "Europe/Berlin~".repeat(200));
    let utc = ["06:58", "07:01", "07:06", "07:07", "22:58", "23:02", "23:03"];
    let utc = utc.map(|time| seen(None, &format!("2024-03-10 {time} UTC"), false));
    for clock in [None].into_iter().chain(hostile.map(Some)) {
        let page = page(&ann, "en", clock).await;
        assert_eq!(page.status, 200, "{clock:?}");
        assert_eq!(messages(&page.text), utc, "{clock:?}");
        assert!(!page.text.contains("<script>"), "{clock:?}");
    }
    // What follows a zone is compared, and never shown.
    let page = page(&ann, "en", Some(&long)).await;
    assert_eq!((page.status, messages(&page.text)[0].time.as_str()), (200, "07:58"));
}

#[tokio::test]
async fn today_and_yesterday_are_those_of_the_readers_zone() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for _ in 0..3 {
        ann.posts("den", "words").await;
    }
    // Fourteen hours before UTC and twelve behind: of the two, one has another day than UTC at any time.
    for (zone, language) in [("Pacific/Kiritimati", "en"), ("Etc/GMT+12", "en"), ("UTC", "de")] {
        let now = ZonedDateTime::new(Timestamp::now(), TimeZone::get(zone).expect("a zone"));
        let noon = |days: i64| {
            let day = now.date().checked_sub(days.days()).expect("a day").at(12, 0, 0, 0);
            day.to_zoned_datetime(now.time_zone().clone()).expect("a time").timestamp()
        };
        for (id, days) in [(1, 2), (2, 1), (3, 0)] {
            let at = noon(days).strftime("%Y-%m-%d %H:%M:%S");
            server.execute(&format!("UPDATE messages SET sent_at = '{at}' WHERE id = {id}"));
        }
        let seen = messages(&page(&ann, language, Some(&format!("{zone}~09:05"))).await.text);
        let days: Vec<_> = seen.iter().map(|message| message.day.as_deref().expect("a day")).collect();
        let expected = if language == "de" { ["Gestern", "Heute"] } else { ["Yesterday", "Today"] };
        assert_eq!(days[1..], expected, "{zone}");
        assert!(days[0].contains(&now.date().checked_sub(2.days()).unwrap().day().to_string()), "{zone}: {days:?}");
        assert!(seen.iter().all(|message| message.time == "12:00"), "{zone}: {seen:?}");
    }
}

#[tokio::test]
async fn a_page_marks_what_is_new_large_and_meant_for_its_reader() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for room in ["den", "attic"] {
        ann.makes_room(room).await;
    }
    bob.http.put("/rooms/den/members/me").await.ok(204);
    ann.posts("den", "first").await;
    bob.posts("den", "read").await;
    ann.http.post("/read", json!({ "rooms": ["den"] })).await.ok(204);
    for body in ["🎉 🎉", "hello @ann, see #attic", "hello @bob, see #cellar"] {
        bob.posts("den", body).await;
    }
    let text = page(&ann, "en", Some("UTC~09:05")).await.text;
    let article = |id: u32| between(&text, &format!("id=\"m-{id}\""), "</article>").expect("a message");
    let classes = |id: u32| {
        let (before, _) = text.split_once(&format!("\" id=\"m-{id}\"")).expect("a message");
        before.rsplit_once("class=\"").expect("classes").1
    };
    assert_eq!([1, 2, 3, 4, 5].map(classes), ["msg", "msg", "msg big", "msg cont mention", "msg cont"], "{text}");
    assert!(article(4).contains("class=\"at mine\" data-user=\""), "{}", article(4));
    assert!(article(4).contains("<a class=\"at\" href=\"/rooms/attic\">#attic</a>"), "{}", article(4));
    assert!(!article(5).contains("mine") && !article(5).contains("href=\"/rooms/cellar\""), "{}", article(5));
    let (before, after) = text.split_once("<div class=\"fresh\"><span>New</span></div>").expect("the line");
    assert!(before.contains("id=\"m-2\"") && after.trim_start().starts_with("<article class=\"msg big\" id=\"m-3\""));
}
