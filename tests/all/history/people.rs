//! The judge of what concerns people: memberships, read marks, who is there.

use super::checker::{told, violation};
use super::{Event, History, Marks, Record, Room, Seen, Violation};
use std::collections::{BTreeSet, HashMap};

/// While somebody was no member they were shown nothing that was committed after they had left: no number above the
/// room's as it was then.
pub fn nobody_is_shown_what_came_after_they_left(history: &History) -> Result<(), Violation> {
    /// Since somebody began to leave: what is known of the end, and the highest number they were shown.
    #[derive(Default)]
    struct Away {
        seq: Option<u64>,
        shown: u64,
    }
    let mut away: HashMap<(&String, &String), Away> = HashMap::new();
    for record in &history.records {
        let Record { client, room, event } = record;
        match event {
            Event::Leaving => drop(away.insert((client, room), Away::default())),
            Event::Entering => drop(away.remove(&(client, room))),
            _ => {}
        }
        let Some(away) = away.get_mut(&(client, room)) else { continue };
        match event {
            Event::Gone { seq } => away.seq = Some(*seq),
            // Whoever is let in is let in to everything.
            Event::Joined { seq, .. } => away.shown = away.shown.max(*seq),
            event => away.shown = told(event).iter().map(|message| message.seq).fold(away.shown, u64::max),
        }
        if let Some(seq) = away.seq.filter(|seq| away.shown > *seq) {
            let shown = away.shown;
            let finding = format!("{client} had left {room} at {seq} at the latest, and was shown {shown}");
            return violation("nothing is shown to those who have left", finding, history, |record| {
                let left = matches!(record.event, Event::Leaving | Event::Gone { .. } | Event::Entering);
                let joined = matches!(record.event, Event::Joined { seq, .. } if seq == shown);
                let concerned = left || joined || told(&record.event).iter().any(|message| message.seq == shown);
                &record.client == client && &record.room == room && concerned
            });
        }
    }
    Ok(())
}

/// Somebody's read mark is never below what it was, nor below their own latest message.
pub fn marks_never_fall(history: &History) -> Result<(), Violation> {
    let mut marks: HashMap<(&String, &String), u64> = HashMap::new();
    let last = history.marks.iter().map(|Marks { client, room, read, .. }| (client, room, *read, true));
    let noted = history.records.iter().filter_map(|Record { client, room, event }| match event {
        Event::Sent { id, .. } => Some((client, room, *id, false)),
        Event::Marked { read } => Some((client, room, *read, true)),
        _ => None,
    });
    for (client, room, read, told) in noted.chain(last) {
        let mark = marks.entry((client, room)).or_default();
        if told && read < *mark {
            let finding = format!("the read mark of {client} in {room} is {read}; it was {mark}");
            return violation("read marks never fall", finding, history, |record| {
                let concerned = matches!(record.event, Event::Marked { .. } | Event::Sent { .. });
                &record.client == client && &record.room == room && concerned
            });
        }
        *mark = read.max(*mark);
    }
    Ok(())
}

/// What is unread, and how often somebody is mentioned in it, is what the messages above their mark say.
pub fn unread_is_counted_from_the_messages(history: &History) -> Result<(), Violation> {
    let nothing = Room::default();
    for Marks { client, room, read, unread, mentions } in &history.marks {
        let messages = &history.rooms.get(room).unwrap_or(&nothing).messages;
        let above: Vec<_> = messages.iter().filter(|m| m.id > *read && !m.deleted && &m.author != client).collect();
        let own: BTreeSet<u64> = messages.iter().filter(|m| &m.author == client).map(|m| m.id).collect();
        let name = format!("@{client}");
        let mentioned = above.iter().filter(|message| {
            message.body.split(' ').any(|word| word == name) || message.reply_to.is_some_and(|id| own.contains(&id))
        });
        let counted = (above.len() as u64, mentioned.count() as u64);
        if counted != (*unread, *mentions) {
            let told = (unread, mentions);
            let finding = format!(
                "{client} was told {told:?} unread and mentions in {room} above {read}; the messages say {counted:?}"
            );
            return violation("unread numbers are those of the messages", finding, history, |record| {
                &record.client == client && &record.room == room && told_of(record)
            });
        }
    }
    Ok(())
}

fn told_of(record: &Record) -> bool {
    matches!(record.event, Event::Marked { .. } | Event::Mentioned { .. } | Event::Leaving | Event::Entering)
}

/// All who look see those whose sockets are in the room, and nobody else.
pub fn everybody_sees_who_is_there(history: &History) -> Result<(), Violation> {
    let nobody = BTreeSet::new();
    for Seen { client, room, people } in &history.seen {
        let present = history.present.get(room).unwrap_or(&nobody);
        let (ghosts, missed): (Vec<_>, Vec<_>) =
            (people.difference(present).collect(), present.difference(people).collect());
        if !ghosts.is_empty() || !missed.is_empty() {
            let finding = format!("in {room}, {client} sees {ghosts:?}, who are gone, and does not see {missed:?}");
            return violation("people are seen where they are", finding, history, |_| false);
        }
    }
    Ok(())
}
