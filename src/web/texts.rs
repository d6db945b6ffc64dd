//! What people read, in their language: `static/texts/<language>.json`, for pages here and for scripts in the browser.
//!
//! A text is a string, or one for each plural form (`{"one": …, "other": …}`, chosen by `count`); `{name}` stands for a
//! value.

use std::collections::HashMap;

use serde::Deserialize;
use tera::{Kwargs, State, TeraResult};

use super::assets;
use crate::error::StartError;

/// A language that klatch speaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// As BCP 47 has it; the file's name too.
    pub tag: &'static str,
    /// What those who speak it call it.
    pub name: &'static str,
}

/// The first is the one for those who speak none of these.
pub const LANGUAGES: [Language; 2] = [Language { tag: "en", name: "English" }, Language { tag: "de", name: "Deutsch" }];

impl Language {
    pub fn find(tag: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.tag == tag)
    }
}

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

/// All texts of all languages.
pub struct Texts(HashMap<&'static str, HashMap<String, Text>>);

impl Texts {
    /// # Errors
    /// A file that is not as it should be.
    pub fn read() -> Result<Self, StartError> {
        let texts = LANGUAGES.iter().map(|Language { tag, .. }| {
            let name = format!("texts/{tag}.json");
            let file = assets::own_file(&name).ok_or_else(|| StartError(format!("{name} is missing")))?;
            let texts = serde_json::from_slice(&file).map_err(|error| StartError(format!("{name}: {error}")))?;
            Ok((*tag, texts))
        });
        texts.collect::<Result<_, StartError>>().map(Self)
    }

    /// `t(key="…", …)` in a template whose `language` is one of those above.
    ///
    /// # Errors
    /// A text that is not there.
    pub fn say(&self, values: &Kwargs, state: &State) -> TeraResult<String> {
        let key: &str = values.must_get("key")?;
        let language = state.get::<String>("language")?.unwrap_or_default();
        let text = self.0.get(language.as_str()).and_then(|texts| texts.get(key));
        let chosen = match text.ok_or_else(|| tera::Error::message(format!("no text {key:?} in {language:?}")))? {
            Text::Always(text) => text,
            Text::ByCount { one, other } => {
                let count: u64 = values.must_get("count")?;
                if count == 1 { one } else { other }
            }
        };
        let mut said = chosen.clone();
        for (name, value) in values.iter() {
            if chosen.contains('{') {
                said = said.replace(&format!("{{{name}}}"), &value.to_string());
            }
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
        let Texts(all) = Texts::read().expect("texts");
        let english = shape(&all["en"]);
        for (language, texts) in &all {
            let other = shape(texts);
            let differences: Vec<_> = english.symmetric_difference(&other).collect();
            assert!(differences.is_empty(), "{language}: {differences:?}");
        }
    }
}
