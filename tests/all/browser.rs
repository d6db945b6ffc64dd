//! Two people at two browsers: they sign up, meet in a room, talk, and see each other type.

use crate::common::{self, *};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A browser is slower than a socket, the more so on two cores.
const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A driver on a port of its own choice. Its browsers end with it.
struct Chromedriver {
    _process: Child,
    url: String,
}

impl Chromedriver {
    async fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver, which scripts/test installs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let port = async {
            while let Ok(Some(line)) = lines.next_line().await {
                // "ChromeDriver was started successfully on port 12345."
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    return port.trim_end_matches('.').to_owned();
                }
            }
            panic!("chromedriver ended before it listened");
        };
        let port = common::wait::within(LIMIT, "chromedriver's port", port).await;
        // The rest is read as well, so that it never waits for a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let url = format!("http://127.0.0.1:{port}");
        Self { _process: process, url }
    }
}

/// One person's browser window, with a profile of its own.
struct Window {
    driver: WebDriver,
    server: String,
    _profile: TempDir,
}

impl Window {
    async fn open(chromedriver: &Chromedriver, server: &Server) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            capabilities.add_arg(argument).unwrap();
        }
        capabilities.add_arg("--window-size=1280,800").unwrap();
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::new(&chromedriver.url, capabilities).await.expect("a browser");
        let server = server.url();
        Self { driver, server, _profile: profile }
    }

    async fn goto(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.server)).await.unwrap();
    }

    /// The element, once it is there and can be seen.
    async fn element(&self, css: &str) -> WebElement {
        let query = self.driver.query(By::Css(css)).wait(LIMIT, POLL).and_displayed();
        query.first().await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    async fn fill(&self, css: &str, text: &str) {
        self.element(css).await.send_keys(text).await.unwrap();
    }

    async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap();
    }

    async fn signs_up(&self, username: &str, display_name: &str) {
        self.goto("/signup").await;
        self.fill("#username", username).await;
        self.fill("#display_name", display_name).await;
        self.fill("#password", PASSWORD).await;
        self.click("main form button[type=submit]").await;
        self.element("a[href^='/rooms'], #new-room").await;
    }

    async fn opens_room(&self, slug: &str) {
        self.goto(&format!("/rooms/{slug}")).await;
        // Whether the sign of it can be seen is a matter of taste, so it need not be displayed.
        let online = self.driver.query(By::Css("#connection[data-state=online]")).wait(LIMIT, POLL);
        online.first().await.expect("a socket");
    }

    /// Waits until an element's text holds these words.
    async fn shows(&self, css: &str, words: &str) {
        let css = css.to_owned();
        let what = format!("{words:?} in {css}");
        eventually(LIMIT, &what, async || {
            for element in self.driver.find_all(By::Css(&css)).await.unwrap_or_default() {
                // An element may be replaced between being found and being read.
                if element.text().await.is_ok_and(|text| text.contains(words)) {
                    return Some(());
                }
            }
            None
        })
        .await;
    }

    /// How many messages of the log have this text as their body.
    async fn times(&self, body: &str) -> usize {
        let mut times = 0;
        for element in self.driver.find_all(By::Css("#log article.msg[data-id] .body")).await.unwrap() {
            times += usize::from(element.text().await.unwrap().trim() == body);
        }
        times
    }

    /// Closes the window, after nothing went wrong in it that nobody sees.
    async fn close(self) {
        let log = self.driver.browser_log().await.unwrap();
        let severe: Vec<_> =
            log.iter().filter(|entry| format!("{:?}", entry.level).to_uppercase().contains("SEVERE")).collect();
        assert!(severe.is_empty(), "the console's errors: {severe:?}");
        self.driver.quit().await.unwrap();
    }
}

#[tokio::test]
async fn two_people_meet_talk_and_see_each_other_type() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, &server).await;
    let bob = Window::open(&chromedriver, &server).await;
    ann.signs_up("ann", "Ann Lee").await;
    bob.signs_up("bob", "Bob Ray").await;

    ann.goto("/rooms").await;
    ann.fill("#new-room [name=slug]", "den").await;
    ann.click("#new-room button[type=submit]").await;
    ann.opens_room("den").await;
    bob.opens_room("den").await;
    ann.element("#people li[data-user=bob]").await;
    bob.element("#people li[data-user=ann]").await;

    ann.fill("#message", "Hello, *Bob*").await;
    bob.shows("#typing", "Ann Lee").await;
    ann.click("#send").await;
    bob.shows("#log article.msg[data-id] .body", "Hello, Bob").await;
    bob.shows("#log article.msg[data-id] .author", "Ann Lee").await;
    ann.shows("#log article.msg[data-id] .body", "Hello, Bob").await;

    // With the keyboard alone.
    bob.fill("#message", "Hello, Ann").await;
    ann.shows("#typing", "Bob Ray").await;
    bob.fill("#message", "\u{E007}").await; // Enter, as WebDriver spells it
    ann.shows("#log article.msg[data-id] .body", "Hello, Ann").await;
    bob.shows("#log article.msg[data-id] .body", "Hello, Ann").await;

    for window in [&ann, &bob] {
        assert_eq!(window.times("Hello, Bob").await, 1);
        assert_eq!(window.times("Hello, Ann").await, 1);
    }
    ann.close().await;
    bob.close().await;
}
