//! In which order a page lists the reader's rooms.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use icu_collator::options::CollatorOptions;
use icu_collator::preferences::CollationNumericOrdering;
use icu_collator::{Collator, CollatorPreferences};

use crate::wire::{ListedRoom, Room, RoomId};

/// The most rooms that a page lists beside the open one; `welcome` brings the others.
const LISTED_ROOMS: usize = 100;

/// A list of rooms as it is shown beside the open one: starred ones first, then direct talks by their last messages, and rooms
/// by name, as browsers compare names in which there are numbers. Of many the first ones, and the open one.
pub fn in_order(mut rooms: Vec<ListedRoom>, said: &HashMap<RoomId, NaiveDateTime>, open: &str) -> Vec<ListedRoom> {
    let mut preferences = CollatorPreferences::default();
    preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    // The data is compiled in; were it not, names would be in the order of their characters.
    let collator = Collator::try_new(preferences, CollatorOptions::default()).ok();
    rooms.sort_by(|a, b| {
        let starred = b.standing.starred.cmp(&a.standing.starred);
        let last = said.get(&b.room.id).cmp(&said.get(&a.room.id));
        let (first, second) = (name(&a.room), name(&b.room));
        starred.then(last).then_with(|| match &collator {
            Some(collator) => collator.compare(first, second),
            None => first.cmp(second),
        })
    });
    let mut place = 0;
    rooms.retain(|listed| {
        place += 1;
        place <= LISTED_ROOMS || listed.room.slug == open
    });
    rooms
}

fn name(room: &Room) -> &str {
    if room.title.is_empty() { &room.slug } else { &room.title }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chrono::DateTime;

    use super::{LISTED_ROOMS, in_order};
    use crate::wire::{ListedRoom, Room, RoomKind, Standing};

    #[test]
    fn rooms_keep_their_places_and_direct_talks_go_by_their_last_messages() {
        let listed = |id: i64, title: &str, starred: bool| ListedRoom {
            room: Room {
                id,
                slug: format!("r{id}"),
                title: title.into(),
                topic: String::new(),
                kind: RoomKind::Public,
                seq: 0,
                archived: false,
                slow_secs: 0,
            },
            member: true,
            standing: Standing { starred, unread: id, mentions: id, ..Standing::default() },
            people: Vec::new(),
        };
        let titles = ["Project 10", "project 2", "Zoo", "Äpfel", "Apfel", "Bob", "Carl", "Birne", "10", "9"];
        let mut rooms: Vec<ListedRoom> =
            (1..).zip(titles).map(|(id, title)| listed(id, title, title == "Zoo")).collect();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
        let said = HashMap::from([(6, at(1)), (7, at(2))]);
        let order = |rooms| -> Vec<String> {
            in_order(rooms, &said, "r1").into_iter().map(|listed: ListedRoom| listed.room.title).collect()
        };
        let wanted = ["Zoo", "Carl", "Bob", "9", "10", "Apfel", "Äpfel", "Birne", "project 2", "Project 10"];
        assert_eq!(order(rooms.clone()), wanted);
        rooms.extend((11..200).map(|id| listed(id, "A", false)));
        let many = order(rooms);
        assert_eq!(many.len(), LISTED_ROOMS + 1, "the first ones, and the open one");
        assert!(many.contains(&"Project 10".to_owned()));
    }
}
