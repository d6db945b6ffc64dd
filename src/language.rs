//! The languages that klatch speaks. What pages and scripts say is in `static/texts/`; what refusals say is English in the
//! source and translated in `src/language/<language>.json`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::wording::Wording;

/// A language that klatch speaks.
#[derive(Debug)]
pub struct Language {
    /// As BCP 47 has it; the files' name too.
    pub tag: &'static str,
    /// What those who speak it call it.
    pub name: &'static str,
    /// How it writes a time that is given as RFC 3339 has it, without seconds.
    pub time: fn(&str) -> String,
    /// By the English texts.
    refusals: LazyLock<HashMap<String, String>>,
}

/// The first is the one for those who speak none of these.
pub static LANGUAGES: [Language; 2] = [
    Language {
        tag: "en",
        name: "English",
        time: |at| time(at, |[year, month, day, time]| format!("{year}-{month}-{day} {time}")),
        refusals: LazyLock::new(HashMap::new),
    },
    Language {
        tag: "de",
        name: "Deutsch",
        time: |at| time(at, |[year, month, day, time]| format!("{day}.{month}.{year} {time}")),
        refusals: LazyLock::new(|| translations(include_str!("language/de.json"))),
    },
];

impl Language {
    pub fn find(tag: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.tag == tag)
    }

    pub fn say(&self, wording: &Wording) -> String {
        wording.translated(|english| self.refusals.get(english).map(String::as_str))
    }
}

/// Cut rather than parsed: a page has fifty.
fn time(at: &str, written: impl FnOnce([&str; 4]) -> String) -> String {
    match (at.get(..4), at.get(5..7), at.get(8..10), at.get(11..16)) {
        (Some(year), Some(month), Some(day), Some(time)) => written([year, month, day, time]),
        _ => at.to_owned(),
    }
}

/// Those of a file that can't be read are none, so that people are told something; a test reads them all.
fn translations(file: &str) -> HashMap<String, String> {
    serde_json::from_str(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_the_language_has_it() {
        let written = LANGUAGES.each_ref().map(|language| (language.time)("2026-11-22T09:41:07.250Z"));
        assert_eq!(written, ["2026-11-22 09:41", "22.11.2026 09:41"]);
    }
}
