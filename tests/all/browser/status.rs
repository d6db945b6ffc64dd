//! A status: set in a dialog, seen at once beside the name in other people's windows, and gone when it ends.

use super::window::{Chromedriver, ENTER, Window};
use crate::common::*;
use chrono::{SecondsFormat, TimeDelta, Utc};

/// Where a person's status is shown in a room.
const PLACES: [&str; 3] = [".msg:not(.cont) header", "#people li[data-user=ann]", ".me"];

/// Waits until the status is, or is not, shown in these places of a window.
async fn shows(window: &Window, places: &[&str], sign: &str, text: &str) {
    for place in places {
        let script = format!(
            "const shown = document.querySelector(`{place} .extra`);
            return shown?.checkVisibility() && shown.firstChild.textContent === '{sign}' && shown.title === '{text}'"
        );
        window.until(&script).await;
    }
}

#[tokio::test]
async fn a_status_is_set_in_a_dialog_and_seen_by_others_until_it_is_cleared() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let (ann, bob) = (Window::open(&chromedriver, server.url()).await, Window::open(&chromedriver, server.url()).await);
    ann.signs_up("ann", "Ann").await;
    bob.signs_up("bob", "Bob").await;
    let keeper = server.person("keeper").await;
    keeper.makes_room("den").await;
    for (window, name) in [(&ann, "ann"), (&bob, "bob")] {
        keeper.adds(name, "den").await;
        window.opens_room("den").await;
        window.element("#people li[data-user=ann]").await;
    }
    ann.says("Hello, all").await;
    bob.element(".msg .author[title='@ann']").await;

    ann.click(".me [href='/people/ann']").await;
    ann.click(".card [data-open=status]").await;
    ann.click(".sheet .sign").await;
    ann.element(".picker input").await;
    ann.press("palm tree").await;
    ann.shows(".picker h3", "Found").await;
    ann.press(ENTER).await;
    ann.lacks(".picker").await;
    ann.fill(".sheet [name=text]", "On holiday").await;
    ann.run("document.querySelector('.sheet [name=end]').value = '60'").await;
    ann.press(ENTER).await;
    ann.lacks(".sheet").await;
    shows(&ann, &PLACES, "🌴", "On holiday").await;
    shows(&bob, &PLACES[..2], "🌴", "On holiday").await;
    bob.click(".msg .author[title='@ann']").await;
    bob.shows(".card .extra", "On holiday").await;
    bob.shows(".card .extra", "until").await;

    // Whoever opens the page now has it in there.
    bob.driver.refresh().await.unwrap();
    bob.online().await;
    shows(&bob, &PLACES[..2], "🌴", "On holiday").await;

    ann.click(".me [href='/people/ann']").await;
    ann.click(".card [data-open=status]").await;
    ann.until("return document.querySelector('.sheet [name=text]')?.value === 'On holiday'").await;
    ann.click(".sheet .actions .button:first-child").await;
    ann.lacks(".sheet").await;
    for window in [&ann, &bob] {
        window.lacks(".extra").await;
    }
    ann.close().await;
    bob.close().await;
}

#[tokio::test]
async fn a_status_that_ends_leaves_the_screens_by_itself() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    bob.posts("den", "hello").await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let places = [".msg header", "#offline li[data-user=bob]"];
    for loads_anew in [false, true] {
        let until = (Utc::now() + TimeDelta::seconds(8)).to_rfc3339_opts(SecondsFormat::Millis, true);
        bob.http.put_json("/me/status", json!({"text": "Back soon", "until": until})).await.ok(200);
        if loads_anew {
            ann.driver.refresh().await.unwrap();
            ann.online().await;
        }
        shows(&ann, &places, "💬", "Back soon").await;
        ann.lacks(".extra").await;
    }
    ann.close().await;
}
