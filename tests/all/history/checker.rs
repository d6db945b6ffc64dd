//! The judge: a pure function from a history to the first promise it breaks.

use super::{Event, History, Message, Record, Room, Violation, people};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many records an excerpt has at most: the last ones that concern the finding.
const EXCERPT: usize = 24;

/// The first broken promise of a history, if any.
pub fn check(history: &History) -> Result<(), Violation> {
    keys_are_stored_once(history)?;
    answered_sends_are_stored(history)?;
    numbers_are_dense(history)?;
    a_number_has_one_state(history)?;
    what_is_shown_rises(history)?;
    people::nobody_is_shown_what_came_after_they_left(history)?;
    clients_hold_the_database(history)?;
    people::nobody_does_what_they_may_not(history)?;
    people::marks_never_fall(history)?;
    people::unread_is_counted_from_the_messages(history)?;
    people::everybody_sees_who_is_there(history)
}

/// No author's key made two messages, in any room, and nothing is stored that nobody sent.
fn keys_are_stored_once(history: &History) -> Result<(), Violation> {
    let tried: BTreeSet<_> =
        history.records.iter().filter_map(|record| tried(record).map(|(key, _)| (&record.client, key))).collect();
    let mut stored: HashMap<(&String, &String), u64> = HashMap::new();
    for (name, room) in &history.rooms {
        for message in &room.messages {
            let Message { id, author, key, .. } = message;
            if !tried.contains(&(author, key)) {
                let finding = format!("{name} holds message {id}, which nobody sent");
                return violation("nothing is made up", finding, history, |record| concerns_message(record, name, *id));
            }
            if let Some(other) = stored.insert((author, key), *id) {
                let finding = format!("{author}'s key {key} made messages {other} and {id}");
                return violation("a key makes one message", finding, history, |record| {
                    concerns_key(record, author, key)
                });
            }
        }
    }
    Ok(())
}

/// What was answered with `sent` is there under that id, with the body that was sent first or that an edit gave it.
fn answered_sends_are_stored(history: &History) -> Result<(), Violation> {
    let mut first_bodies: HashMap<(&String, &String), &String> = HashMap::new();
    let mut edits: BTreeMap<(&String, u64), Vec<&String>> = BTreeMap::new();
    for record in &history.records {
        if let Some((key, body)) = tried(record) {
            first_bodies.entry((&record.client, key)).or_insert(body);
        }
        if let Event::Asked { id, body: Some(body), .. } = &record.event {
            edits.entry((&record.room, *id)).or_default().push(body);
        }
    }
    let stored: HashMap<_, _> = history
        .rooms
        .iter()
        .flat_map(|(name, room)| room.messages.iter().map(move |message| ((name, message.id), message)))
        .collect();
    for Record { client, room, event } in &history.records {
        let Event::Sent { key, id } = event else {
            continue;
        };
        let message = stored.get(&(room, *id));
        if message.is_none_or(|message| &message.author != client || &message.key != key) {
            let finding = format!("{client} was told that {key} is message {id} of {room}; there is {message:?}");
            return violation("no answered message is lost", finding, history, |record| {
                concerns_key(record, client, key)
            });
        }
        let message = message.expect("it was just seen");
        let first = first_bodies.get(&(client, key)).copied();
        let edited = edits.get(&(room, *id)).is_some_and(|bodies| bodies.contains(&&message.body));
        if !message.deleted && Some(&message.body) != first && !edited {
            let finding = format!("message {id} of {room} says {:?}; first sent was {first:?}", message.body);
            return violation("the first body counts", finding, history, |record| concerns_key(record, client, key));
        }
    }
    Ok(())
}

/// Each change took one number: 1, 2, 3, … up to the room's. A number that nobody saw must be that of a change whose
/// answer was lost.
fn numbers_are_dense(history: &History) -> Result<(), Violation> {
    const RULE: &str = "numbers are dense";
    for (name, room) in &history.rooms {
        if let Some(two) = room.messages.windows(2).find(|two| two[0].id >= two[1].id) {
            let finding = format!("{name} holds {} and then {}", two[0].id, two[1].id);
            return violation(RULE, finding, history, |record| concerns_message(record, name, two[1].id));
        }
        let mut seen: BTreeSet<u64> = room.messages.iter().flat_map(|message| [message.id, message.seq]).collect();
        let mut unanswered = BTreeSet::new();
        for record in history.records.iter().filter(|record| &record.room == name) {
            match &record.event {
                Event::Sent { id, .. } => drop(seen.insert(*id)),
                Event::Asked { change, .. } => drop(unanswered.insert(*change)),
                Event::Done { change, seq, .. } => {
                    unanswered.remove(change);
                    seen.insert(*seq);
                }
                Event::Refused { change } => drop(unanswered.remove(change)),
                event => seen.extend(shown(event).iter().flat_map(|message| [message.id, message.seq])),
            }
        }
        if let Some(above) = seen.last().filter(|last| **last > room.seq) {
            let finding = format!("number {above} was shown, and {name} ends at {}", room.seq);
            return violation(RULE, finding, history, |record| concerns_number(record, name, *above));
        }
        let missing: Vec<_> = (1..=room.seq).filter(|number| !seen.contains(number)).collect();
        if missing.len() > unanswered.len() {
            let finding =
                format!("{name} has no change with the numbers {missing:?}; {} answers were lost", unanswered.len());
            return violation(RULE, finding, history, |record| concerns_number(record, name, missing[0]));
        }
    }
    Ok(())
}

/// Whoever was shown a number was shown the same state of the same message.
fn a_number_has_one_state(history: &History) -> Result<(), Violation> {
    let mut states: HashMap<(&String, u64), &Message> = HashMap::new();
    let stored = history.rooms.iter().flat_map(|(name, room)| room.messages.iter().map(move |message| (name, message)));
    let shown =
        history.records.iter().flat_map(|record| told(&record.event).iter().map(|message| (&record.room, message)));
    for (room, message) in stored.chain(shown) {
        let first = *states.entry((room, message.seq)).or_insert(message);
        if first != message {
            let finding = format!("number {} of {room} is {first:?} and {message:?}", message.seq);
            let seq = message.seq;
            return violation("a number has one state", finding, history, |record| concerns_number(record, room, seq));
        }
    }
    Ok(())
}

/// Above the cursor, each number at most once, rising; where nothing is replaced, each exactly once.
fn what_is_shown_rises(history: &History) -> Result<(), Violation> {
    let mut cursors: HashMap<(&String, &String), u64> = HashMap::new();
    for record in &history.records {
        let Record { client, room, event } = record;
        let cursor = cursors.entry((client, room)).or_default();
        if let Event::Joined { after, seq, reset, messages: _ } = event {
            match after {
                Some(after) if !reset => *cursor = *after,
                _ => {
                    *cursor = *seq;
                    continue;
                }
            }
        }
        let only_sends = history.rooms.get(room).is_some_and(|room| room.only_sends);
        for message in shown(event) {
            let seq = message.seq;
            if seq <= *cursor || (only_sends && seq != *cursor + 1) {
                let finding = format!("{client} was shown number {seq} of {room} after {cursor}");
                let nearby = |number: &u64| number.abs_diff(seq) <= 1 || *number == *cursor;
                return violation("what is shown rises without a gap or a repeat", finding, history, |record| {
                    &record.client == client
                        && &record.room == room
                        && shown(&record.event).iter().any(|m| nearby(&m.seq))
                });
            }
            *cursor = seq;
        }
    }
    Ok(())
}

/// What a client has put together from its frames is what the database holds, as far back as it reaches.
fn clients_hold_the_database(history: &History) -> Result<(), Violation> {
    const RULE: &str = "clients hold the database's state";
    let mut held: BTreeMap<(&String, &String), Held> = BTreeMap::new();
    for Record { client, room, event } in &history.records {
        if let Event::Joined { .. } = event {
            held.entry((client, room)).or_default();
        }
        if let Some(held) = held.get_mut(&(client, room)) {
            held.take(event);
        }
    }
    let nothing = Room::default();
    for ((client, name), held) in held {
        let room = history.rooms.get(name).unwrap_or(&nothing);
        let stored: BTreeMap<_, _> = room.messages.iter().filter(|m| m.id >= held.from).map(|m| (m.id, m)).collect();
        let ids: BTreeSet<_> = stored.keys().chain(held.messages.keys()).collect();
        for id in ids {
            let (is, has) = (stored.get(id), held.messages.get(id));
            if is != has {
                let finding = format!("message {id} of {name} is {is:?}; {client} holds {has:?}");
                return violation(RULE, finding, history, |record| {
                    &record.client == client && concerns_message(record, name, *id)
                });
            }
        }
    }
    Ok(())
}

/// One client's view of one room.
#[derive(Default)]
struct Held<'a> {
    /// Older messages than this one it has never asked for.
    from: u64,
    messages: BTreeMap<u64, &'a Message>,
}

impl<'a> Held<'a> {
    fn take(&mut self, event: &'a Event) {
        if let Event::Joined { after, reset, messages, .. } = event
            && (*reset || after.is_none())
        {
            self.messages.clear();
            self.from = messages.first().map_or(0, |message| message.id);
        }
        for message in shown(event) {
            let known = self.messages.entry(message.id).or_insert(message);
            if known.seq < message.seq {
                *known = message;
            }
        }
    }
}

fn tried(record: &Record) -> Option<(&String, &String)> {
    match &record.event {
        Event::Tried { key, body } => Some((key, body)),
        _ => None,
    }
}

/// The states of messages that an event shows.
fn shown(event: &Event) -> &[Message] {
    match event {
        Event::Joined { messages, .. } | Event::Changes { messages } => messages,
        Event::Live { message } => std::slice::from_ref(message),
        _ => &[],
    }
}

/// As [`shown`], with what was shown beside the room's own run of numbers.
pub(super) fn told(event: &Event) -> &[Message] {
    match event {
        Event::Mentioned { message } => std::slice::from_ref(message),
        event => shown(event),
    }
}

fn concerns_key(record: &Record, author: &str, wanted: &str) -> bool {
    match &record.event {
        Event::Tried { key, .. } | Event::Sent { key, .. } => record.client == author && key == wanted,
        event => shown(event).iter().any(|message| message.author == author && message.key == wanted),
    }
}

fn concerns_message(record: &Record, room: &str, wanted: u64) -> bool {
    record.room == room
        && match &record.event {
            Event::Sent { id, .. } | Event::Asked { id, .. } | Event::Done { id, .. } => *id == wanted,
            event => shown(event).iter().any(|message| message.id == wanted),
        }
}

fn concerns_number(record: &Record, room: &str, wanted: u64) -> bool {
    record.room == room
        && match &record.event {
            Event::Sent { id, .. } => *id == wanted,
            Event::Done { seq, .. } => *seq == wanted,
            event => told(event).iter().any(|message| message.seq.abs_diff(wanted) <= 1),
        }
}

/// A finding with the records that show it, each cut down to the messages that do.
pub(super) fn violation(
    rule: &'static str,
    finding: String,
    history: &History,
    concerned: impl Fn(&Record) -> bool,
) -> Result<(), Violation> {
    let mut excerpt: Vec<_> = history.records.iter().filter(|record| concerned(record)).cloned().collect();
    excerpt.drain(..excerpt.len().saturating_sub(EXCERPT));
    for record in &mut excerpt {
        let Record { client, room, event } = record;
        let (Event::Joined { messages, .. } | Event::Changes { messages }) = event else {
            continue;
        };
        let alone = |message: &Message| Record {
            client: client.clone(),
            room: room.clone(),
            event: Event::Live { message: message.clone() },
        };
        messages.retain(|message| concerned(&alone(message)));
    }
    Err(Violation { rule, finding, excerpt })
}
