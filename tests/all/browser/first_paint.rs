//! The first picture of a room's page, and that nothing of it moves afterwards.

use super::window::{Chromedriver, Window};
use crate::common::*;

const MESSAGES: usize = 60;
/// By the Layout Instability API: the sum of all shifts.
const MOST_SHIFT: f64 = 0.02;
/// Width, height, and whether it is a phone.
const SCREENS: [(u32, u32, bool); 2] = [(1440, 900, false), (390, 844, true)];

/// Sums up what moves, and tells of each message that is in sight where it stands: at the first frame that shows any, and when asked.
const WATCH: &str = "
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries())
            shifts.push([value, ...sources.map(({ node }) => node?.nodeName + '.' + node?.className + '#' + node?.id)]);
    }).observe({ type: 'layout-shift', buffered: true });
    window.inSight = () => {
        const frame = document.querySelector('#log').getBoundingClientRect();
        const seen = [...document.querySelectorAll('#log :is(.msg, .day, .fresh)')].map((each) => {
            const { top, bottom } = each.getBoundingClientRect();
            const text = [...each.querySelectorAll('time, .author, .face, .body > :not(.code, pre), code, span')].map((part) => part.textContent.trim());
            return { id: each.id, text: text.join(' '), top, bottom };
        });
        return seen.filter(({ top, bottom }) => bottom > frame.top && top < frame.bottom).map(({ id, text, top }) => [`${id} ${text}`, top]);
    };
    const look = () => {
        const log = document.querySelector('#log');
        if (!log?.querySelector('.msg') || !log.checkVisibility({ visibilityProperty: true })) return requestAnimationFrame(look);
        // Called in this same frame, after all is laid out and before it is painted.
        new ResizeObserver(() => { window.first ??= inSight(); }).observe(log);
    };
    requestAnimationFrame(look);";

/// A room with sixty messages of several people over several days, of which Ann is a member, and her window.
async fn den(chromedriver: &Chromedriver) -> (Server, Window) {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let authors = server.people(["bob", "cleo", "dora"]).await;
    authors[0].makes_room("den").await;
    for author in &authors {
        author.http.put("/rooms/den/members/me").await.ok(204);
    }
    for number in 1..=MESSAGES {
        let body = match number % 10 {
            3 => "🎉🎉".to_owned(),
            5 => format!("number {number} is long: {}", "many words, and more of them. ".repeat(8)),
            7 => format!("number {number}\n\n```rust\nlet number = {number};\n```"),
            _ => format!("number {number}"),
        };
        authors[number / 4 % 3].posts("den", &body).await;
    }
    server.execute(
        "UPDATE messages SET sent_at = datetime('now', '-' || ((60 - id) / 15) || ' days', '-' || (60 - id) || ' minutes')",
    );
    let ann = Window::open(chromedriver, server.url()).await;
    // Neither the machine's zone nor one of whole hours.
    let zone = json!({ "timezoneId": "Asia/Kolkata" });
    ann.driver.cdp().send_raw("Emulation.setTimezoneOverride", zone).await.unwrap();
    ann.signs_up("ann", "Ann Lee").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    ann.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await.unwrap();
    (server, ann)
}

/// Opens the path anew, and waits until the page has all that it gets.
async fn opens(ann: &Window, (width, height, mobile): (u32, u32, bool), path: &str) {
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
    ann.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
    ann.goto(path).await;
    ann.until("return document.querySelector('#people li[data-user=ann]') !== null").await;
    let painted = "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(() => done(true)))))";
    ann.until(painted).await;
}

/// This message was in the first picture; and what was in it is there still, as it was, and where it was.
async fn stays(ann: &Window, sought: &str) {
    let seen = ann.run("return [window.first, inSight()]").await;
    let [first, now]: [Vec<(String, f64)>; 2] = serde_json::from_value(seen).unwrap();
    assert!(first.iter().any(|(what, _)| what.starts_with(sought)), "{sought}: {first:#?}");
    for (what, top) in first {
        let moved = now.iter().find(|(same, _)| *same == what);
        // A list that is scrolled by whole pixels stands between two.
        assert!(moved.is_some_and(|(_, now)| (top - now).abs() <= 1.0), "{what} was at {top}: {now:#?}");
    }
}

/// What has moved, and how far.
async fn shift(ann: &Window, what: &str) {
    let shifts = ann.run("return shifts").await;
    let sum: f64 = shifts.as_array().unwrap().iter().map(|shift| shift[0].as_f64().unwrap()).sum();
    println!("{what}: {:.4}", sum.abs());
    assert!(sum <= MOST_SHIFT, "{what}: {shifts:#}");
}

#[tokio::test]
async fn a_rooms_page_is_right_in_its_first_picture_and_moves_no_more() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    for screen in SCREENS {
        opens(&ann, screen, "/rooms/den").await;
        shift(&ann, &format!("{screen:?}")).await;
        stays(&ann, "m-60 ").await;
    }
    ann.close().await;
}

#[tokio::test]
async fn a_messages_link_shows_it_in_the_first_picture() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    for screen in SCREENS {
        opens(&ann, screen, "/rooms/den/30").await;
        stays(&ann, "m-30 ").await;
        shift(&ann, &format!("{screen:?}, a message")).await;
    }
    ann.close().await;
}

#[tokio::test]
async fn the_toolbar_for_formatting_has_its_place_before_it_is_there() {
    let chromedriver = Chromedriver::start().await;
    let (_server, ann) = den(&chromedriver).await;
    ann.click("#format").await;
    ann.element("[role=toolbar]").await;
    for screen in SCREENS {
        opens(&ann, screen, "/rooms/den").await;
        ann.element("[role=toolbar]").await;
        stays(&ann, "m-60 ").await;
        shift(&ann, &format!("{screen:?}, with the toolbar")).await;
    }
    ann.click("#format").await;
    ann.lacks("[role=toolbar]").await;
    let height = "return getComputedStyle(document.querySelector('.box'), '::before').height";
    assert_eq!(ann.run(height).await, "auto");
    ann.close().await;
}
