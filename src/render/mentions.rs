//! `@name` and `#room` in a text: where one stands, and which names it can mean. Who is meant is known where the room's
//! members are.

/// Names and rooms that are looked for in one body; further ones are text.
pub const MAX_MENTIONS: usize = 50;
pub const MAX_ROOMS: usize = 50;

const MIN_NAME: usize = 2;
const MAX_NAME: usize = 32;
const MAX_SLUG: usize = 64;

/// An `@name` outside code, addresses and paths: the usernames it can mean, in lower case, the longest first (`@ann.` at the
/// end of a sentence may mean `ann.` or `ann`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub readings: Vec<String>,
    /// As it was written: the sign and the longest reading.
    pub written: String,
}

impl Mention {
    /// What was written of it in one of its readings, with the sign.
    pub fn shown(&self, reading: usize) -> &str {
        let sign = self.written.chars().next().map_or(0, char::len_utf8);
        let name = self.readings.get(reading).map_or(0, String::len);
        self.written.get(..sign + name).unwrap_or(&self.written)
    }
}

/// Whom a mention means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// It is text like any other.
    Nobody,
    /// This reading, somebody who is no member of the room: a link to them, and no more.
    Elsewhere { reading: usize },
    /// This reading, a member's name.
    User { reading: usize, id: i64 },
    /// This reading, `room` or `here`: the ids of those who were meant, in their order.
    Many { reading: usize, ids: Vec<i64> },
}

/// The mention that begins at the start of `text` with `@` or its full-width form, after `before`. Gives how many bytes it
/// takes with its longest reading.
pub fn mention_at(before: Option<char>, text: &str) -> Option<(Mention, usize)> {
    let sign = text.chars().next().filter(|c| matches!(c, '@' | '＠'))?;
    let follows_address = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/');
    if before.is_some_and(follows_address) {
        return None;
    }
    let rest = &text[sign.len_utf8()..];
    let run = name_at(rest);
    let mut after = rest[run.len()..].chars();
    // `@scope/package`, `@name@host`.
    if matches!(after.next(), Some('/' | '@' | '＠')) && after.next().is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let readings = readings(run);
    let longest = readings.first()?.len();
    let end = sign.len_utf8() + longest;
    Some((Mention { readings, written: text[..end].to_owned() }, end))
}

/// The slug of the `#room` that begins at the start of `text`, after `before`.
pub fn room_at(before: Option<char>, text: &str) -> Option<&str> {
    let rest = text.strip_prefix('#')?;
    let glued = |c: char| c.is_alphanumeric() || c == '_';
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | '&' | '/')) {
        return None;
    }
    let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let end = rest.find(|c| !is_slug(c)).unwrap_or(rest.len());
    let slug = &rest[..end];
    let is_one = (1..=MAX_SLUG).contains(&slug.len()) && !rest[end..].chars().next().is_some_and(glued);
    is_one.then_some(slug)
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(text.len());
    &text[..end]
}

/// The usernames that a run of name characters can mean: as it stands, then with less and less trailing punctuation.
fn readings(run: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = run;
    while name.len() >= MIN_NAME {
        if name.len() <= MAX_NAME {
            names.push(name.to_ascii_lowercase());
        }
        match name.strip_suffix(['.', '_', '-']) {
            Some(shorter) => name = shorter,
            None => break,
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(before: Option<char>, text: &str) -> Vec<String> {
        mention_at(before, text).map(|(mention, _)| mention.readings).unwrap_or_default()
    }

    #[test]
    fn a_name_may_follow_anything_but_what_makes_an_address_of_it() {
        for before in "请いש ा👍，「(*_".chars().filter(|c| *c != '_').chain(['@', '\\', '#', '~', ':', 'é', '“'])
        {
            assert_eq!(at(Some(before), "@bob"), ["bob"], "{before:?}");
        }
        for before in ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['.', '_', '-', '+', '/']) {
            assert!(at(Some(before), "@bob").is_empty(), "{before:?}");
        }
    }

    #[test]
    fn the_longest_name_comes_first() {
        assert_eq!(at(None, "@kim_._ "), ["kim_._", "kim_.", "kim_", "kim"]);
        assert_eq!(at(None, "＠Bob看"), ["bob"]);
        assert_eq!(at(None, "@__init__"), ["__init__", "__init_", "__init"]);
        assert_eq!(at(None, &format!("@{}_", "a".repeat(32))), ["a".repeat(32)]);
        assert!(at(None, &format!("@{}", "a".repeat(33))).is_empty());
        assert!(at(None, "@").is_empty() && at(None, "@a").is_empty());
    }

    #[test]
    fn packages_and_names_elsewhere_are_no_mentions() {
        for text in ["@bob/cli", "@bob@example.org", "@bob＠example"] {
            assert!(at(None, text).is_empty(), "{text}");
        }
        for text in ["@bob/", "@bob/ ", "@bob@", "@bob/@ann"] {
            assert_eq!(at(None, text), ["bob"], "{text}");
        }
    }

    #[test]
    fn a_room_stands_by_itself() {
        assert_eq!(room_at(None, "#den-2, here"), Some("den-2"));
        assert_eq!(room_at(Some('('), "#den)"), Some("den"));
        assert_eq!(room_at(Some('看'), "#den。"), Some("den"));
        for (before, text) in [
            (Some('a'), "#den"),
            (Some('/'), "#den"),
            (Some('&'), "#64"),
            (None, "#Den"),
            (None, "#den_"),
            (None, "##den"),
        ] {
            assert_eq!(room_at(before, text), None, "{before:?}{text}");
        }
    }
}
