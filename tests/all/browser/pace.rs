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

async fn layouts(window: &Window) -> f64 {
    let metrics = window.driver.cdp().send_raw("Performance.getMetrics", json!({})).await.unwrap();
    let metrics = metrics["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == "LayoutCount").unwrap()["value"].as_f64().unwrap()
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
    let ann = Window::open(&chromedriver, server.url()).await;
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
        ann.run("window.painted = []").await;
        let before = layouts(&ann).await;
        for number in 1..=20 {
            socket.say("den", &format!("{place} {number}")).await;
            painted(&ann, number).await;
        }
        let each = (layouts(&ann).await - before) / 20.0;
        let mut times = painted(&ann, 20).await;
        times.sort_by(f64::total_cmp);
        println!(
            "{place}: {each} layouts a message; painted after {:.1} ms ({:.1} to {:.1})",
            times[10], times[0], times[19]
        );
        assert!(each <= MOST_LAYOUTS, "{place}: {each} layouts a message");
        ann.run("document.querySelector('#log').scrollTop -= 900").await;
        ann.until("return !document.querySelector('#jump').hidden || document.querySelector('#log').scrollTop > 0")
            .await;
    }

    ann.run("document.querySelector('#log').scrollTop = 1e9; window.painted = []; window.tasks = []").await;
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    for number in 1..=200 {
        pace.tick().await;
        socket.say("den", &format!("apace {number}")).await;
    }
    ann.bodies_up_to("apace 200").await;
    let mut times = painted(&ann, 200).await;
    times.sort_by(f64::total_cmp);
    let longest = ann.run("return Math.max(0, ...window.tasks)").await;
    println!(
        "20 a second: painted after {:.1} ms ({:.1} to {:.1}); longest task {longest} ms (0: below 50)",
        times[100], times[0], times[199]
    );
    ann.close().await;
}
