//! Pages from `templates/`: in the binary, or read from disk in debug builds, again after each change.

use std::sync::Arc;

use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::json;
use tera::{Context, Kwargs, State, Tera};

use crate::app::initials::initials;
use crate::app::on_disk::{self, MadeOfFiles, Versions};
use crate::app::preferences::{Preferences, Theme};
use crate::app::texts::Texts;
use crate::app::{Failure, assets};
use crate::base::metrics::METRICS;
use crate::base::start_error::StartError;
use crate::wire::User;
use crate::wire::language::{LANGUAGES, Language};
use crate::wire::refusal::Refusal;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Sources;

/// All templates, parsed, for each language.
pub struct Templates(MadeOfFiles<Result<Arc<Parsed>, StartError>>);

type Parsed = Vec<(&'static Language, Tera)>;

impl Templates {
    /// # Errors
    /// A template that can't be parsed.
    pub fn new() -> Result<Self, StartError> {
        let parsed = MadeOfFiles::new(versions, all_parsed);
        parsed.get().map(|_| Self(parsed))
    }

    /// A page for `user`. What every page is given (`static`, `language`, `theme`, `user`) is added to `values`.
    ///
    /// # Errors
    /// `unavailable`, when the template and the values don't fit; the log says why.
    pub fn page(&self, name: &str, user: Option<&User>, values: impl Serialize) -> Result<String, Refusal> {
        self.render(name, user, values).map_err(|error| {
            tracing::error!(template = name, error = described(&error), "a page could not be made");
            Refusal::internal()
        })
    }

    /// The page that tells what went wrong.
    pub fn failure(&self, failure: &Failure) -> String {
        let status = failure.status.as_u16();
        let language = Preferences::present().language;
        let title = match status {
            404 => "error.not-found",
            401 | 403 => "error.forbidden",
            429 => "error.fast",
            500.. => "error.broken",
            _ => "error.failed",
        };
        let message = sentence(&language.say(&failure.refusal.wording));
        let values = json!({ "status": status, "title": title, "message": message });
        self.render("error.html", None, values).unwrap_or_else(|error| {
            tracing::error!(error = described(&error), "the error page could not be made");
            format!("<!doctype html><title>{0}</title><h1>{0}</h1>", failure.status)
        })
    }

    fn render(&self, name: &str, user: Option<&User>, values: impl Serialize) -> Result<String, tera::Error> {
        self.fill_in(name, user, values).inspect_err(|_| METRICS.template_errors.increment(1))
    }

    fn fill_in(&self, name: &str, user: Option<&User>, values: impl Serialize) -> Result<String, tera::Error> {
        #[derive(Serialize)]
        struct Page<'a, V> {
            r#static: String,
            language: &'static str,
            theme: Theme,
            user: Option<&'a User>,
            #[serde(flatten)]
            values: V,
        }
        let Preferences { language, theme, .. } = Preferences::present();
        let page = Page { r#static: assets::prefix(), language: language.tag, theme, user, values };
        let context = Context::from_serialize(&page)?;
        let parsed = self.0.get().map_err(|error| tera::Error::message(error.to_string()))?;
        let own = parsed.iter().find(|(known, _)| known.tag == language.tag);
        let (_, tera) = own.ok_or_else(|| tera::Error::message(format!("no templates in {:?}", language.tag)))?;
        tera.render(name, &context)
    }
}

/// A message for programs as people write it.
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

/// The versions of the files that pages are made of.
fn versions() -> Versions {
    [on_disk::versions::<Sources>("templates"), assets::versions()].concat()
}

fn all_parsed() -> Result<Arc<Parsed>, StartError> {
    let parsed = LANGUAGES.iter().map(|language| match parsed(language, Texts::read(language)?) {
        Ok(tera) => Ok((language, tera)),
        Err(error) => Err(StartError(format!("templates: {}", described(&error)))),
    });
    parsed.collect::<Result<_, _>>().map(Arc::new)
}

fn parsed(language: &'static Language, texts: Texts) -> Result<Tera, tera::Error> {
    let sources = Sources::iter().filter_map(|name| {
        let source = Sources::get(&name)?.data;
        Some((name.into_owned(), texts.put_into(&String::from_utf8_lossy(&source))))
    });
    let sources: Vec<_> = sources.collect();
    let mut tera = Tera::new();
    let texts = Arc::new(texts);
    let of_log = Arc::clone(&texts);
    tera.register_function("t", move |values: Kwargs, _: &State| texts.say(&values));
    tera.register_filter("detail", move |detail: &str, _: Kwargs, _: &State| of_log.detail(detail, language.time));
    tera.register_filter("moment", |at: &str, _: Kwargs, _: &State| (language.time)(at));
    tera.register_filter("initials", |name: &str, _: Kwargs, _: &State| initials(name));
    tera.register_filter("json", |value: &tera::Value, _: Kwargs, _: &State| {
        serde_json::to_string(value).map_err(|error| tera::Error::message(error.to_string()))
    });
    tera.add_raw_templates(sources)?;
    Ok(tera)
}

/// Tera tells the cause in the error's source.
fn described(error: &tera::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_cannot_be_made_is_not_blamed_on_the_database() {
        let templates = Templates::new().unwrap();
        assert!(templates.page("offline.html", None, serde_json::json!({})).is_ok());
        let refusal = templates.page("no such template", None, serde_json::json!({})).unwrap_err();
        assert_eq!(refusal, Refusal::internal());
        assert_eq!(refusal.code, crate::wire::refusal::Code::Unavailable);
        assert!(!refusal.to_string().contains("database"));
    }
}
