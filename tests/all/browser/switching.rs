//! Rooms of one page: from one to another without a page load, each as it was left.

use super::window::{Chromedriver, LIMIT, Window};
use crate::common::*;

/// Marks this page: one that was loaded anew has no mark.
const MARK: &str = "window.marked = true";
const IS_MARKED: &str = "return window.marked === true";
/// The first message that is seen, and how far it stands below the list's upper edge.
const PLACE: &str = "const log = document.querySelector('#log');
    const { top } = log.getBoundingClientRect();
    const first = [...log.querySelectorAll('.msg')].find((each) => each.getBoundingClientRect().bottom > top);
    return [first.id, Math.round(first.getBoundingClientRect().top - top)]";
const DRAFT: &str = "const text = document.querySelector('#message'); return [text.value, text.selectionStart]";
/// Requests that the page has made, but for parts of itself.
const REQUESTS: &str = "return performance.getEntriesByType('resource').filter(({ name }) => !name.includes('/static/')).map(({ name }) => name)";

fn link(slug: &str) -> String {
    format!("#rooms a[data-slug={slug}]")
}

/// Follows the room's link, and waits until it is shown.
async fn turns_to(window: &Window, slug: &str) {
    window.click(&link(slug)).await;
    is_at(window, slug).await;
}

async fn is_at(window: &Window, slug: &str) {
    window.arrives_at(&format!("/rooms/{slug}")).await;
    window.element(&format!("#talk[data-room={slug}]")).await;
}

/// Ann at a room of 60 messages, in two others as well.
async fn ann_of_three_rooms() -> (Server, Person, Chromedriver, Window) {
    let server = Options::sqlite().option("--send-rate", 0).start().await;
    let bob = server.person("bob").await;
    for slug in ["attic", "den", "garden"] {
        bob.makes_room(slug).await;
    }
    for number in 0..60 {
        bob.posts("den", &format!("Message {number}\n\nis long enough\n\nto be read for a while.")).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for slug in ["garden", "attic", "den"] {
        ann.opens_room(slug).await;
        ann.online().await;
        ann.element("#people li[data-user=ann]").await;
    }
    ann.run(MARK).await;
    (server, bob, chromedriver, ann)
}

#[tokio::test]
async fn a_room_that_was_open_before_comes_back_as_it_was_left_without_a_request() {
    let (_server, bob, _chromedriver, ann) = ann_of_three_rooms().await;
    turns_to(&ann, "attic").await;
    ann.element("#people li[data-user=ann]").await;
    turns_to(&ann, "den").await;
    ann.run("document.querySelector('#log').scrollTop = 0").await;
    let loaded = "return document.querySelectorAll('#log .msg').length === 60";
    ann.until(loaded).await;
    ann.run("const log = document.querySelector('#log'); log.scrollTop = log.scrollHeight / 2").await;
    ann.until("return !document.querySelector('#jump').hidden").await;
    ann.fill("#message", "half a thought").await;
    ann.run("document.querySelector('#message').setSelectionRange(4, 4)").await;
    let (place, draft) = (ann.run(PLACE).await, ann.run(DRAFT).await);
    assert_eq!(draft, json!(["half a thought", 4]));

    turns_to(&ann, "attic").await;
    assert_eq!(ann.run(DRAFT).await, json!(["", 0]), "each room has its own");
    bob.posts("den", "Said meanwhile, @ann").await;
    ann.shows(&format!("{} .count.at", link("den")), "1").await;
    ann.title_becomes("(1) attic · klatch").await;

    let before = ann.run(REQUESTS).await;
    turns_to(&ann, "den").await;
    assert_eq!(ann.run(REQUESTS).await, before, "all of it was there");
    assert_eq!((ann.run(PLACE).await, ann.run(DRAFT).await), (place, draft));
    // What came is in the list already, and not read yet.
    let said = "return document.querySelector('#log .msg:last-of-type .body').textContent.trim()";
    assert_eq!(ann.run(said).await, json!("Said meanwhile, @ann"));
    ann.shows("#jump", "1 new message").await;
    ann.click("#jump").await;
    ann.title_becomes("den · klatch").await;
    assert_eq!(ann.run(IS_MARKED).await, json!(true), "it is one page");
    ann.close().await;
}

#[tokio::test]
async fn back_forward_and_reload_lead_through_rooms_and_messages_of_one_page() {
    let (_server, bob, _chromedriver, ann) = ann_of_three_rooms().await;
    let there = bob.posts("garden", "look at /rooms/den/7").await;
    turns_to(&ann, "garden").await;
    turns_to(&ann, "attic").await;
    for (step, slug) in [("back", "garden"), ("back", "den"), ("forward", "garden"), ("forward", "attic")] {
        ann.run(&format!("history.{step}()")).await;
        is_at(&ann, slug).await;
        ann.element(&format!("{}[aria-current=page]", link(slug))).await;
    }
    // A message's address, in a room that is open and in one that is not.
    ann.run(
        "const link = document.createElement('a'); link.href = '/rooms/den/7'; link.id = 'to';
             document.querySelector('#log').append(link); link.click()",
    )
    .await;
    ann.element("#m-7.sought").await;
    assert_eq!(ann.run(IS_MARKED).await, json!(true), "it is one page");
    ann.driver.refresh().await.unwrap();
    ann.element("#m-7.sought").await;
    ann.online().await;
    ann.run(MARK).await;
    let to = format!("/rooms/garden/{}", there["id"]);
    ann.run(&format!(
        "const link = document.createElement('a'); link.href = '{to}';
                      document.querySelector('#log').append(link); link.click()"
    ))
    .await;
    ann.element(&format!("#talk[data-room=garden] #m-{}.sought", there["id"])).await;
    assert_eq!(ann.run(IS_MARKED).await, json!(true), "it is one page");
    // What is to open elsewhere is left to the browser.
    let left = "return [['ctrlKey', true], ['metaKey', true], ['shiftKey', true], ['button', 1]].map(([name, value]) => {
        const link = document.querySelector('#rooms a[data-slug=attic]');
        const event = new MouseEvent('click', { bubbles: true, cancelable: true, [name]: value });
        let followed = null;
        addEventListener('click', (event) => { followed = event.defaultPrevented; event.preventDefault(); }, { once: true });
        link.dispatchEvent(event);
        return followed;
    })";
    assert_eq!(ann.run(left).await, json!([false, false, false, false]));
    ann.close().await;
}

#[tokio::test]
async fn no_key_is_lost_while_a_room_is_on_its_way_and_none_where_no_text_is_taken() {
    let (_server, _bob, _chromedriver, ann) = ann_of_three_rooms().await;
    ann.fill("#message", "for the den").await;
    let tools = ann.driver.cdp();
    tools.send_raw("Network.enable", json!({})).await.unwrap();
    // Its requests would not be held up.
    tools.send_raw("Network.setBypassServiceWorker", json!({"bypass": true})).await.unwrap();
    let is_slow = async |latency: u32| {
        let network = json!({ "offline": false, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1 });
        tools.send_raw("Network.emulateNetworkConditions", network).await.unwrap();
    };
    is_slow(2_000).await;
    ann.run("document.querySelector('#rooms a[data-slug=attic]').click()").await;
    ann.element("#talk[data-room=den][aria-busy=true]").await;
    ann.press("for the atticc\u{8}").await;
    is_at(&ann, "attic").await;
    is_slow(0).await;
    assert_eq!(ann.run(DRAFT).await, json!(["for the attic", 13]));
    // A click beside everything takes the focus from the text box.
    ann.run("document.activeElement.blur()").await;
    ann.press("!").await;
    assert_eq!(ann.run(DRAFT).await, json!(["for the attic!", 14]));
    turns_to(&ann, "den").await;
    assert_eq!(ann.run(DRAFT).await, json!(["for the den", 11]));
    ann.close().await;
}

/// Where the pointer comes to a link its page is fetched ahead: what it says may be over when the link is followed.
#[tokio::test]
async fn what_was_fetched_ahead_is_not_shown_once_it_is_out_of_date() {
    let (_server, bob, _chromedriver, ann) = ann_of_three_rooms().await;
    let fetched = "return performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/rooms/garden'))";
    let over = format!(
        "document.querySelector('{}').dispatchEvent(new PointerEvent('pointerover', {{ bubbles: true }}))",
        link("garden")
    );
    ann.run(&over).await;
    ann.until(fetched).await;
    bob.http.patch("/rooms/garden", json!({"archived": true})).await.ok(200);
    ann.element(&format!("{}.archived", link("garden"))).await;
    turns_to(&ann, "garden").await;
    ann.until("return document.querySelector('#message').disabled").await;
    ann.close().await;
}

#[tokio::test]
async fn a_room_that_became_another_thing_meanwhile_is_shown_as_it_is_now() {
    let (_server, bob, _chromedriver, ann) = ann_of_three_rooms().await;
    bob.makes_private_room("vault").await;
    bob.adds("ann", "vault").await;
    turns_to(&ann, "vault").await;
    ann.element("#people li[data-user=ann]").await;
    turns_to(&ann, "attic").await;
    ann.element("#people li[data-user=ann]").await;
    // It is shown: archived under one's eyes, and opened again.
    for archived in [true, false] {
        bob.http.patch("/rooms/attic", json!({"archived": archived})).await.ok(200);
        let is = format!("return document.querySelector('#message').disabled === {archived}");
        ann.until(&is).await;
    }
    // It is not: what is shown when one comes back is not what it was.
    bob.http.patch("/rooms/den", json!({"archived": true, "topic": "Of old"})).await.ok(200);
    bob.http.delete("/rooms/vault/members/ann").await.ok(204);
    ann.lacks(&link("vault")).await;
    turns_to(&ann, "den").await;
    ann.until("return document.querySelector('#message').disabled").await;
    ann.shows("#topic", "Of old").await;
    bob.http.delete_with("/rooms/garden", json!({"confirm": "garden"})).await.ok(204);
    ann.lacks(&link("garden")).await;
    assert_eq!(ann.run(IS_MARKED).await, json!(true), "it is one page");
    // Steps back to what is no more end on the server's own page about it.
    ann.run("history.back()").await;
    is_at(&ann, "attic").await;
    ann.run("history.back()").await;
    ann.shows("h1", "Nothing here").await;
    ann.close_despite(&["404"]).await;
}

#[tokio::test]
async fn of_the_rooms_that_were_open_the_last_ten_stay_joined() {
    let server = Options::sqlite().option("--write-rate", 0).start().await;
    let bob = server.person("bob").await;
    let slugs: Vec<String> = (1..=12).map(|number| format!("room-{number}")).collect();
    for slug in &slugs {
        bob.makes_room(slug).await;
    }
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for slug in &slugs {
        bob.adds("ann", slug).await;
    }
    ann.opens_room("room-1").await;
    for slug in &slugs[1..] {
        turns_to(&ann, slug).await;
        ann.element("#people li[data-user=ann]").await;
    }
    let mut watcher = bob.socket().await;
    for (number, slug) in slugs.iter().enumerate() {
        let is_kept = number >= 2;
        eventually(LIMIT, slug, async || {
            let joined = watcher.join(slug).await;
            let users = joined["people"]["users"].as_array().expect("people").clone();
            (users.iter().any(|user| user["username"] == "ann") == is_kept).then_some(())
        })
        .await;
    }
    ann.close().await;
}

#[tokio::test]
async fn after_200_switches_a_page_keeps_no_more_than_after_20() {
    let (_server, bob, _chromedriver, ann) = ann_of_three_rooms().await;
    // More than are kept, so that each is closed and made anew.
    for number in 0..11 {
        bob.makes_room(&format!("new-{number}")).await;
        bob.adds("ann", &format!("new-{number}")).await;
    }
    ann.element(&link("new-10")).await;
    let tools = ann.driver.cdp();
    tools.send_raw("HeapProfiler.enable", json!({})).await.unwrap();
    let heap = async || {
        for _ in 0..2 {
            tools.send_raw("HeapProfiler.collectGarbage", json!({})).await.unwrap();
        }
        tools.send_raw("Runtime.getHeapUsage", json!({})).await.unwrap()["usedSize"].as_f64().unwrap()
    };
    let switches = async |count: u32| {
        ann.run(&format!(
            "const slugs = ['attic', 'garden', 'den', ...Array.from({{ length: 11 }}, (_, number) => `new-${{number}}`)];
             const shown = () => document.querySelector('#talk').dataset.room;
             const turn = async (slug) => {{
                 document.querySelector(`#rooms a[data-slug=${{slug}}]`).click();
                 while (shown() !== slug) await new Promise((resolve) => setTimeout(resolve, 5));
                 await new Promise((resolve) => setTimeout(resolve, 20));
             }};
             return (async () => {{
                 for (let number = 0; number < {count}; number += 1) await turn(slugs[number % slugs.length]);
             }})()"
        ))
        .await;
    };
    switches(28).await;
    switches(20).await;
    let after_20 = heap().await;
    for _ in 0..6 {
        switches(30).await;
    }
    let after_200 = heap().await;
    println!("heap after 20 switches {after_20} bytes, after 200 {after_200}");
    assert!(after_200 < after_20 * 1.1, "{after_20} bytes, then {after_200}");
    ann.close().await;
}

/// From the click to the end of the frame that shows the room; `scripts/bench page` reports it of a release build.
#[tokio::test]
async fn a_known_room_is_painted_without_a_request_and_an_unknown_one_after_one() {
    let (_server, bob, _chromedriver, ann) = ann_of_three_rooms().await;
    for number in 0..12 {
        bob.makes_room(&format!("new-{number}")).await;
        bob.adds("ann", &format!("new-{number}")).await;
    }
    ann.element(&link("new-11")).await;
    let measured = async |slugs: &[String]| {
        let script = format!(
            "const painted = () => new Promise((resolve) => requestAnimationFrame(() => {{
                 const {{ port1, port2 }} = new MessageChannel();
                 port1.onmessage = resolve;
                 port2.postMessage(null);
             }}));
             const shown = () => document.querySelector('#talk').dataset.room;
             const asked = () => performance.getEntriesByType('resource').filter(({{ name }}) => name.includes('/rooms/new-')).length;
             return (async () => {{
                 const [times, requests] = [[], []];
                 for (const slug of {}) {{
                     await new Promise((resolve) => setTimeout(resolve, 50));
                     const [before, began] = [asked(), performance.now()];
                     document.querySelector(`#rooms a[data-slug=${{slug}}]`).click();
                     while (shown() !== slug) await painted();
                     await painted();
                     times.push(performance.now() - began);
                     requests.push(asked() - before);
                 }}
                 times.sort((a, b) => a - b);
                 return {{ times, requests }};
             }})()",
            json!(slugs)
        );
        let found = ann.run(&script).await;
        let times: Vec<f64> = found["times"].as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect();
        let requests: Vec<u64> = found["requests"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        (times, requests)
    };
    let unknown: Vec<String> = (0..12).map(|number| format!("new-{number}")).collect();
    let known: Vec<String> = unknown[4..].iter().cycle().take(80).cloned().collect();
    for (kind, slugs, each) in [("unknown", unknown, 1), ("known", known, 0)] {
        let (times, requests) = measured(&slugs).await;
        let (median, most) = (times[times.len() / 2], times[times.len() * 95 / 100]);
        println!("| {kind} | {median:.0} | {most:.0} |");
        assert!(requests.iter().all(|&count| count == each), "{kind}: {requests:?}");
    }
    ann.close().await;
}

/// On a phone the list of rooms is a drawer over the talk: whoever comes back finds the talk as it was.
#[tokio::test]
async fn a_room_that_was_left_by_a_drawer_can_be_used_when_one_comes_back() {
    let (_server, _bob, _chromedriver, ann) = ann_of_three_rooms().await;
    let phone = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
    ann.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", phone).await.unwrap();
    for slug in ["attic", "den"] {
        ann.click("#side-open").await;
        ann.element("#side.open").await;
        ann.click(&link(slug)).await;
        is_at(&ann, slug).await;
        ann.lacks("#side.open, #talk[inert], #side-open[aria-expanded=true]").await;
    }
    ann.run("history.back()").await;
    is_at(&ann, "attic").await;
    ann.lacks("#talk[inert], #side-open[aria-expanded=true]").await;
    ann.fill("#message", "here").await;
    assert_eq!(ann.run(DRAFT).await, json!(["here", 4]));
    ann.close().await;
}

/// What was set back stays unread, wherever its reader goes and whatever they look at next.
#[tokio::test]
async fn a_room_that_was_set_back_is_not_read_by_leaving_it_or_the_window() {
    let (server, _bob, _chromedriver, ann) = ann_of_three_rooms().await;
    ann.focuses(60).await;
    ann.click("#m-60 .tools [data-act=more]").await;
    ann.chooses("Mark unread from here").await;
    ann.shows("#status", "Unread from there on").await;
    turns_to(&ann, "attic").await;
    ann.shows(&format!("{} .count", link("den")), "1").await;
    ann.run("dispatchEvent(new Event('blur')); dispatchEvent(new Event('pagehide'))").await;
    ann.element("#people li[data-user=ann]").await;
    let mark = "SELECT last_read_seq FROM members JOIN rooms ON rooms.id = room_id JOIN users ON users.id = user_id \
                WHERE slug = 'den' AND username = 'ann'";
    assert_eq!(server.number(mark), 59);
    ann.close().await;
}
