//! Texts that people take for the same: by case, by form, by look, and the words of them.
//!
//! Sources: Unicode's NFKC and full case folding (UAX 15, UTR 21), word boundaries (UAX 29), confusables (UTS 39).

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, WhiteSpace};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_security::skeleton;
use unicode_segmentation::UnicodeSegmentation;

use crate::base::visible::{shows, without_invisible};

/// A text in its compatibility form (NFKC), with its case: `ﬁ` is `fi`, and an accent that was typed by itself is part of
/// its letter.
pub fn compatible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizer::new_nfkc().normalize(text) }
}

/// What is kept of a name. One character may fold to eighteen.
const MOST_WORDS: usize = 32;
const MOST_CHARS: usize = 64;

/// What texts are found and compared by: without invisible characters, in the compatibility form, and in one case. White
/// space stays.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded = CaseMapper::new().fold_string(&compatible(&without_invisible(text))).into_owned();
    // Folding may leave forms that compose.
    compatible(&folded).into_owned()
}

/// The pieces of a folded text between Unicode's word boundaries, and what parts them (white space, punctuation, invisible
/// characters) as empty pieces. Each character of a script that parts no words (Chinese, Japanese, Thai) is a piece.
pub fn pieces(folded: &str) -> impl Iterator<Item = &str> {
    folded.split_word_bounds().flat_map(|bounded| bounded.split(parts_words))
}

/// The words of a folded text.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    pieces(folded).filter(|piece| !piece.is_empty())
}

/// A text as it is found by the beginnings of its words: folded, a space between each two words.
pub fn in_words(text: &str) -> String {
    words(&fold(text)).collect::<Vec<_>>().join(" ")
}

/// A text from each of its first [`MOST_WORDS`] words on, as [`in_words`] has it, at most [`MOST_CHARS`] characters of each.
pub fn from_each_word(text: &str) -> Vec<String> {
    let all = in_words(text);
    let begins = std::iter::once(0).chain(all.match_indices(' ').map(|(at, _)| at + 1));
    let rests = begins.take(MOST_WORDS).map(|at| all[at..].chars().take(MOST_CHARS).collect());
    rests.filter(|rest: &String| !rest.is_empty()).collect()
}

/// What a name looks like, as it is written and in small letters: names that share a look can be taken for each other.
pub fn looks(name: &str) -> Vec<String> {
    let plain = |name: &str| -> String {
        let joined: String = words(name).collect();
        // A look may have capitals again: `0` looks like `O`.
        fold(&skeleton(&joined).collect::<String>())
    };
    let mut looks = vec![plain(&compatible(&without_invisible(name))), plain(&fold(name))];
    looks.retain(|look| !look.is_empty());
    looks.dedup();
    looks
}

/// Whether a character turns the direction of what follows it.
pub fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character stands between words: white space, punctuation, and what is invisible.
pub fn parts_words(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric() && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~');
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    GeneralCategoryGroup::Punctuation.contains(category)
        || CodePointSetData::new::<WhiteSpace>().contains(c)
        || !(shows(c) || GeneralCategoryGroup::Mark.contains(category))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_form_make_no_difference() {
        for (one, other) in [
            ("Özgür Şahin", "ÖZGÜR ŞAHIN"),
            ("Ольга", "ОЛЬГА"),
            ("Élodie", "e\u{301}lodie"),
            ("STRASSE", "straße"),
            ("ＢＡＤｗord", "badword"),
            ("bad\u{200b}wo\u{ad}rd\u{2060}\u{fe0f}", "badword"),
            ("ΟΔΟΣ", "οδος"),
            ("ﬁx", "FIX"),
            ("ﾀﾅｶ", "タナカ"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
    }

    #[test]
    fn a_name_is_found_from_each_of_its_words_on() {
        for (name, found) in [
            ("Jean-Luc Picard", &["jean luc picard", "luc picard", "picard"][..]),
            ("(Max)", &["max"]),
            ("山田　太郎", &["山 田 太 郎", "田 太 郎", "太 郎", "郎"]),
            ("D’Artagnan O'Hara", &["d artagnan o hara", "artagnan o hara", "o hara", "hara"]),
            ("snake_case\u{a0}name", &["snake case name", "case name", "name"]),
            ("नवीन कुमार", &["नवीन कुमार", "कुमार"]),
            ("🦊 Fox", &["🦊 fox", "fox"]),
            ("!!", &[]),
        ] {
            assert_eq!(from_each_word(name), found, "{name}");
        }
    }

    #[test]
    fn names_of_one_look_are_told() {
        for (one, other) in [
            ("bob", "Воb"),
            ("Ian", "lan"),
            ("IAN", "ian"),
            ("Ann Lee", "Аnn Lее"),
            ("operator", "0perat0r"),
            ("paul", "pau1"),
            ("Ann Lee", "ann-lee"),
        ] {
            assert!(looks(one).iter().any(|look| looks(other).contains(look)), "{one} {other}");
        }
        assert_ne!(looks("ann"), looks("anne"));
    }
}
