//! Copying, where the page may use the clipboard and where it has none.

use super::window::{BACKSPACE, Chromedriver, ESCAPE, Window};
use crate::common::*;
use thirtyfour::Key;

/// A page that came by plain http, from another machine, has no clipboard.
const NO_CLIPBOARD: &str = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })";

/// What was copied, as it is pasted.
async fn pasted(ann: &Window) -> Value {
    // A text box that has the focus has not the selection while that is elsewhere.
    ann.run(
        "document.activeElement.blur(); getSelection().removeAllRanges(); document.querySelector('#message').focus()",
    )
    .await;
    ann.chord(&[Key::Control], "v").await;
    let text = ann.until("return document.querySelector('#message').value || null").await;
    ann.chord(&[Key::Control], "a").await;
    ann.press(BACKSPACE).await;
    ann.until("return document.querySelector('#message').value === ''").await;
    text
}

async fn chooses(ann: &Window, item: &str) {
    ann.focuses(1).await;
    ann.press("m").await;
    ann.chooses(item).await;
}

#[tokio::test]
async fn links_texts_code_and_invitations_are_copied_on_a_page_without_a_clipboard() {
    let server = Server::start(Options::sqlite()).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    let source = json!({ "source": NO_CLIPBOARD });
    ann.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", source).await.unwrap();
    ann.signs_up("ann", "Ann").await;
    ann.run("return fetch('/api/v1/rooms', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{\"slug\":\"den\"}' }).then(() => true)").await;
    ann.opens_room("den").await;
    ann.run("return fetch('/api/v1/rooms/den/messages', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ key: '6b2f1e0c-1b0a-4a54-9d3c-0d8f1a2b3c4d', body: 'see\\n```\\nlet a;\\n```' }) }).then(() => true)").await;
    ann.element("#m-1 .copy").await;
    assert_eq!(ann.run("return navigator.clipboard === undefined").await, true);

    chooses(&ann, "Copy text").await;
    ann.shows("#status", "The text is copied.").await;
    ann.until("return document.activeElement.id === 'm-1'").await;
    assert_eq!(pasted(&ann).await, "see\n```\nlet a;\n```");
    chooses(&ann, "Copy link").await;
    ann.shows("#status", "The link is copied.").await;
    assert!(pasted(&ann).await.as_str().unwrap().contains("/rooms/den/1?room_id="));
    ann.run("getSelection().selectAllChildren(document.querySelector('#m-1 .author'))").await;
    ann.run("document.querySelector('#m-1 .copy').click()").await;
    ann.shows("#m-1 .copy", "Copied").await;
    assert_eq!(ann.run("return getSelection().toString()").await, "Ann", "what was selected is so again");
    assert_eq!(pasted(&ann).await, "let a;\n");
    // In a dialog all else is inert.
    ann.click("#invite").await;
    ann.click("dialog .actions .button:not(.quiet)").await;
    ann.element("dialog [name=link]").await;
    ann.click("dialog .actions .button:not(.quiet)").await;
    ann.shows("dialog [role=status]", "Copied").await;
    let link = ann.run("return document.querySelector('dialog [name=link]').value").await;
    ann.press(ESCAPE).await;
    ann.lacks("dialog").await;
    assert_eq!(pasted(&ann).await, link);

    // A browser that lets nothing be copied is not said to have copied.
    ann.run("document.execCommand = () => false").await;
    chooses(&ann, "Copy text").await;
    ann.shows("#status", "does not let this page copy").await;
    ann.close().await;
}
