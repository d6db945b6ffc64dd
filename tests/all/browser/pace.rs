//! What a message costs the page that it comes to: layouts are counted, times are told.

use super::window::{Chromedriver, LIMIT, Window};
use crate::common::*;
use std::time::Duration;

const IN_SIGHT: usize = 400;
/// The list is laid out with the message in it, and once more where what was scrolled to has to be drawn. Whatever reads and
/// writes by turns would come to many times as much.
const MOST_LAYOUTS: f64 = 3.0;

/// Notes when each message came over the socket, and when it had been painted.
const STOPWATCH: &str = "
    window.came = []; window.painted = []; window.tasks = [];
    window.WebSocket = class extends WebSocket {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', ({ data }) => data.startsWith('{\"type\":\"message\"') && window.came.push(performance.now()));
        }
    };
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
        const added = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.matches?.('.msg'));
        const times = added.map(() => window.came.shift());
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => window.painted.push(...times.map((came) => performance.now() - came));
            port2.postMessage(null);
        });
    }).observe(document.querySelector('#log') ?? document.body, { childList: true }));";

/// What the page has cost so far: layouts, and milliseconds of layout, style, script and all together.
async fn costs(window: &Window) -> [f64; 5] {
    let metrics = window.driver.cdp().send_raw("Performance.getMetrics", json!({})).await.unwrap();
    let metrics = metrics["metrics"].as_array().unwrap();
    let value = |name| metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap();
    let [layout, style, script, all] =
        ["LayoutDuration", "RecalcStyleDuration", "ScriptDuration", "TaskDuration"].map(|name| value(name) * 1_000.0);
    [value("LayoutCount"), layout, style, script, all]
}

/// What a message has cost since then, of so many, and how soon they were painted; returns the layouts.
async fn tell(window: &Window, what: &str, before: [f64; 5], messages: usize) -> f64 {
    let mut times = painted(window, messages).await;
    times.sort_by(f64::total_cmp);
    let after = costs(window).await;
    let [layouts, layout, style, script, all] =
        std::array::from_fn(|index| (after[index] - before[index]) / messages as f64);
    println!(
        "{what}: a message costs {layouts} layouts, {layout:.1} ms of layout, {style:.1} of style, {script:.1} of script, \
         {all:.1} in all; painted after {:.1} ms ({:.1} to {:.1})",
        times[messages / 2],
        times[0],
        times[messages - 1]
    );
    layouts
}

async fn painted(window: &Window, messages: usize) -> Vec<f64> {
    eventually(LIMIT, "all to be painted", async || {
        let times: Vec<f64> = serde_json::from_value(window.run("return window.painted").await).unwrap();
        (times.len() == messages).then_some(times)
    })
    .await
}

#[tokio::test]
async fn a_message_that_comes_costs_no_more_layouts_with_400_in_sight_than_it_must() {
    let server = Server::start(Options::sqlite().option("--send-rate", 0)).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STOPWATCH })).await.unwrap();
    ann.driver.cdp().send_raw("Performance.enable", json!({})).await.unwrap();
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let mut socket = bob.socket_in("den").await;
    socket.say_many("den", (1..=IN_SIGHT).map(|number| format!("number {number}, of a few **words**"))).await;
    ann.bodies_up_to(&format!("number {IN_SIGHT}, of a few words")).await;
    painted(&ann, IN_SIGHT).await;

    for place in ["at the end", "further up"] {
        // The first one may show what tells of new ones below.
        ann.run("window.painted = []").await;
        socket.say("den", &format!("{place} 0")).await;
        painted(&ann, 1).await;
        ann.run("window.painted = []").await;
        let before = costs(&ann).await;
        for number in 1..=20 {
            socket.say("den", &format!("{place} {number}")).await;
            painted(&ann, number).await;
        }
        let layouts = tell(&ann, place, before, 20).await;
        assert!(layouts <= MOST_LAYOUTS, "{place}: {layouts} layouts a message");
        ann.run("document.querySelector('#log').scrollTop -= 900").await;
        ann.until("return !document.querySelector('#jump').hidden || document.querySelector('#log').scrollTop > 0")
            .await;
    }

    ann.run("document.querySelector('#log').scrollTop = 1e9; window.painted = []; window.tasks = []").await;
    let before = costs(&ann).await;
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    for number in 1..=200 {
        pace.tick().await;
        socket.say("den", &format!("apace {number}")).await;
    }
    tell(&ann, "20 a second", before, 200).await;
    let longest = ann.run("return Math.max(0, ...window.tasks)").await;
    println!("20 a second: the longest task took {longest} ms (0: less than 50)");
    ann.close().await;
}
