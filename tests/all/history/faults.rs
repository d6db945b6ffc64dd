//! The judge is judged: a sound history passes, and each fault put into it is found under its own rule.

use super::{Event, History, Marks, Message, Record, Removal, Right, Room, Seen, check};
use std::collections::BTreeSet;

/// Ann sends three messages to a room of sends and bob is shown them; in the other room she edits one.
fn sound() -> History {
    let mut records = vec![];
    let mut note = |client: &str, room: &str, event: Event| {
        let (client, room) = (client.to_owned(), room.to_owned());
        records.push(Record { client, room, event });
    };
    for client in ["ann", "bob"] {
        for room in ["log", "den"] {
            note(client, room, Event::Joined { after: Some(0), seq: 0, reset: false, messages: vec![] });
        }
    }
    for id in 1..=3 {
        note("ann", "log", Event::Tried { key: format!("key {id}"), body: "hello".to_owned() });
        note("ann", "log", Event::Sent { key: format!("key {id}"), id });
        for client in ["ann", "bob"] {
            note(client, "log", Event::Live { message: message(id) });
        }
    }
    note("ann", "den", Event::Tried { key: "key 4".to_owned(), body: "teh".to_owned() });
    note("ann", "den", Event::Sent { key: "key 4".to_owned(), id: 1 });
    let draft = Message { key: "key 4".to_owned(), body: "teh".to_owned(), ..message(1) };
    let edited = Message { seq: 2, body: "the".to_owned(), ..draft.clone() };
    note("bob", "den", Event::Live { message: draft });
    note("ann", "den", Event::Asked { change: 1, id: 1, body: Some("the".to_owned()) });
    note("ann", "den", Event::Done { change: 1, id: 1, seq: 2 });
    // Ann was cut off and catches up: the number 1 is replaced by then.
    note("ann", "den", Event::Joined { after: Some(0), seq: 2, reset: false, messages: vec![edited.clone()] });
    note("bob", "den", Event::Live { message: edited.clone() });
    let log = Room { seq: 3, messages: (1..=3).map(message).collect(), only_sends: true };
    let den = Room { seq: 2, messages: vec![edited], only_sends: false };
    let rooms = [("log".to_owned(), log), ("den".to_owned(), den)].into();
    History { records, rooms, ..History::default() }
}

fn message(id: u64) -> Message {
    Message {
        id,
        seq: id,
        author: "ann".to_owned(),
        key: format!("key {id}"),
        body: "hello".to_owned(),
        deleted: false,
        reply_to: None,
        rest: String::new(),
    }
}

fn room<'a>(history: &'a mut History, name: &str) -> &'a mut Room {
    history.rooms.get_mut(name).expect("a room")
}

/// Where bob is shown this number in this room.
fn shown_to_bob(history: &History, room: &str, seq: u64) -> usize {
    let wanted = |record: &Record| {
        record.client == "bob"
            && record.room == room
            && matches!(&record.event, Event::Live { message } if message.seq == seq)
    };
    history.records.iter().position(wanted).expect("it is shown")
}

#[track_caller]
fn is_found(history: &History, rule: &str) {
    let violation = check(history).expect_err("the fault is found");
    assert_eq!(violation.rule, rule, "{violation}");
}

#[test]
fn a_sound_history_passes() {
    check(&sound()).unwrap();
}

#[test]
fn a_lost_message_is_found() {
    let mut history = sound();
    room(&mut history, "log").messages.pop();
    is_found(&history, "no answered message is lost");
}

#[test]
fn a_message_under_another_id_is_found() {
    let mut history = sound();
    history.records.push(Record {
        client: "ann".to_owned(),
        room: "log".to_owned(),
        event: Event::Sent { key: "key 1".to_owned(), id: 2 },
    });
    is_found(&history, "no answered message is lost");
}

#[test]
fn a_doubled_message_is_found() {
    let mut history = sound();
    let again = Message { key: "key 3".to_owned(), ..message(4) };
    let log = room(&mut history, "log");
    log.messages.push(again);
    log.seq = 4;
    is_found(&history, "a key makes one message");
}

#[test]
fn a_message_nobody_sent_is_found() {
    let mut history = sound();
    let log = room(&mut history, "log");
    log.messages.push(message(5));
    is_found(&history, "nothing is made up");
}

#[test]
fn a_later_body_of_a_resent_key_is_found() {
    let mut history = sound();
    room(&mut history, "log").messages[0].body = "another".to_owned();
    is_found(&history, "the first body counts");
}

#[test]
fn a_burnt_number_is_found() {
    let mut history = sound();
    room(&mut history, "den").seq = 3;
    is_found(&history, "numbers are dense");
}

#[test]
fn a_number_of_an_unanswered_change_is_no_fault() {
    let mut history = sound();
    room(&mut history, "den").seq = 3;
    history.records.push(Record {
        client: "ann".to_owned(),
        room: "den".to_owned(),
        event: Event::Asked { change: 2, id: 1, body: None },
    });
    check(&history).unwrap();
}

#[test]
fn a_number_that_was_shown_and_is_gone_is_found() {
    let mut history = sound();
    let den = room(&mut history, "den");
    den.seq = 1;
    den.messages[0] = Message { seq: 1, ..den.messages[0].clone() };
    is_found(&history, "numbers are dense");
}

#[test]
fn a_number_given_twice_is_found() {
    let mut history = sound();
    let at = shown_to_bob(&history, "den", 1);
    history.records[at].event = Event::Live { message: Message { rest: "other".to_owned(), ..message(1) } };
    history.records.push(history.records[at].clone());
    history.records.last_mut().unwrap().event = Event::Live { message: message(1) };
    is_found(&history, "a number has one state");
}

#[test]
fn a_gap_is_found() {
    let mut history = sound();
    let at = shown_to_bob(&history, "log", 2);
    history.records.remove(at);
    is_found(&history, "what is shown rises without a gap or a repeat");
}

#[test]
fn a_repeat_is_found() {
    let mut history = sound();
    let at = shown_to_bob(&history, "den", 1);
    history.records.insert(at, history.records[at].clone());
    is_found(&history, "what is shown rises without a gap or a repeat");
}

#[test]
fn a_reorder_is_found() {
    let mut history = sound();
    let (first, second) = (shown_to_bob(&history, "den", 1), shown_to_bob(&history, "den", 2));
    history.records.swap(first, second);
    is_found(&history, "what is shown rises without a gap or a repeat");
}

#[test]
fn a_repeat_of_what_the_cursor_had_is_found() {
    let mut history = sound();
    history.records.push(Record {
        client: "bob".to_owned(),
        room: "den".to_owned(),
        event: Event::Joined {
            after: Some(2),
            seq: 2,
            reset: false,
            messages: room(&mut sound(), "den").messages.clone(),
        },
    });
    is_found(&history, "what is shown rises without a gap or a repeat");
}

#[test]
fn a_stale_client_is_found() {
    let mut history = sound();
    let at = shown_to_bob(&history, "den", 2);
    history.records.remove(at);
    is_found(&history, "clients hold the database's state");
}

#[test]
fn a_client_without_the_last_message_is_found() {
    let mut history = sound();
    let at = shown_to_bob(&history, "log", 3);
    history.records.remove(at);
    is_found(&history, "clients hold the database's state");
}

#[test]
fn what_a_reset_left_out_is_no_fault() {
    let mut history = sound();
    let at = shown_to_bob(&history, "log", 3);
    history.records[at].event =
        Event::Joined { after: Some(9), seq: 3, reset: true, messages: vec![message(2), message(3)] };
    check(&history).unwrap();
}

#[test]
fn an_excerpt_is_short() {
    let mut history = sound();
    room(&mut history, "log").messages.pop();
    let violation = check(&history).unwrap_err();
    assert_eq!(violation.excerpt.len(), 4, "{violation}");
    assert!(violation.to_string().contains("key 3"));
}

/// Bob leaves the den at the number 2 while ann edits on.
fn left() -> History {
    let mut history = sound();
    let note = |event| Record { client: "bob".to_owned(), room: "den".to_owned(), event };
    history.records.extend([note(Event::Leaving), note(Event::Gone { seq: 2 })]);
    history
}

fn later() -> Message {
    Message { seq: 3, key: "key 4".to_owned(), body: "the".to_owned(), ..message(1) }
}

#[test]
fn what_is_shown_to_somebody_who_has_left_is_found() {
    for event in [
        Event::Live { message: later() },
        Event::Mentioned { message: later() },
        Event::Joined { after: Some(2), seq: 3, reset: false, messages: vec![] },
    ] {
        let mut history = left();
        room(&mut history, "den").seq = 3;
        room(&mut history, "den").messages = vec![later()];
        history.records.push(Record { client: "bob".to_owned(), room: "den".to_owned(), event: event.clone() });
        // Whether it was shown before or after the end was known is all the same.
        is_found(&history, "nothing is shown to those who have left");
        let last = history.records.len() - 1;
        history.records.swap(last - 1, last);
        is_found(&history, "nothing is shown to those who have left");
    }
}

#[test]
fn what_was_on_its_way_to_somebody_who_left_is_no_fault() {
    let mut history = left();
    let at = shown_to_bob(&history, "den", 2);
    let late = history.records.remove(at);
    history.records.push(late);
    check(&history).unwrap();
}

/// Whether it is found that ann sent the number 1 and edited it as the number 2, or that bob removed it then, where this was noted.
#[track_caller]
fn is_found_to_be_barred(removed: bool, events: &[Event]) -> bool {
    let mut history = sound();
    let client = if removed { "bob" } else { "ann" }.to_owned();
    if removed {
        history.removals.push(Removal { by: client.clone(), room: "den".to_owned(), id: 1 });
    }
    let note = |event: &Event| Record { client: client.clone(), room: "den".to_owned(), event: event.clone() };
    history.records.extend(events.iter().map(note));
    match check(&history) {
        Ok(()) => false,
        Err(violation) => violation.rule == "nobody does what they may not",
    }
}

#[test]
fn what_somebody_does_while_they_may_not_is_found() {
    let barred = |from, seq| Event::Barred { from, seq };
    let allowing = |right, seq| Event::Allowing { right, seq };
    let (talk, moderate) = (Right::Talk, Right::Moderate);
    assert!(is_found_to_be_barred(false, &[barred(talk, 0), allowing(talk, 1)]), "the send");
    assert!(is_found_to_be_barred(false, &[barred(talk, 1), allowing(talk, 2)]), "the edit");
    assert!(is_found_to_be_barred(false, &[barred(talk, 1)]), "the edit, with no end");
    assert!(!is_found_to_be_barred(false, &[barred(talk, 2)]), "barred after both");
    assert!(!is_found_to_be_barred(false, &[barred(talk, 0), allowing(talk, 0)]), "allowed again before both");
    assert!(is_found_to_be_barred(true, &[]), "never a moderator");
    assert!(is_found_to_be_barred(true, &[allowing(moderate, 0), barred(moderate, 1)]), "none any more");
    assert!(is_found_to_be_barred(true, &[allowing(moderate, 2)]), "not yet");
    assert!(!is_found_to_be_barred(true, &[allowing(moderate, 1), barred(moderate, 2)]), "a moderator");
}

#[test]
fn a_read_mark_that_falls_is_found() {
    for marked in [[3, 2], [2, 2]] {
        let mut history = sound();
        for read in marked {
            let event = Event::Marked { read };
            history.records.push(Record { client: "ann".to_owned(), room: "log".to_owned(), event });
        }
        is_found(&history, "read marks never fall");
    }
}

/// What bob is told above his mark at the number 1, where ann's third message answers his second.
fn unread(unread: u64, mentions: u64) -> History {
    let mut history = sound();
    let bobs = Message { author: "bob".to_owned(), ..message(1) };
    let [second, third] = [2, 3].map(message);
    let third = Message { reply_to: Some(1), ..third };
    history.records.retain(|record| record.room != "log");
    let tried = |client: &str, n: u64| Record {
        client: client.to_owned(),
        room: "log".to_owned(),
        event: Event::Tried { key: format!("key {n}"), body: "hello".to_owned() },
    };
    history.records.extend([tried("bob", 1), tried("ann", 2), tried("ann", 3)]);
    history.records.push(Record {
        client: "bob".to_owned(),
        room: "log".to_owned(),
        event: Event::Joined {
            after: None,
            seq: 3,
            reset: false,
            messages: vec![bobs.clone(), second.clone(), third.clone()],
        },
    });
    room(&mut history, "log").messages = vec![bobs, second, third];
    history.marks.push(Marks { client: "bob".to_owned(), room: "log".to_owned(), read: 1, unread, mentions });
    history
}

#[test]
fn numbers_of_unread_that_drift_are_found() {
    check(&unread(2, 1)).unwrap();
    is_found(&unread(1, 1), "unread numbers are those of the messages");
    is_found(&unread(2, 0), "unread numbers are those of the messages");
}

#[test]
fn a_ghost_and_somebody_who_is_not_seen_are_found() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    for (people, found) in
        [(names(&["ann", "bob"]), false), (names(&["ann"]), true), (names(&["ann", "bob", "eve"]), true)]
    {
        let mut history = sound();
        history.present.insert("den".to_owned(), names(&["ann", "bob"]));
        history.seen.push(Seen { client: "ann".to_owned(), room: "den".to_owned(), people });
        if found {
            is_found(&history, "people are seen where they are");
        } else {
            check(&history).unwrap();
        }
    }
}
