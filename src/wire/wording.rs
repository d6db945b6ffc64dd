//! What people are told, in whatever language: English in the source, with translations found by it, as gettext has them.

use std::fmt;

/// A text with values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// With `{name}` in the place of each value.
    english: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Wording {
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// In the language of the text that `translation` has in the place of the English one.
    pub fn translated<'a>(&'a self, translation: impl FnOnce(&'a str) -> Option<&'a str>) -> String {
        let value = |name: &str| Some(self.values.iter().find(|(known, _)| *known == name)?.1.clone());
        filled(translation(self.english).unwrap_or(self.english), value)
    }
}

impl From<&'static str> for Wording {
    fn from(english: &'static str) -> Self {
        Self { english, values: Vec::new() }
    }
}

/// In English, for programs and the log.
impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.translated(|_| None))
    }
}

/// A text with values in the place of their `{name}`. What a value says is not looked into.
pub fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?))) {
        filled.push_str(before);
        match value(name) {
            Some(value) => filled.push_str(&value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_looked_into() {
        let value = |name: &str| match name {
            "who" => Some("{room} {".to_owned()),
            "room" => Some("den".to_owned()),
            _ => None,
        };
        assert_eq!(filled("{who} in {room}: {what}", value), "{room} { in den: {what}");
        assert_eq!(filled("nothing { here", value), "nothing { here");
        assert_eq!(filled("", value), "");
    }

    #[test]
    fn a_wording_is_said_in_english_unless_there_is_a_translation() {
        let wording = Wording::from("about: at most {most} characters").with("most", 300);
        assert_eq!(wording.to_string(), "about: at most 300 characters");
        assert_eq!(wording.translated(|_| Some("höchstens {most} Zeichen")), "höchstens 300 Zeichen");
    }
}
