//! Parts of a page for which the rest of the world is too large or too rare to be set up.

use super::window::{Chromedriver, LIMIT, Window};
use crate::common::*;

/// A room's page, and what a script makes of one of its modules.
async fn with_module(module: &str, script: &str) -> Value {
    let server = Server::start(Options::sqlite()).await;
    server.person("host").await.makes_room("den").await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let script = format!(
        "const [answer] = arguments;
         const page = document.querySelector('script[type=module]').src;
         import(new URL('{module}', page)).then(async (module) => {{ {script} }}).catch((error) => answer(String(error)));"
    );
    let value = ann.driver.execute_async(script.as_str(), vec![]);
    let value = wait::within(LIMIT, "the script's answer", value).await.unwrap().json().clone();
    ann.close().await;
    value
}

#[tokio::test]
async fn names_are_shown_while_all_are_known_and_else_the_number() {
    let shown = with_module(
        "../people/people.js",
        "const user = (id) => ({ id, username: `user-${id}`, display_name: '' });
         const users = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => user(from + i));
         const typingLine = document.createElement('p');
         const opener = document.querySelector('#people-open');
         document.querySelector('#offline').replaceChildren(); // as in a room of many members
         const people = new module.People({ root: document.querySelector('#who'), opener, typingLine, me: user(1) });
         const shown = [];
         const look = () => shown.push([
           document.querySelectorAll('#people li').length, document.querySelector('#people-count').textContent]);
         people.reset({ count: 200, users: users(1, 200) }); look();
         people.change({ count: 201, joined: [], left: [] }); look();
         people.change({ count: 199, joined: users(3, 201), left: [user(1), user(2)] }); look();
         people.change({ count: 200, joined: [user(2)], left: [] }); look();
         people.change({ count: 300, joined: [], left: [] }); look();
         people.change({ count: 1, joined: [user(7)], left: [] }); look();
         people.reset({ count: 250, users: [] }); look();
         answer(shown);",
    );
    let expected = json!([[200, "200"], [0, "201"], [199, "199"], [200, "200"], [0, "300"], [1, "1"], [0, "250"]]);
    assert_eq!(shown.await, expected);
}

#[tokio::test]
async fn what_a_new_list_does_not_hold_is_sent_again_with_its_key() {
    let sent = with_module(
        "../outbox/outbox.js",
        "const me = { id: 999, username: 'nobody', display_name: '' };
         const sent = [];
         const until = async (what) => { while (!what()) await new Promise((next) => setTimeout(next, 10)); };
         window.fetch = async (_, { body }) => {
           const id = sent.push(JSON.parse(body));
           return new Response(JSON.stringify({ id }), { status: 201 });
         };
         let cursor = 0; // no message has come
         const list = document.createElement('div');
         const shown = { append: (article) => list.append(article), get: () => undefined };
         const { Sender } = await import(new URL('../outbox/sender.js', page));
         const sender = new Sender(me.id);
         const hold = (change) => change();
         const box = new module.Outbox({ sender, me, room: 'den', list: shown, cursor: () => cursor, hold, signal: new AbortController().signal });
         box.open();
         for (const body of ['lost', 'kept']) box.post(body, null);
         until(() => list.querySelectorAll('[data-id]').length === 2).then(() => {
           box.close();
           cursor = 3;
           box.renew([{ author: me, key: sent[1].key }]); // the room as it was restored
           box.open();
           return until(() => sent.length === 3);
         }).then(() => answer({ bodies: sent.map(({ body }) => body), same: sent[0].key === sent[2].key }));",
    );
    assert_eq!(sent.await, json!({"bodies": ["lost", "kept", "lost"], "same": true}));
}
