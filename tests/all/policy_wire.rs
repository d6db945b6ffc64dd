//! What the policy says, asked over the wire: every way to stand to a room, by HTTP and by socket.

use crate::common::*;
use klatch::app::failure::status_of;
use klatch::policy::{Action, Actor, Object, Person as Them, PolicyRoom, may};
use klatch::wire::refusal::Code;
use klatch::wire::{InstanceRole, Role, RoomKind};

const INSTANCE_ROLES: [InstanceRole; 4] =
    [InstanceRole::Guest, InstanceRole::Member, InstanceRole::Admin, InstanceRole::Owner];
const KINDS: [RoomKind; 3] = [RoomKind::Public, RoomKind::Private, RoomKind::Direct];
const ROLES: [Option<Role>; 3] = [None, Some(Role::Member), Some(Role::Moderator)];

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Plain,
    Muted,
    Banned,
    Archived,
}

/// One way to stand to a room, in which its maker has written message 1 and the actor message 2.
#[derive(Clone, Copy, Debug)]
struct Case {
    actor: Actor,
    place: PolicyRoom,
}

impl Case {
    /// What is answered to an action that concerns nobody, oneself, or some other member.
    fn code(self, action: Action, whose: Option<Them>) -> Option<Code> {
        may(self.actor, action, Object { place: Some(self.place), whose }).err().map(|refusal| refusal.code)
    }

    fn me(self) -> Option<Them> {
        let Actor { user, instance, role, .. } = self.actor;
        Some(Them { user, instance, role })
    }
}

/// The maker of a room, who moderates it.
fn maker_of(case: Case) -> Option<Them> {
    Some(Them { user: case.place.maker.expect("a maker"), instance: InstanceRole::Member, role: Some(Role::Moderator) })
}

fn other(role: Option<Role>) -> Option<Them> {
    Some(Them { user: -1, instance: InstanceRole::Member, role })
}

/// Sets a case up and gives its room.
async fn made(
    server: &Server,
    maker: &Person,
    actor: &Person,
    role: InstanceRole,
    case: (usize, RoomKind, Option<Role>, State),
) -> (String, Case) {
    let (number, kind, membership, state) = case;
    let slug = format!("room{number}");
    let user = actor.user["id"].as_i64().expect("an id");
    maker.http.post("/rooms", json!({"slug": slug, "kind": kind.as_str()})).await.ok(201);
    maker.posts(&slug, "the maker's").await;
    maker.adds(&actor.name, &slug).await;
    actor.posts(&slug, "the actor's").await;
    let room = format!("(SELECT id FROM rooms WHERE slug = '{slug}')");
    match membership {
        None => server.execute(&format!("DELETE FROM members WHERE room_id = {room} AND user_id = {user}")),
        Some(role) => server.execute(&format!(
            "UPDATE members SET role = '{}' WHERE room_id = {room} AND user_id = {user}",
            role.as_str()
        )),
    }
    server.execute(&format!(
        "INSERT INTO members (room_id, user_id, role, last_read_seq, joined_at) \
         SELECT {room}, id, 'member', 0, created_at FROM users WHERE username LIKE 'victim%'"
    ));
    let sanction = |kind: &str| {
        server.execute(&format!("INSERT INTO sanctions (room_id, user_id, kind) VALUES ({room}, {user}, '{kind}')"));
    };
    match state {
        State::Plain => {}
        State::Muted => sanction("mute"),
        State::Banned => sanction("ban"),
        State::Archived => {
            server.execute(&format!("UPDATE rooms SET archived_at = created_at WHERE slug = '{slug}'"));
        }
    }
    let (muted, banned) = (state == State::Muted, state == State::Banned);
    let actor = Actor { user, instance: role, role: membership, muted, banned, excluded: false };
    let place = PolicyRoom {
        kind,
        archived: state == State::Archived,
        pair: false,
        large: false,
        maker: Some(maker.user["id"].as_i64().expect("an id")),
    };
    (slug, Case { actor, place })
}

async fn tried_by_http(actor: &Person, slug: &str, case: Case) {
    let at = |rest: &str| format!("/rooms/{slug}{rest}");
    let http = &actor.http;
    let message = || json!({"key": new_key(), "body": "x"});
    let (me, maker, member) = (case.me(), maker_of(case), other(Some(Role::Member)));
    let code = |action| case.code(action, None);
    let archived = json!({"archived": !case.place.archived});
    let mut tried = vec![
        ("see", code(Action::See), http.get(&at("")).await),
        ("history", code(Action::See), http.get(&at("/messages")).await),
        ("members", code(Action::See), http.get(&at("/members")).await),
        ("notify", code(Action::Mark), http.put_json(&at("/notify"), json!({"notify": "all"})).await),
        ("send", code(Action::Talk), http.post(&at("/messages"), message()).await),
        ("report", code(Action::Report), http.post(&at("/messages/1/reports"), json!({})).await),
        // Admins are told of a room that they don't see by its reports alone, and here there is none.
        ("reports", code(Action::Oversee).or(code(Action::See)), http.get(&at("/reports")).await),
        ("audit", code(Action::ReadLog), http.get(&at("/audit")).await),
        ("sanctions", code(Action::ReadLog), http.get(&at("/sanctions")).await),
        ("describe", code(Action::Describe), http.patch(&at(""), json!({"topic": "x"})).await),
        ("rules", code(Action::SetRules), http.patch(&at(""), json!({"blocks_links": true})).await),
        ("take back", case.code(Action::TakeBack, me), http.delete(&at("/messages/2")).await),
        ("remove message", case.code(Action::RemoveMessage, maker), http.delete(&at("/messages/1")).await),
        ("mute", case.code(Action::Mute, member), http.put_json(&at("/mutes/victim1"), json!({})).await),
        (
            "mute oneself",
            case.code(Action::Mute, me),
            http.put_json(&at(&format!("/mutes/{}", actor.name)), json!({})).await,
        ),
        ("ban", case.code(Action::Ban, member), http.put_json(&at("/bans/victim2"), json!({})).await),
        (
            "role",
            case.code(Action::SetRole, member),
            http.patch(&at("/members/victim3"), json!({"role": "moderator"})).await,
        ),
        ("remove", case.code(Action::Remove, member), http.delete(&at("/members/victim4")).await),
        ("admit", case.code(Action::Admit, other(None)), http.put(&at("/members/outsider")).await),
        ("archive", code(Action::Archive), http.patch(&at(""), archived).await),
    ];
    if slug.ends_with(|last: char| last.to_digit(10).is_some_and(|digit| digit % 2 == 0)) {
        tried.push(("delete", code(Action::DeleteRoom), http.delete_with(&at(""), json!({"confirm": slug})).await));
    } else {
        tried.push(("leave", case.code(Action::Remove, me), http.delete(&at("/members/me")).await));
    }
    for (what, expected, answer) in tried {
        let expected = expected.map_or(2, |code| status_of(code).as_u16());
        let got = if answer.status / 100 == 2 { 2 } else { answer.status };
        assert_eq!(got, expected, "{what} in {slug}: {} as {case:?}", answer.text);
    }
}

/// A member's socket; a stranger's gets no further than `join`.
async fn tried_by_socket(socket: &mut Socket, slug: &str, case: Case) {
    let code =
        |answer: &Value| if answer["type"] == "error" { answer["code"].as_str().map(str::to_owned) } else { None };
    let word = |code: Option<Code>| code.map(|code| json!(code).as_str().expect("a word").to_owned());
    if case.actor.role.is_none() && case.code(Action::Enter, None).is_none() {
        return; // it would make them a member
    }
    let joined = socket.ask(json!({"type": "join", "room": slug})).await;
    assert_eq!(code(&joined), word(case.code(Action::Enter, None)), "join as {case:?}");
    if case.actor.role.is_none() {
        return;
    }
    let (me, maker) = (case.me(), maker_of(case));
    let react = json!({"type": "react", "room": slug, "id": 1, "emoji": "👍", "on": true});
    for (frame, expected) in [
        (json!({"type": "send", "room": slug, "key": new_key(), "body": "x"}), case.code(Action::Talk, None)),
        (json!({"type": "edit", "room": slug, "id": 2, "body": "y"}), case.code(Action::Edit, me)),
        (json!({"type": "edit", "room": slug, "id": 1, "body": "y"}), case.code(Action::Edit, maker)),
        (react, case.code(Action::React, None)),
        (json!({"type": "delete", "room": slug, "id": 2}), case.code(Action::TakeBack, me)),
        (json!({"type": "delete", "room": slug, "id": 1}), case.code(Action::RemoveMessage, maker)),
        (json!({"type": "history", "room": slug}), case.code(Action::See, None)),
    ] {
        let answer = socket.ask(frame.clone()).await;
        assert_eq!(code(&answer), word(expected), "{frame} as {case:?}: {answer}");
    }
    socket.leave(slug).await;
}

/// The people of a server: a maker of rooms, one actor of each role, and others to act on.
async fn cast(server: &Server) -> (Person, Vec<(InstanceRole, Person)>) {
    let maker = server.person("maker").await;
    for name in ["outsider", "victim1", "victim2", "victim3", "victim4"] {
        server.person(name).await;
    }
    let mut actors = vec![];
    for role in INSTANCE_ROLES {
        actors.push((role, server.person_as(&format!("the-{}", role.as_str()), role.as_str()).await));
    }
    (maker, actors)
}

fn cases() -> impl Iterator<Item = (RoomKind, Option<Role>, State)> {
    let states = [State::Plain, State::Muted, State::Banned, State::Archived];
    KINDS.into_iter().flat_map(move |kind| {
        ROLES.into_iter().flat_map(move |role| {
            // Who is banned is no member, and who is no member can't be muted any further.
            let fits = move |state: &State| match state {
                State::Banned => role.is_none(),
                State::Muted => role.is_some(),
                _ => true,
            };
            states.into_iter().filter(fits).map(move |state| (kind, role, state))
        })
    })
}

async fn http_answers_as_the_policy_says(server: Server) {
    let (maker, actors) = cast(&server).await;
    let mut number = 0;
    for (role, actor) in &actors {
        for (kind, membership, state) in cases() {
            number += 1;
            let (slug, case) = made(&server, &maker, actor, *role, (number, kind, membership, state)).await;
            tried_by_http(actor, &slug, case).await;
        }
    }
    assert_eq!(number, 108);
}

async fn sockets_answer_as_the_policy_says(server: Server) {
    let (maker, actors) = cast(&server).await;
    let mut number = 0;
    for (role, actor) in &actors {
        let mut socket = actor.socket().await;
        for (kind, membership, state) in cases() {
            number += 1;
            let (slug, case) = made(&server, &maker, actor, *role, (number, kind, membership, state)).await;
            tried_by_socket(&mut socket, &slug, case).await;
        }
    }
    assert_eq!(number, 108);
}

// Not about storage.
on_sqlite![http_answers_as_the_policy_says, sockets_answer_as_the_policy_says];
