//! Every key that the help lists, pressed as it stands there.

use super::window::{BACKSPACE, Chromedriver, DOWN, ENTER, ESCAPE, UP, Window};
use crate::common::*;
use thirtyfour::Key;

const DELETE: &str = "\u{E017}";

/// What the help lists: `[what, [key, …]]`.
const LISTED: &str = "return [...document.querySelectorAll('dialog.help dt')].map((what) =>
    [what.textContent, [...what.nextElementSibling.querySelectorAll('kbd')].map((key) => key.textContent)])";

/// Presses these keys as the help writes them: what is held comes first, and two arrows are two keys.
async fn presses(window: &Window, keys: &[String]) {
    let mut held = vec![];
    for key in keys {
        match key.as_str() {
            "Ctrl" => held.push(Key::Control),
            "Alt" => held.push(Key::Alt),
            "Shift" => held.push(Key::Shift),
            "↑" => window.chord(&held, UP).await,
            "↓" => window.chord(&held, DOWN).await,
            "Enter" => window.chord(&held, ENTER).await,
            "Esc" => window.chord(&held, ESCAPE).await,
            "Del" => window.chord(&held, DELETE).await,
            key => window.chord(&held, &key.to_lowercase()).await,
        }
    }
}

/// Ann in the attic, before the rooms `cellar` and `den`, with nothing written.
async fn afresh(ann: &Window) {
    ann.run("localStorage.clear(); sessionStorage.clear()").await;
    ann.opens_room("attic").await;
    ann.element("#people li[data-user=ann]").await;
}

/// Writes a message and gives it the focus.
async fn focuses_a_new_one(ann: &Window, body: &str) {
    ann.says(body).await;
    ann.bodies_up_to(body).await;
    let script = format!(
        "const message = [...document.querySelectorAll('#log .msg:not([data-key])')].at(-1);
        if (message?.querySelector('.body').textContent.trim() !== {}) return false;
        message.focus();
        return document.activeElement === message",
        json!(body)
    );
    ann.until(&script).await;
}

/// Writes a word and selects it.
async fn selects_a_word(ann: &Window) {
    ann.fill("#message", "word").await;
    ann.run("document.querySelector('#message').select()").await;
}

async fn writes(ann: &Window, text: &str) {
    ann.until(&format!("return document.querySelector('#message').value === {}", json!(text))).await;
}

async fn nothing_is_new(ann: &Window) {
    ann.lacks("#rooms .new").await;
}

/// That the keys do what the help says of them.
async fn holds(what: &str, keys: &[String], ann: &Window, bob: &Person) {
    let press = async || presses(ann, keys).await;
    match what {
        "Go to a room or a person" => {
            press().await;
            ann.element("#switcher input").await;
        }
        "Next room" => {
            press().await;
            ann.arrives_at("/rooms/cellar").await;
        }
        "Previous room" => {
            ann.opens_room("cellar").await;
            press().await;
            ann.arrives_at("/rooms/attic").await;
        }
        "Next room with something new" => {
            // The list keeps its order as long as a pointer is over it.
            let list = ann.element("#rooms").await;
            ann.driver.action_chain().move_to_element_center(&list).perform().await.unwrap();
            bob.posts("den", "news").await;
            ann.element("#rooms .new[data-slug=den]").await;
            press().await;
            ann.arrives_at("/rooms/den").await;
            ann.online().await;
            nothing_is_new(ann).await;
        }
        "Mark all rooms as read" => {
            bob.posts("cellar", "news").await;
            ann.element("#rooms .new[data-slug=cellar]").await;
            press().await;
            nothing_is_new(ann).await;
        }
        "These keys" => {
            ann.run("document.activeElement.blur()").await;
            press().await;
            ann.element("dialog.help").await;
        }
        "Go through the messages" => {
            ann.says("above").await;
            focuses_a_new_one(ann, "below").await;
            presses(ann, &keys[..1]).await;
            ann.until("return document.activeElement.querySelector('.body')?.textContent.trim() === 'above'").await;
            presses(ann, &keys[1..]).await;
            ann.until("return document.activeElement.querySelector('.body')?.textContent.trim() === 'below'").await;
        }
        "Reply" => {
            focuses_a_new_one(ann, "to be answered").await;
            press().await;
            ann.shows("#mode", "Replying to Ann").await;
        }
        "Edit one’s own" => {
            focuses_a_new_one(ann, "to be edited").await;
            press().await;
            ann.shows("#mode", "Editing").await;
            writes(ann, "to be edited").await;
        }
        "React" => {
            focuses_a_new_one(ann, "to be liked").await;
            press().await;
            ann.element(".picker input").await;
        }
        "Delete" => {
            focuses_a_new_one(ann, "to be deleted").await;
            press().await;
            ann.shows(".msg.leaving .undo", "Message deleted").await;
        }
        "Undo deleting" => {
            focuses_a_new_one(ann, "to be kept").await;
            ann.press(DELETE).await;
            ann.element(".msg.leaving .undo").await;
            press().await;
            ann.lacks(".msg.leaving").await;
        }
        "All that can be done" => {
            focuses_a_new_one(ann, "to be acted on").await;
            press().await;
            ann.element("[role=menu] [role=menuitem]").await;
        }
        "Back to writing" => {
            focuses_a_new_one(ann, "to be left").await;
            press().await;
            ann.until("return document.activeElement.id === 'message'").await;
        }
        "Send" => {
            ann.fill("#message", "sent").await;
            press().await;
            ann.bodies_up_to("sent").await;
        }
        "New line" => {
            ann.fill("#message", "one").await;
            press().await;
            ann.press("two").await;
            writes(ann, "one\ntwo").await;
        }
        "Edit the last message (when nothing is written)" => {
            ann.says("the last").await;
            ann.bodies_up_to("the last").await;
            ann.press("x").await;
            press().await;
            ann.lacks("#mode:not([hidden])").await;
            ann.chord(&[Key::Control], "a").await;
            ann.press(BACKSPACE).await;
            press().await;
            ann.shows("#mode", "Editing").await;
            writes(ann, "the last").await;
        }
        "Preview" => {
            ann.fill("#message", "**word**").await;
            press().await;
            ann.shows(".preview strong", "word").await;
        }
        "Bold" | "Italic" | "Code" | "Link" | "Quote" | "List" => {
            selects_a_word(ann).await;
            press().await;
            let formed = match what {
                "Bold" => "**word**",
                "Italic" => "_word_",
                "Code" => "`word`",
                "Link" => "[word](https://)",
                "Quote" => "> word",
                _ => "- word",
            };
            writes(ann, formed).await;
        }
        _ => panic!("nothing shows that {keys:?} means {what:?}"),
    }
}

#[tokio::test]
async fn every_key_that_the_help_lists_does_what_it_says() {
    let server = Server::start(Options::sqlite()).await;
    let bob = server.person("bob").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    for room in ["attic", "cellar", "den"] {
        bob.makes_room(room).await;
        bob.adds("ann", room).await;
    }
    afresh(&ann).await;
    ann.run("document.activeElement.blur()").await;
    ann.press("?").await;
    ann.element("dialog.help").await;
    let listed: Vec<(String, Vec<String>)> = serde_json::from_value(ann.run(LISTED).await).unwrap();
    assert!(listed.len() > 20, "{listed:?}");
    for (what, keys) in &listed {
        println!("{keys:?}: {what}");
        afresh(&ann).await;
        holds(what, keys, &ann, &bob).await;
    }
    ann.close().await;
}
