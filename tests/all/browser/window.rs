//! A browser window, as the person at it uses it.

use crate::common::*;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use thirtyfour::WindowHandle;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A browser is slower than a socket, the more so on two cores.
pub const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// Draws pages as Chromium does, without a window system, tabs that hide each other, or notices: half the work.
const HEADLESS_SHELL: &str = "/usr/lib/chromium/chromium-headless-shell";

const ARGUMENTS: [&str; 13] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-features=Translate,OptimizationHints,MediaRouter,OptimizationGuideModelDownloading",
    "--lang=en-US",
];

// Keys, as WebDriver spells them.
pub const BACKSPACE: &str = "\u{E003}";
pub const TAB: &str = "\u{E004}";
pub const ENTER: &str = "\u{E007}";
pub const ESCAPE: &str = "\u{E00C}";
pub const UP: &str = "\u{E013}";
pub const DOWN: &str = "\u{E015}";

/// A driver on a port of its own choice. Its browsers end with it.
pub struct Chromedriver {
    _process: Child,
    url: String,
}

impl Chromedriver {
    pub async fn start() -> Self {
        // It binds one port number for two protocols, of which another process may have the second.
        for _ in 0..5 {
            if let Some(started) = Self::try_start().await {
                return started;
            }
        }
        panic!("chromedriver ended before it listened");
    }

    async fn try_start() -> Option<Self> {
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
                    return Some(port.trim_end_matches('.').to_owned());
                }
            }
            None
        };
        let port = wait::within(LIMIT, "chromedriver's port", port).await?;
        // The rest is read as well, so that it never waits for a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let url = format!("http://127.0.0.1:{port}");
        Some(Self { _process: process, url })
    }
}

/// What a browser keeps on the machine.
pub type Profile = Arc<TempDir>;

/// One person's browser window, with a profile of its own.
pub struct Window {
    pub driver: WebDriver,
    site: String,
    profile: Option<Profile>,
}

impl Window {
    /// A window for the site at this address, `http://…`.
    pub async fn open(chromedriver: &Chromedriver, site: String) -> Self {
        let mut capabilities = DesiredCapabilities::chrome();
        // Its profile is chromedriver's: it opens no page with a folder that it is given.
        capabilities.set_binary(HEADLESS_SHELL).unwrap();
        Self::start(chromedriver, site, capabilities, None).await
    }

    /// A window of a whole browser, for claims about tabs that are hidden, notices, pace, and what outlives the browser.
    pub async fn open_browser(chromedriver: &Chromedriver, site: String) -> Self {
        Self::open_with(chromedriver, site, Arc::new(tempfile::tempdir().unwrap())).await
    }

    /// A window of the browser that keeps this; another one must have been closed.
    pub async fn open_with(chromedriver: &Chromedriver, site: String, profile: Profile) -> Self {
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.add_arg("--headless=new").unwrap();
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        Self::start(chromedriver, site, capabilities, Some(profile)).await
    }

    async fn start(
        chromedriver: &Chromedriver,
        site: String,
        mut capabilities: ChromeCapabilities,
        profile: Option<Profile>,
    ) -> Self {
        for argument in ARGUMENTS {
            capabilities.add_arg(argument).unwrap();
        }
        capabilities.add_arg("--window-size=1280,800").unwrap();
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::new(&chromedriver.url, capabilities).await.expect("a browser");
        Self { driver, site, profile }
    }

    pub fn profile(&self) -> Profile {
        self.profile.clone().expect("a whole browser")
    }

    pub async fn goto(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.site)).await.unwrap();
    }

    /// What follows is done in that tab, wherever the person looks.
    pub async fn goes_to(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
    }

    /// The person turns to that tab; the others are hidden.
    pub async fn turns_to(&self, tab: &WindowHandle) {
        self.goes_to(tab).await;
        self.driver.cdp().send_raw("Page.bringToFront", json!({})).await.unwrap();
        self.until("return !document.hidden").await;
    }

    /// Waits until the page at this path has taken the window.
    pub async fn arrives_at(&self, path: &str) {
        let url = format!("{}{path}", self.site);
        eventually(LIMIT, &url, async || {
            let at = self.driver.current_url().await.ok()?;
            (at.as_str() == url).then_some(())
        })
        .await;
    }

    /// The element, once it is there and can be seen.
    pub async fn element(&self, css: &str) -> WebElement {
        let what = format!("{css}, to be seen");
        eventually(LIMIT, &what, async || {
            for element in self.driver.find_all(By::Css(css)).await.ok()? {
                // An element may be replaced between being found and being asked.
                if element.is_displayed().await.unwrap_or(false) {
                    return Some(element);
                }
            }
            None
        })
        .await
    }

    /// Waits until nothing matches.
    pub async fn lacks(&self, css: &str) {
        let query = self.driver.query(By::Css(css)).wait(LIMIT, POLL);
        assert!(query.not_exists().await.unwrap(), "{css} is still there");
    }

    pub async fn fill(&self, css: &str, text: &str) {
        self.element(css).await.send_keys(text).await.unwrap();
    }

    pub async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap();
    }

    /// Keys for whatever has the focus.
    pub async fn press(&self, keys: &str) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Presses a key while others are held.
    pub async fn chord(&self, held: &[Key], key: &str) {
        let mut keys = held.iter().fold(self.driver.action_chain(), |keys, each| keys.key_down(each.clone()));
        keys = keys.send_keys(key);
        held.iter().fold(keys, |keys, each| keys.key_up(each.clone())).perform().await.unwrap();
    }

    /// Waits for a message, and gives it the focus.
    pub async fn focuses(&self, id: u64) {
        let script = format!(
            "const message = document.querySelector('#m-{id}'); message?.focus(); return !!message && document.activeElement === message"
        );
        self.until(&script).await;
    }

    /// Chooses from the menu that is open.
    pub async fn chooses(&self, item: &str) {
        self.element("[role=menu]").await;
        let item = format!("//*[@role='menuitem'][text()='{item}']");
        self.driver.find(By::XPath(item)).await.unwrap().click().await.unwrap();
    }

    /// Makes an account past the browser, gives the browser its session, and opens the list of rooms.
    pub async fn signs_up(&self, username: &str, display_name: &str) {
        self.has_account(username, display_name).await;
        self.goto("/rooms").await;
        self.element("#new-room").await;
    }

    /// Makes an account past the browser, and gives the browser its session.
    pub async fn has_account(&self, username: &str, display_name: &str) {
        let http = Http::new(&self.site);
        let account = json!({"username": username, "display_name": display_name, "password": PASSWORD});
        http.post("/signup", account).await.ok(201);
        let cookie = http.cookie().expect("a session");
        let (name, value) = cookie.split_once('=').expect("one cookie");
        let in_an_hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3_600;
        // As the server sets it, but for the time.
        let cookie = json!({
            "url": self.site, "name": name, "value": value, "httpOnly": true, "sameSite": "Lax", "expires": in_an_hour
        });
        self.driver.cdp().send_raw("Network.setCookie", cookie).await.unwrap();
    }

    /// Makes an account as people do.
    pub async fn signs_up_by_form(&self, username: &str, display_name: &str) {
        self.goto("/signup").await;
        self.fill("#username", username).await;
        self.fill("#display_name", display_name).await;
        self.fill("#password", PASSWORD).await;
        self.click("main form button[type=submit]").await;
        self.element("#new-room").await;
    }

    pub async fn opens_room(&self, slug: &str) {
        self.goto(&format!("/rooms/{slug}")).await;
        self.online().await;
    }

    /// Waits until the page is connected. Whether the sign of it can be seen is a matter of taste.
    pub async fn online(&self) {
        let online = self.driver.query(By::Css("#connection[data-state=online]")).wait(LIMIT, POLL);
        online.first().await.expect("a socket");
    }

    /// Waits until the page says that it is not connected.
    pub async fn offline(&self) {
        self.element("#connection:not([data-state=online])").await;
    }

    /// The machine has its network back, and says so until the page has come back.
    pub async fn comes_back(&self) {
        eventually(LIMIT, "a connection", async || {
            self.run("dispatchEvent(new Event('online'))").await;
            let online = self.driver.query(By::Css("#connection[data-state=online]")).wait(POLL * 4, POLL);
            online.exists().await.ok()?.then_some(())
        })
        .await;
    }

    /// Writes a message and sends it with Enter.
    pub async fn says(&self, body: &str) {
        self.fill("#message", body).await;
        self.fill("#message", ENTER).await;
    }

    /// Waits until an element's text holds these words.
    pub async fn shows(&self, css: &str, words: &str) {
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

    pub async fn title_becomes(&self, title: &str) {
        eventually(LIMIT, title, async || (self.driver.title().await.ok()? == title).then_some(())).await;
    }

    /// The texts of the log's messages from the top, of those that the server has.
    pub async fn bodies(&self) -> Vec<String> {
        let stored = "#log article.msg[data-id]:not([data-key]) .body";
        let script = format!("return [...document.querySelectorAll('{stored}')].map((body) => body.innerText.trim())");
        serde_json::from_value(self.run(&script).await).unwrap()
    }

    /// Waits until the log ends with this message, and gives all of it.
    pub async fn bodies_up_to(&self, last: &str) -> Vec<String> {
        eventually(LIMIT, last, async || {
            let bodies = self.bodies().await;
            (bodies.last().map(String::as_str) == Some(last)).then_some(bodies)
        })
        .await
    }

    /// What a script in the page returns.
    pub async fn run(&self, script: &str) -> Value {
        self.driver.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Waits until a script returns something else than false and null.
    pub async fn until(&self, script: &str) -> Value {
        eventually(LIMIT, script, async || {
            let value = self.driver.execute(script, vec![]).await.ok()?.json().clone();
            (value != json!(false) && !value.is_null()).then_some(value)
        })
        .await
    }

    /// Closes the window, after nothing went wrong in it that nobody sees.
    pub async fn close(self) {
        self.close_despite(&[]).await;
    }

    /// As `close`, where the console may tell of such things.
    pub async fn close_despite(self, expected: &[&str]) {
        let log = self.driver.browser_log().await.unwrap();
        let severe: Vec<_> = log
            .iter()
            .filter(|entry| entry.level.to_uppercase().contains("SEVERE"))
            .filter(|entry| !expected.iter().any(|words| entry.message.contains(words)))
            .collect();
        assert!(severe.is_empty(), "the console's errors: {severe:?}");
        self.driver.clone().quit().await.unwrap();
    }
}

impl Drop for Window {
    /// After a failure the browser ends at once: to ask it to end blocks the thread that would have to hear the answer.
    fn drop(&mut self) {
        let process = self.driver.capabilities().get("goog:processID").and_then(Value::as_i64);
        if self.driver.clone().leak().is_ok()
            && let Some(process) = process
        {
            // SAFETY: a plain system call; the browser is ended by nobody else before its driver, which outlives it.
            unsafe { libc::kill(process as i32, libc::SIGKILL) };
        }
    }
}
