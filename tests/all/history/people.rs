//! The judge of what concerns people: memberships, read marks, who is there.

use super::checker::{told, violation};
use super::{Event, History, Marks, Record, Removal, Right, Room, Seen, Violation};
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

/// While somebody was barred from something they did nothing of the kind: nothing that was committed after they were, and before
/// they were allowed it again, is theirs.
pub fn nobody_does_what_they_may_not(history: &History) -> Result<(), Violation> {
    /// Above the first number, up to the second.
    type Times = Vec<(u64, u64)>;
    let mut barred: HashMap<(&String, &String, Right), Times> = HashMap::new();
    let from_the_start = |right| if right == Right::Moderate { vec![(0, u64::MAX)] } else { vec![] };
    for Record { client, room, event } in &history.records {
        match event {
            Event::Barred { from, seq } => {
                let times = barred.entry((client, room, *from)).or_insert_with(|| from_the_start(*from));
                times.push((*seq, u64::MAX));
            }
            Event::Allowing { right, seq } => {
                let times = barred.entry((client, room, *right)).or_insert_with(|| from_the_start(*right));
                times.last_mut().expect("barred before").1 = *seq;
            }
            _ => {}
        }
    }
    for (client, room, right, seq) in done(history) {
        let never = from_the_start(right);
        let times = barred.get(&(client, room, right)).unwrap_or(&never);
        if let Some((from, to)) = times.iter().find(|(from, to)| *from < seq && seq <= *to) {
            let finding = format!("number {seq} of {room} is {client}'s, who had lost {right:?} from {from} to {to}");
            return violation("nobody does what they may not", finding, history, |record| {
                let law = matches!(record.event, Event::Barred { .. } | Event::Allowing { .. });
                let concerned = law || told(&record.event).iter().any(|message| message.seq == seq);
                &record.client == client && &record.room == room && concerned
            });
        }
    }
    Ok(())
}

/// Who did something in which room, what it takes, and its number: sends, and edits as far as they were answered, and removals.
fn done(history: &History) -> impl Iterator<Item = (&String, &String, Right, u64)> {
    let sent = history.rooms.iter().flat_map(|(name, room)| {
        room.messages.iter().map(move |message| (&message.author, name, Right::Talk, message.id))
    });
    let edits: BTreeSet<u64> = history.records.iter().filter_map(|record| edit(&record.event)).collect();
    let edited = history.records.iter().filter_map(move |Record { client, room, event }| match event {
        Event::Done { change, seq, .. } if edits.contains(change) => Some((client, room, Right::Talk, *seq)),
        _ => None,
    });
    // What is removed does not change any more: its number is that of the removal.
    let removed = history.removals.iter().filter_map(|Removal { by, room, id }| {
        let message = history.rooms.get(room)?.messages.iter().find(|message| message.id == *id)?;
        Some((by, room, Right::Moderate, message.seq))
    });
    sent.chain(edited).chain(removed)
}

fn edit(event: &Event) -> Option<u64> {
    match event {
        Event::Asked { change, body: Some(_), .. } => Some(*change),
        _ => None,
    }
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
