//! The languages that klatch speaks. What pages and scripts say is in `static/texts/`; what refusals say is English in the
//! source and translated in `src/wire/language/<language>.json`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::wire::wording::Wording;

/// A language that klatch speaks.
#[derive(Debug)]
pub struct Language {
    /// As BCP 47 has it; the files' name too.
    pub tag: &'static str,
    /// What those who speak it call it.
    pub name: &'static str,
    /// How it writes a time that is given as RFC 3339 has it, without seconds.
    pub time: fn(&str) -> String,
    /// How those who speak it write a day; the first is for those of whom it is not known.
    pub days: &'static [Days],
    /// From Monday on.
    pub weekdays: [&'static str; 7],
    pub months: [&'static str; 12],
    /// By the English texts.
    refusals: LazyLock<HashMap<String, String>>,
}

/// A way to write a day, as `{weekday}, {day} {month}`.
#[derive(Debug)]
pub struct Days {
    /// Of this year.
    pub short: &'static str,
    pub with_year: &'static str,
    /// Where it is another word than in the list of months.
    pub january: Option<&'static str>,
}

const fn days(short: &'static str, with_year: &'static str) -> Days {
    Days { short, with_year, january: None }
}

/// The first is the one for those who speak none of these.
pub static LANGUAGES: [Language; 2] = [
    Language {
        tag: "en",
        name: "English",
        time: |at| time(at, |[year, month, day, time]| format!("{year}-{month}-{day} {time}")),
        days: &[
            days("{weekday}, {month} {day}", "{weekday}, {month} {day}, {year}"),
            days("{weekday} {day} {month}", "{weekday}, {day} {month} {year}"),
            days("{weekday}, {day} {month}", "{weekday}, {day} {month} {year}"),
        ],
        weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        refusals: LazyLock::new(HashMap::new),
    },
    Language {
        tag: "de",
        name: "Deutsch",
        time: |at| time(at, |[year, month, day, time]| format!("{day}.{month}.{year} {time}")),
        days: &[
            days("{weekday}, {day}. {month}", "{weekday}, {day}. {month} {year}"),
            Days { january: Some("Jänner"), ..days("{weekday}, {day}. {month}", "{weekday}, {day}. {month} {year}") },
        ],
        weekdays: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
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
    use std::path::Path;

    use super::*;

    #[test]
    fn a_time_is_written_as_the_language_has_it() {
        let written = LANGUAGES.each_ref().map(|language| (language.time)("2026-11-22T09:41:07.250Z"));
        assert_eq!(written, ["2026-11-22 09:41", "22.11.2026 09:41"]);
    }

    /// The program's own files, without their tests.
    fn sources(folder: &Path) -> String {
        let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
        let read = files.map(|path| match path.extension() {
            None => sources(&path),
            Some(ending) if ending == "rs" => {
                let source = std::fs::read_to_string(&path).expect("a source");
                source.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
            }
            Some(_) => String::new(),
        });
        read.collect()
    }

    /// The texts that follow this in the source, in the same statement.
    fn said_after<'a>(source: &'a str, before: &str) -> impl Iterator<Item = &'a str> {
        source.split(before).skip(1).filter_map(|rest| {
            let (between, rest) = rest.split_once('"')?;
            let (text, _) = rest.split_once('"')?;
            (!between.contains([';', '{', '}']) && !between.contains(".with(")).then_some(text)
        })
    }

    #[test]
    fn every_refusal_is_translated_and_nothing_else() {
        let source = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let before = [
            "(Code::",
            "Refusal::new(",
            "Refusal::invalid(",
            "Refusal::rate_limited(",
            "refuse(",
            "needs(",
            "long: ",
            "controls: ",
            "blank: ",
        ];
        let said: Vec<&str> = before.into_iter().flat_map(|before| said_after(&source, before)).collect();
        assert!(said.len() > 100, "{said:?}");
        for language in &LANGUAGES[1..] {
            let missing: Vec<_> = said.iter().filter(|text| !language.refusals.contains_key(**text)).collect();
            assert!(missing.is_empty(), "{}: {missing:#?}", language.tag);
            let left: Vec<_> =
                language.refusals.keys().filter(|text| !source.contains(&format!("\"{text}\""))).collect();
            assert!(left.is_empty(), "{}: {left:#?}", language.tag);
        }
    }

    #[test]
    fn a_translation_has_the_values_of_the_english_text() {
        let values = |text: &str| {
            let mut names: Vec<_> =
                text.split('{').skip(1).map(|rest| rest.split('}').next().map(str::to_owned)).collect();
            names.sort();
            names
        };
        for (english, translated) in LANGUAGES.iter().flat_map(|language| language.refusals.iter()) {
            assert_eq!(values(english), values(translated), "{translated}");
        }
    }
}
