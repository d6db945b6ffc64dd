//! What the pieces of a block of code are, for the style sheet to colour.
//!
//! Authors' code is hostile: grammars search by backtracking, and nest as deeply as a line has brackets. So that no body
//! keeps a worker for long, only grammars that stood such text are used, on lines of usual length and nests of usual
//! depth, until the first line that needs more steps than the library allows for one.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use syntaxmate::{Catalog, PreparedLanguage, Token, TokenizerOptions};

/// The classes that a piece can have, as Pygments has them: a comment, keyword, string or number, the name of a function,
/// type or attribute, what a patch inserts and deletes.
pub const CLASSES: [&str; 9] = ["c", "k", "s", "m", "nf", "nc", "na", "gi", "gd"];

/// The languages, as the catalogue calls them. Markdown, Svelte and assembly are not among them: a few hundred characters
/// of theirs can take half a second. What all of these learn from hostile text together is about 100 MB.
const LANGUAGES: [&str; 52] = [
    "c",
    "clojure",
    "cpp",
    "csharp",
    "css",
    "dart",
    "diff",
    "docker",
    "elixir",
    "go",
    "graphql",
    "groovy",
    "haskell",
    "hcl",
    "html",
    "ini",
    "java",
    "javascript",
    "json",
    "jsonc",
    "jsx",
    "julia",
    "kotlin",
    "less",
    "lua",
    "make",
    "nginx",
    "nix",
    "objective-c",
    "ocaml",
    "perl",
    "php",
    "powershell",
    "proto",
    "python",
    "r",
    "ruby",
    "rust",
    "scala",
    "scss",
    "shellscript",
    "shellsession",
    "sql",
    "swift",
    "terraform",
    "toml",
    "tsx",
    "typescript",
    "vb",
    "xml",
    "yaml",
    "zig",
];

/// What a longer line, or one in a deeper nest, costs grows with the square.
const MAX_LINE_BYTES: usize = 160;
const MAX_DEPTH: usize = 64;
/// Many times what code as people write it takes.
const MAX_TIME: Duration = Duration::from_millis(100);

/// What a scope makes of a piece; the first that the scope begins with counts.
const SCOPES: [(&str, Option<&str>); 25] = [
    ("comment", Some("c")),
    // A word; signs are left plain.
    ("keyword", Some("k")),
    ("storage", Some("k")),
    ("variable.language", Some("k")),
    ("entity.name.tag", Some("k")),
    ("string", Some("s")),
    ("constant", Some("m")),
    ("entity.name.function", Some("nf")),
    ("support.function", Some("nf")),
    ("entity.name.type", Some("nc")),
    ("entity.name.class", Some("nc")),
    ("entity.name.namespace", Some("nc")),
    ("entity.other.inherited-class", Some("nc")),
    ("support.class", Some("nc")),
    ("support.type.property-name", Some("na")),
    ("support.type", Some("nc")),
    ("entity.other.attribute-name", Some("na")),
    ("markup.inserted", Some("gi")),
    ("markup.deleted", Some("gd")),
    ("meta.diff.header", Some("c")),
    // Code within a string is no string.
    ("meta.embedded", None),
    ("meta.interpolation", None),
    ("meta.template.expression", None),
    ("source", None),
    ("text", None),
];

/// A part of a block, and its class if it has one.
pub type Piece = (Range<usize>, Option<&'static str>);

/// Highlights the blocks of one body.
#[derive(Default)]
pub struct Highlighter {
    /// A block took all that a body may take.
    spent: bool,
}

impl Highlighter {
    /// What a language is called that is known. `info` is what stands after the fence: a language, perhaps with more.
    pub fn language(&self, info: &str) -> Option<&'static str> {
        known(info)
    }

    /// The pieces of a block, without a gap; see [`Self::language`].
    pub fn pieces(&mut self, info: &str, code: &str) -> Vec<Piece> {
        let mut pieces = Pieces::default();
        if let Some(language) = language(info).filter(|_| !self.spent) {
            self.spent = !highlight(language, code, &mut pieces);
        }
        pieces.push(code.len(), None);
        pieces.0
    }
}

/// Whether the whole block was highlighted. The library bounds the steps of a line; the time is for very many such lines.
fn highlight(language: &PreparedLanguage, code: &str, pieces: &mut Pieces) -> bool {
    let options = TokenizerOptions { max_line_bytes: MAX_LINE_BYTES, line_cache_entries: 0 };
    let mut tokenizer = language.tokenizer(options);
    let mut state = tokenizer.initial_state();
    let begun = Instant::now();
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let text = line.trim_end_matches('\n');
        // A long line is left plain, and the next ones go on from before it.
        if text.len() < MAX_LINE_BYTES {
            let status = tokenizer.tokenize_line_with(text, &mut state, |token| {
                let range = token.range();
                let Some(piece) = text.get(range.clone()) else { return };
                pieces.push(start + range.start, None);
                pieces.push(start + range.end, class(&token, piece));
            });
            let is_fine = status.is_ok_and(|status| status.is_complete()) && state.depth() <= MAX_DEPTH;
            if !is_fine || begun.elapsed() > MAX_TIME {
                return false;
            }
        }
        start += line.len();
    }
    true
}

/// Pieces one after the other, neighbours of one class as one.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    /// What lies between the last piece and `end`.
    fn push(&mut self, end: usize, class: Option<&'static str>) {
        let start = self.0.last().map_or(0, |(last, _)| last.end);
        match self.0.last_mut() {
            _ if end <= start => {}
            Some((last, same)) if *same == class => last.end = end,
            _ => self.0.push((start..end, class)),
        }
    }
}

/// By the innermost scope that says anything.
fn class(token: &Token, text: &str) -> Option<&'static str> {
    let scopes: Vec<&str> = token.scopes().collect();
    scopes.iter().rev().find_map(|scope| {
        if scope.starts_with("keyword.operator") && !text.starts_with(char::is_alphabetic) {
            return Some(None);
        }
        let begins = |name: &str| scope.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        SCOPES.iter().find(|(name, _)| begins(name)).map(|(_, class)| *class)
    })?
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::bundled);

/// Each grammar is prepared by its first use.
static PREPARED: LazyLock<HashMap<&str, OnceLock<Option<PreparedLanguage>>>> =
    LazyLock::new(|| LANGUAGES.into_iter().map(|language| (language, OnceLock::new())).collect());

/// By its name, by another one, or by how its files' names end.
fn known(info: &str) -> Option<&'static str> {
    let name = info.split([' ', '\t', ',', '{']).next().filter(|name| !name.is_empty())?;
    let known = CATALOG.canonical_language(name).or_else(|| CATALOG.detect_path(Path::new(&format!("x.{name}"))))?;
    PREPARED.get_key_value(known).map(|(known, _)| *known)
}

fn language(info: &str) -> Option<&'static PreparedLanguage> {
    let known = known(info)?;
    PREPARED.get(known)?.get_or_init(|| PreparedLanguage::from_catalog(&CATALOG, known).ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_in_the_catalogue() {
        for language in LANGUAGES {
            assert!(super::language(language).is_some(), "{language}");
        }
    }

    #[test]
    fn every_class_is_in_the_list() {
        for class in SCOPES.iter().filter_map(|(_, class)| *class) {
            assert!(CLASSES.contains(&class), "{class}");
        }
    }

    #[test]
    fn pieces_have_no_gap_and_no_overlap() {
        for (info, code) in [
            ("rust", "fn main() {\n    let a = \"b\"; // c\n}\n"),
            ("python", "f\"{a} b\"\r\n# ü\r\n"),
            ("no such language", "a"),
            ("json", ""),
            ("sh", "\n\n"),
        ] {
            let pieces = Highlighter::default().pieces(info, code);
            let whole: String = pieces.iter().map(|(range, _)| &code[range.clone()]).collect();
            assert_eq!(whole, code);
        }
    }

    #[test]
    fn what_costs_too_much_ends_the_highlighting_of_the_whole_body() {
        let mut highlighter = Highlighter::default();
        let deep = "[".repeat(MAX_DEPTH * 2) + "\n1\n";
        assert_eq!(highlighter.pieces("js", &deep), [(0..deep.len(), None)]);
        assert_eq!(highlighter.pieces("js", "let a"), [(0..5, None)]);
    }

    /// Without the bound it would take all of the stack.
    #[test]
    fn a_line_that_nests_a_name_without_end_is_plain() {
        let code = format!("a = a{}", "::a".repeat(1_300));
        assert_eq!(Highlighter::default().pieces("cpp", &code), [(0..code.len(), None)]);
    }

    #[test]
    fn a_long_line_is_plain_and_the_next_one_is_not() {
        let long = format!("\"{}\"", "x".repeat(MAX_LINE_BYTES));
        let code = format!("{long}\nlet\n");
        let plain = long.len() + 1;
        assert_eq!(
            Highlighter::default().pieces("js", &code),
            [(0..plain, None), (plain..plain + 3, Some("k")), (plain + 3..code.len(), None)]
        );
    }
}
