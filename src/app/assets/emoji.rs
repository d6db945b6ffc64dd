//! The emoji that a message can be reacted to with, as the picker in the browser lists them.

use emojis::{Group, UnicodeVersion};

/// The newest emoji that most systems have pictures of.
const NEWEST: UnicodeVersion = UnicodeVersion::new(15, 1);

/// `[[group, [[emoji, name, shortcode, …]]]]`, as JSON.
pub fn list() -> Vec<u8> {
    let groups = Group::iter().map(|group| {
        let known = group.emojis().filter(|emoji| emoji.unicode_version() <= NEWEST);
        let emojis = known.map(|emoji| -> Vec<&str> {
            [emoji.as_str(), emoji.name()].into_iter().chain(emoji.shortcodes()).collect()
        });
        (name(group), emojis.collect::<Vec<_>>())
    });
    // Tuples and lists of text: serialising them into memory has no way to fail.
    serde_json::to_vec(&groups.collect::<Vec<_>>()).unwrap_or_default()
}

fn name(group: Group) -> &'static str {
    match group {
        Group::SmileysAndEmotion => "smileys",
        Group::PeopleAndBody => "people",
        Group::AnimalsAndNature => "animals",
        Group::FoodAndDrink => "food",
        Group::TravelAndPlaces => "travel",
        Group::Activities => "activities",
        Group::Objects => "objects",
        Group::Symbols => "symbols",
        Group::Flags => "flags",
    }
}
