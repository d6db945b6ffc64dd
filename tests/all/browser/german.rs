//! A German reader at a browser.

use super::window::{Chromedriver, Window};
use crate::common::*;

#[tokio::test]
async fn whoever_chooses_german_signs_up_talks_and_is_refused_in_it() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    bob.posts("den", "Moin").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.goto("/login").await;
    ann.click(".top button[lang=de]").await;
    ann.element("html[lang=de]").await;
    ann.arrives_at("/login").await;
    ann.fill("#username", "bob").await;
    ann.fill("#password", "not the password").await;
    ann.click("main form button[type=submit]").await;
    ann.shows("[role=alert]", "Der Benutzername oder das Passwort stimmt nicht.").await;
    ann.signs_up_by_form("ann", "Ann").await;
    ann.opens_room("den").await;

    ann.shows("#people li[data-user=ann] small", "du").await;
    ann.shows("#log .day", "Heute").await;
    let date = "const { title, dateTime } = document.querySelector('#log .msg time');
        return title === new Intl.DateTimeFormat('de', { dateStyle: 'full', timeStyle: 'medium' }).format(new Date(dateTime))";
    assert_eq!(ann.run(date).await, json!(true), "dates are written as in German");
    let mut bobs = bob.socket_in("den").await;
    bobs.send_json(json!({ "type": "typing", "room": "den" })).await;
    ann.shows("#typing", "bob schreibt").await;

    // A character that is white space to the server and not to browsers: what the page takes for a message is none.
    ann.run(
        "const box = document.querySelector('#message');
         box.value = '\\u0085';
         box.dispatchEvent(new Event('input'));",
    )
    .await;
    ann.click("#send").await;
    ann.shows("#log article.failed time", "nicht gesendet").await;
    ann.shows("#log article.failed .why", "die Nachricht darf nicht leer sein").await;
    ann.close_despite(&["status of 401", "status of 422"]).await;
}
