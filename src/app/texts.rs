//! What people read, in their language: `static/texts/<language>.json`, for pages here and for scripts in the browser.
//!
//! A text is a string, or one for each plural form (`{"one": …, "other": …}`, chosen by `count`); `{name}` stands for a
//! value.

use std::collections::HashMap;

use serde::Deserialize;
use tera::{Kwargs, TeraResult, Value, escape_html};

use crate::app::assets;
use crate::base::folding::turns_direction;
use crate::base::start_error::StartError;
use crate::wire::language::Language;
use crate::wire::wording::filled;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Always(String),
    /// In the languages above there are two forms.
    ByCount {
        one: String,
        other: String,
    },
}

/// A value that may run from right to left turns nothing around it, as `static/core/text.js` has it.
fn isolated(value: String) -> String {
    let turns = |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fefc}') || turns_direction(c);
    if value.chars().any(turns) { format!("\u{2068}{value}\u{2069}") } else { value }
}

/// All texts of a language.
pub struct Texts(HashMap<String, Text>);

impl Texts {
    /// # Errors
    /// A file that is not as it should be.
    pub fn read(language: &Language) -> Result<Self, StartError> {
        let name = format!("texts/{}.json", language.tag);
        let file = assets::own_file(&name).ok_or_else(|| StartError(format!("{name} is missing")))?;
        serde_json::from_slice(&file).map(Self).map_err(|error| StartError(format!("{name}: {error}")))
    }

    /// `t(key="…", …)` in a template.
    ///
    /// # Errors
    /// A text that is not there.
    pub fn say(&self, values: &Kwargs) -> TeraResult<String> {
        let key: &str = values.must_get("key")?;
        let chosen = match self.0.get(key).ok_or_else(|| tera::Error::message(format!("no text {key:?}")))? {
            Text::Always(text) => text,
            Text::ByCount { one, other } => {
                let count: u64 = values.must_get("count")?;
                if count == 1 { one } else { other }
            }
        };
        Ok(filled(chosen, |name| Some(isolated(values.get::<&Value>(name).ok()??.to_string()))))
    }

    /// A template with the texts that have no values in their places: a page has fifty, and the same ones each time.
    pub fn put_into(&self, template: &str) -> String {
        const BEFORE: &str = "{{ t(key=\"";
        let mut parts = template.split(BEFORE);
        let beginning = parts.next().unwrap_or_default().to_owned();
        parts.fold(beginning, |done, part| {
            let asked = part.split_once("\") }}").and_then(|(key, rest)| Some((self.0.get(key)?, rest)));
            match asked {
                Some((Text::Always(text), rest)) => done + escaped(text).as_str() + rest,
                _ => done + BEFORE + part,
            }
        })
    }

    /// What the log has beside an act: `name: value`, and more of that, in words that are texts or names, with times as `written` has them.
    pub fn detail(&self, detail: &str, written: fn(&str) -> String) -> String {
        let word = |word: &str| match self.0.get(&format!("log.detail.{}", word.replace(' ', "-"))) {
            Some(Text::Always(text)) => text.clone(),
            _ => word.to_owned(),
        };
        let pair = |pair: &str| match pair.split_once(' ') {
            Some(("until", time)) => format!("{} {}", word("until"), written(time)),
            _ => pair.split(": ").map(word).collect::<Vec<_>>().join(": "),
        };
        detail.split(", ").map(pair).collect::<Vec<_>>().join(", ")
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = Vec::with_capacity(text.len());
    // Writing into memory has no way to fail.
    let _ = escape_html(text, &mut escaped);
    String::from_utf8_lossy(&escaped).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::wire::Act;
    use crate::wire::language::LANGUAGES;

    fn texts(language: &Language) -> HashMap<String, Text> {
        Texts::read(language).expect("texts").0
    }

    /// A text's key, its plural forms and the values in them.
    fn shape(texts: &HashMap<String, Text>) -> BTreeSet<(String, bool, BTreeSet<String>)> {
        let shapes = texts.iter().map(|(key, text)| {
            let (forms, text) = match text {
                Text::Always(text) => (false, text.clone()),
                Text::ByCount { other, .. } => (true, other.clone()),
            };
            let values = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()));
            (key.clone(), forms, values.collect())
        });
        shapes.collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_values() {
        let [english, others @ ..] = LANGUAGES.each_ref().map(|language| shape(&texts(language)));
        for other in others {
            let differences: Vec<_> = english.symmetric_difference(&other).collect();
            assert!(differences.is_empty(), "{differences:?}");
        }
    }

    /// Keys in the source between these two, where they are written out whole.
    fn keys_between(source: &str, before: &str, after: char) -> Vec<String> {
        let found = source.split(before).skip(1).filter_map(|rest| rest.split_once(after));
        found.filter(|(_, rest)| !rest.starts_with(" ~")).map(|(key, _)| key.to_owned()).collect()
    }

    #[test]
    fn a_text_without_values_is_put_into_its_template() {
        let texts = Texts(HashMap::from([
            ("plain".to_owned(), Text::Always("Salz & Pfeffer".to_owned())),
            ("named".to_owned(), Text::Always("für {name}".to_owned())),
        ]));
        let template = r#"<b title="{{ t(key="plain") }}">{{ t(key="named", name=who) }} {{ t(key="none") }}</b>"#;
        let put = r#"<b title="Salz &amp; Pfeffer">{{ t(key="named", name=who) }} {{ t(key="none") }}</b>"#;
        assert_eq!(texts.put_into(template), put);
    }

    #[test]
    fn what_the_log_has_beside_an_act_is_told_in_words() {
        let [english, german] = LANGUAGES.each_ref().map(|language| Texts::read(language).expect("texts"));
        for (detail, in_english, in_german) in [
            (
                "slow mode: 5 s, blocked words: 2, links: blocked",
                "slow mode: 5 s, blocked words: 2, links: blocked",
                "langsamer Modus: 5 s, abgewiesene Wörter: 2, Links: abgewiesen",
            ),
            ("invitation: 3, role: guest", "invitation: 3, role: guest", "Einladung: 3, Rolle: Gast"),
            ("until 2026-11-22T09:41:07.250Z", "until 2026-11-22 09:41", "bis 22.11.2026 09:41"),
            ("moderator", "moderator", "Moderation"),
        ] {
            assert_eq!(english.detail(detail, LANGUAGES[0].time), in_english);
            assert_eq!(german.detail(detail, LANGUAGES[1].time), in_german);
        }
    }

    #[test]
    fn every_text_that_is_asked_for_is_there() {
        let english = texts(&LANGUAGES[0]);
        let mut asked = Vec::new();
        for (folder, ending, before, after) in
            [("static", "js", " t('", '\''), ("static", "js", "(t('", '\''), ("templates", "html", "t(key=\"", '"')]
        {
            for file in std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).expect(folder) {
                let path = file.expect(folder).path();
                if path.extension().is_some_and(|is| is == ending) {
                    asked.extend(keys_between(&std::fs::read_to_string(path).expect(folder), before, after));
                }
            }
        }
        assert!(asked.len() > 300, "{asked:?}");
        asked.extend(Act::ALL.iter().map(|act| format!("log.{}", act.as_str())));
        let missing: Vec<_> = asked.iter().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Names, which are the same in every language.
    const UNTRANSLATED: [&str; 4] = ["klatch", "UTC", "K", "Aa"];

    /// A source without what is between these two.
    fn without(source: &str, begin: &str, end: &str) -> String {
        let mut parts = source.split(begin);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |rest, part| rest + " " + part.split_once(end).map_or("", |(_, after)| after))
    }

    #[test]
    fn templates_have_no_words_of_their_own() {
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).expect("templates") {
            let path = file.expect("a template").path();
            let source = std::fs::read_to_string(&path).expect("a template");
            let markup = [
                ("{% block width %}", "{% endblock %}"),
                ("{% block kind %}", "{% endblock %}"),
                ("{#", "#}"),
                ("{%", "%}"),
                ("{{", "}}"),
            ];
            let source = markup.into_iter().fold(source, |source, (begin, end)| without(&source, begin, end));
            let spoken = ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""];
            let mut texts: Vec<_> = spoken.into_iter().flat_map(|name| keys_between(&source, name, '"')).collect();
            texts.push(without(&without(&source, "<!", ">"), "<", ">").replace("?next=", ""));
            let text = texts.join(" ");
            // The home page shows people at talk.
            let names = ["Amara", "AO", "Jonas", "JW", "hanna", "Hanna", "HB", "李", "李明", "地图很清楚"];
            let words = text.split(|letter: char| !letter.is_alphabetic());
            let own: Vec<_> = words
                .filter(|word| !word.is_empty() && !UNTRANSLATED.contains(word) && !names.contains(word))
                .collect();
            assert!(own.is_empty(), "{}: {own:?}", path.display());
        }
    }
}
