//! Two builds behind one balancer, and frames that a page does not know.

use super::window::{Chromedriver, ESCAPE, Window};
use crate::common::server::{bare_command, lasting_port};
use crate::common::*;
use crate::two_builds::publish;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Child;

/// HAProxy, which asks any of its servers.
struct Balancer {
    address: String,
    _process: Child,
    _folder: TempDir,
}

impl Balancer {
    async fn before(instances: &[Server]) -> Self {
        let address = format!("127.0.0.1:{}", lasting_port());
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut configuration = format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n timeout tunnel 1h\n\
             frontend front\n bind {address}\n default_backend chat\nbackend chat\n balance random(1)\n"
        );
        for (n, instance) in instances.iter().enumerate() {
            configuration += &format!(" server klatch{n} {}\n", instance.address);
        }
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration).expect("a file");
        let words = ["haproxy", "-db", "-q", "-f", &file.to_string_lossy()].map(str::to_owned);
        let process = bare_command(&words).spawn().expect("haproxy, which scripts/test installs");
        eventually(PATIENCE, "HAProxy", async || TcpStream::connect(&address).await.ok().map(drop)).await;
        Self { address, _process: process, _folder: folder }
    }
}

/// Of every script and style in the page: its status, whether it is the newer build's, and whether its address says so.
const PARTS: &str = "const newer = arguments[0];
    const parts = performance.getEntriesByType('resource').filter(({ name }) => /\\/static\\/.*\\.(js|css)$/.test(name));
    return Promise.all(parts.map(async ({ name, responseStatus }) => {
        const text = await (await fetch(name, { cache: 'only-if-cached', mode: 'same-origin' })).text();
        return [responseStatus, text.includes('/* newer */'), name.includes(newer)];
    }))";

#[tokio::test]
async fn a_balancer_before_two_builds_breaks_no_page() {
    let mut chat = Chat::of(1).await;
    let newer = chat.options().environment("KLATCH_TEST_BUILD", "newer").start().await;
    let login = newer.stranger().get("page:/login").await.text;
    let newer_build = login.split("/static/").nth(1).expect("files")[..8].to_owned();
    chat.instances.push(newer);
    let balancer = Balancer::before(&chat.instances).await;
    chat.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, format!("http://{}", balancer.address)).await;
    ann.signs_up("ann", "Ann").await;
    let mut builds = [0, 0];
    // Six pages, and more if all of them came from one instance: forty do so once in a million million times.
    for n in 0..40 {
        if n >= 6 && !builds.contains(&0) {
            break;
        }
        ann.opens_room("den").await;
        let parts = ann.driver.execute(PARTS, vec![json!(newer_build)]).await.expect("the page's parts");
        let parts: Vec<(u16, bool, bool)> = serde_json::from_value(parts.json().clone()).expect("three values of each");
        assert!(parts.len() > 10, "{parts:?}");
        let is_newer = parts[0].2;
        assert!(parts.iter().all(|part| *part == (200, is_newer, is_newer)), "{parts:?}");
        builds[usize::from(is_newer)] += 1;
        ann.says(&format!("message {n}")).await;
        ann.bodies_up_to(&format!("message {n}")).await;
    }
    assert!(builds[0] > 0 && builds[1] > 0, "pages of both builds: {builds:?}");
    ann.close().await;
}

#[tokio::test]
async fn a_page_passes_over_frames_that_it_does_not_know() {
    let chat = Chat::of(1).await;
    let host = chat.person("host").await;
    host.makes_room("den").await;
    let joined = host.socket().await.join("den").await;
    // The database's, before the room's.
    let epoch = joined["epoch"].as_str().and_then(|epoch| epoch.split('.').next()).expect("an epoch").to_owned();
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, chat.instances[0].url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    let id = ann.until("return Number(document.querySelector('#talk').dataset.userId)").await;
    for frame in [
        json!({"type": "confetti", "room": "den", "message": {"colour": "red"}}),
        json!({"type": "confetti"}),
        json!({"kind": "of another protocol"}),
    ] {
        let tell = json!({"from": "newer", "content": {"tell": {"user": id, "frame": frame.to_string()}}});
        let heard = publish(&chat, &format!("klatch:{epoch}:control"), tell.to_string().as_bytes()).await;
        assert_eq!(heard, 1);
    }
    host.http.put("/rooms/den/members/me").await;
    host.posts("den", "hello").await;
    ann.bodies_up_to("hello").await;
    ann.says("hello too").await;
    ann.bodies_up_to("hello too").await;
    ann.close().await;
}

#[tokio::test]
async fn a_page_of_an_older_build_is_loaded_anew_when_that_disturbs_nobody() {
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = Options::sqlite().listen(address).start().await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open_browser(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.says("hello").await;
    ann.bodies_up_to("hello").await;
    let room = ann.driver.window().await.unwrap();
    let elsewhere = ann.driver.new_tab().await.unwrap();
    ann.turns_to(&room).await;
    // She is in the middle of an edit, and of a draft before that.
    ann.fill("#message", "a draft").await;
    ann.focuses(1).await;
    ann.press("e").await;
    ann.shows("#mode", "Editing").await;
    ann.run("window.before = true").await;
    let build = "return document.querySelector('script[src*=\"/static/\"]').src.split('/')[4]";
    let older = ann.run(build).await;
    assert!(server.try_restart("KLATCH_TEST_BUILD", "newer").await);
    ann.comes_back().await;
    ann.until("return performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/core/reload.js'))")
        .await;
    // Neither while she looks nor when she looks elsewhere.
    let turns =
        "window.hid = 0; document.addEventListener('visibilitychange', () => { window.hid += document.hidden; })";
    ann.run(turns).await;
    for turn in [1, 2, 3] {
        ann.turns_to(&elsewhere).await;
        ann.goes_to(&room).await;
        ann.until(&format!("return window.hid === {turn}")).await;
        assert_eq!(ann.run("return window.before").await, json!(true), "nothing was lost");
        ann.turns_to(&room).await;
        if turn == 1 {
            assert_eq!(ann.run("return document.querySelector('#message').value").await, json!("hello"));
            ann.press(ESCAPE).await;
            ann.lacks("#mode:not([hidden])").await;
            // A message that is being answered holds it up, too.
            ann.click("#m-1 .tools [data-act=reply]").await;
            ann.shows("#mode", "Replying").await;
        } else if turn == 2 {
            ann.fill("#message", ESCAPE).await;
            ann.lacks("#mode:not([hidden])").await;
            // So does what was marked unread, which the page made anew would read.
            ann.focuses(1).await;
            ann.press("m").await;
            ann.chooses("Mark unread from here").await;
            ann.shows("#status", "Unread from there on").await;
        }
    }
    ann.says(", sent").await;
    ann.bodies_up_to("a draft, sent").await;
    ann.fill("#message", "another draft").await;
    ann.turns_to(&elsewhere).await;
    ann.goes_to(&room).await;
    ann.until("return !window.before && document.readyState === 'complete'").await;
    assert_ne!(ann.run(build).await, older);
    ann.turns_to(&room).await;
    ann.online().await;
    assert_eq!(ann.run("return document.querySelector('#message').value").await, json!("another draft"));
    ann.close_despite(&["net::ERR_", "WebSocket connection to"]).await;
}
