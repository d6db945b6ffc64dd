//! Where bare addresses begin and end in a text, and which of them become links.
//!
//! An address runs on as far as its characters may belong to one. Of those beyond ASCII only letters, marks and digits do:
//! punctuation of any script, quotes, dashes, emoji and spaces of any width end it, and so does a closing bracket without a
//! partner. What closes a sentence is not its end, nor is a delimiter of emphasis that was opened before it.

use std::ops::Range;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use url::{Host, Url};

use crate::base::visible::{shows, without_invisible};

const MAX_SCHEME: usize = 32;

/// An address in a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    pub range: Range<usize>,
    /// Where it leads, where it is a link.
    pub target: Option<String>,
}

/// All addresses in a text, in their order: `scheme://…`, and e-mail addresses.
pub fn addresses(text: &str) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for (colon, _) in text.match_indices("://") {
        let from = found.last().map_or(0, |address| address.range.end);
        let Some(start) = (colon >= from).then(|| scheme_start(&text[from..colon])).flatten() else { continue };
        let start = from + start;
        let end = url_end(text, start, colon + "://".len(), &found);
        if end > colon + "://".len() {
            let target = target(&text[start..end]);
            found.push(Address { range: start..end, target });
        }
    }
    if text.contains('@') {
        add_emails(text, &mut found);
    }
    found
}

/// The address as the target of a link, if it is one that may be followed: of http or https, with a host.
pub fn target(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let authority = rest.strip_prefix("//").filter(|_| is_web)?;
    // A browser passes over more slashes, and takes backslashes for them.
    if authority.starts_with(['/', '\\']) || address.contains(char::is_whitespace) {
        return None;
    }
    (is_usual(authority) || host(address).is_some()).then(|| address.to_owned())
}

/// The same for what is written in a link's brackets, where `mailto:` counts too.
pub fn written_target(address: &str) -> Option<String> {
    let mail = address.get(.."mailto:".len()).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    match mail {
        Some(_) => {
            let rest = &address["mailto:".len()..];
            let whole = rest.split('?').next().unwrap_or_default();
            (email(whole).is_some_and(|end| end == whole.len()) && !rest.contains(char::is_whitespace))
                .then(|| address.to_owned())
        }
        None => target(address),
    }
}

/// Where a link leads whose text is another address: its host, which is shown beside the text.
pub fn other_host(text: &str, target: &str) -> Option<String> {
    let leads_to = place(target)?;
    // Dots and slashes that look like them.
    let text: String = without_invisible(text)
        .chars()
        .map(|c| match c {
            '。' | '．' | '｡' | '․' => '.',
            '／' | '⁄' | '∕' => '/',
            '：' | '∶' => ':',
            c => c,
        })
        .collect();
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '<' | '>' | ',' | '"'));
    let named: Vec<String> = words.filter_map(place_named).collect();
    let differs = named.iter().any(|named| bare(named) != bare(&leads_to));
    differs.then_some(leads_to)
}

/// The host of an address, or the whole of an e-mail address.
fn place(target: &str) -> Option<String> {
    match target.get(.."mailto:".len()).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        Some(_) => Some(target["mailto:".len()..].split('?').next()?.to_lowercase()),
        None => host(target),
    }
}

/// The place that a word of a link's text names, if it looks like an address.
fn place_named(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '/');
    if word.contains("://") {
        return host(word);
    }
    if word.contains('@') {
        return email(word).filter(|end| *end == word.len()).map(|_| word.to_lowercase());
    }
    let name = word.split(['/', '?', '#', ':', '\\']).next()?;
    let (rest, last) = name.rsplit_once('.')?;
    let is_host = last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
        && !rest.is_empty()
        && rest.split('.').all(|label| !label.is_empty());
    is_host.then(|| host(&format!("http://{name}/"))).flatten()
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether an address is written as nearly all are, so that it need not be taken apart: a host of plain labels, none of
/// them a number at the end, and perhaps a port.
fn is_usual(authority: &str) -> bool {
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let (host, port) = authority[..end].split_once(':').unwrap_or((&authority[..end], ""));
    let is_plain =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    host.len() < 100
        && host.split('.').all(is_plain)
        && !host.starts_with("xn--")
        && !host.contains(".xn--")
        && port.len() < 5
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    match url.host()? {
        Host::Domain(name) => name.contains(|c: char| c.is_alphanumeric()).then(|| name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(format!("[{address}]")),
    }
}

/// Where the scheme begins that a text ends with.
fn scheme_start(text: &str) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = text.bytes().rev().take(MAX_SCHEME).take_while(is_part).count();
    let run = &text[text.len() - length..];
    for scheme in ["https", "http"] {
        let at = run.len().checked_sub(scheme.len());
        if let Some(at) = at.filter(|at| run[*at..].eq_ignore_ascii_case(scheme)) {
            let is_alone = !run[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            return is_alone.then_some(text.len() - scheme.len());
        }
    }
    run.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(text.len() - length)
}

/// Where an address ends whose part after the scheme begins at `from`.
fn url_end(text: &str, start: usize, from: usize, earlier: &[Address]) -> usize {
    let quoted = text[..start].ends_with('\'');
    // How many brackets of each kind are open.
    let (mut round, mut square, mut curly) = (0usize, 0usize, 0usize);
    let opens = |open: &mut usize| {
        *open += 1;
        false
    };
    let closes_none = |open: &mut usize| {
        let is_alone = *open == 0;
        *open = open.saturating_sub(1);
        is_alone
    };
    let mut end = text.len();
    for (at, c) in text[from..].char_indices() {
        let ends = match c {
            '(' => opens(&mut round),
            '[' => opens(&mut square),
            '{' => opens(&mut curly),
            ')' => closes_none(&mut round),
            ']' => closes_none(&mut square),
            '}' => closes_none(&mut curly),
            '\'' => quoted,
            '|' => text[from + at..].starts_with("||"),
            c => !belongs(c),
        };
        if ends {
            end = from + at;
            break;
        }
    }
    trimmed(text, start, from, end, earlier)
}

/// Without what closes a sentence, or emphasis that was opened before.
fn trimmed(text: &str, start: usize, from: usize, mut end: usize, earlier: &[Address]) -> usize {
    while let Some(last) = text[from..end].chars().next_back() {
        let goes = match last {
            '.' | ',' | ':' | ';' | '!' | '?' | '\'' | '|' | '(' | '[' | '{' => true,
            '*' | '_' | '~' => opened_before(text, start, earlier, last),
            _ => false,
        };
        if !goes {
            break;
        }
        end -= last.len_utf8();
    }
    end
}

/// Whether a delimiter stands before an address and outside those before it, where it can open something.
fn opened_before(text: &str, start: usize, earlier: &[Address], delimiter: char) -> bool {
    let mut before = None;
    let mut from = 0;
    let ends = earlier.iter().map(|address| address.range.clone()).chain(std::iter::once(start..start));
    for range in ends {
        for (at, c) in text[from..range.start].char_indices() {
            let next = text[from + at + c.len_utf8()..].chars().next();
            let opens = c == delimiter
                && next.is_some_and(|next| !next.is_whitespace())
                && (delimiter == '*' || before.is_none_or(|before: char| !before.is_alphanumeric()));
            if opens {
                return true;
            }
            before = Some(c);
        }
        from = range.end;
    }
    false
}

/// Whether an address goes on with this character.
fn belongs(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\');
    }
    // Within words of Japanese and Catalan, and hyphens.
    if matches!(c, '・' | '·' | '\u{2010}' | '\u{2011}') {
        return true;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let word = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark).union(GeneralCategoryGroup::Number);
    word.contains(category) && shows(c)
}

fn add_emails(text: &str, found: &mut Vec<Address>) {
    let mut emails = Vec::new();
    let mut next = 0;
    for (at, _) in text.match_indices('@') {
        while found.get(next).is_some_and(|address| address.range.end <= at) {
            next += 1;
        }
        let floor = next.checked_sub(1).and_then(|last| found.get(last)).map_or(0, |address| address.range.end);
        let floor = floor.max(emails.last().map_or(0, |email: &Address| email.range.end));
        if found.get(next).is_some_and(|address| address.range.contains(&at)) || at < floor {
            continue;
        }
        let length = text[floor..at].bytes().rev().take(64).take_while(|byte| is_local(char::from(*byte))).count();
        let start = at - length;
        // The rest of another address, or of a path.
        if text[..start].ends_with(['@', '＠', '/']) {
            continue;
        }
        let start = start + text[start..at].find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(0);
        if let Some(end) = email(&text[start..]).map(|end| start + end) {
            let mut after = text[end..].chars();
            // `git@host:path`, `@name@host@…`.
            let goes_on =
                matches!(after.next(), Some(':' | '@' | '/')) && after.next().is_some_and(char::is_alphanumeric);
            if !goes_on {
                let target = Some(format!("mailto:{}", &text[start..end]));
                emails.push(Address { range: start..end, target });
            }
        }
    }
    if !emails.is_empty() {
        found.append(&mut emails);
        found.sort_by_key(|address| address.range.start);
    }
}

/// Where the e-mail address ends that a text begins with.
fn email(text: &str) -> Option<usize> {
    let at = text.find(|c: char| !is_local(c)).filter(|at| (1..=64).contains(at) && text[*at..].starts_with('@'))?;
    let domain = &text[at + 1..];
    let end = domain.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(domain.len());
    let domain = domain[..end].trim_end_matches(['.', '-']);
    let (_, last) = domain.rsplit_once('.')?;
    let is_domain =
        domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
            && last.len() >= 2
            && last.starts_with(|c: char| c.is_ascii_alphabetic())
            && !text[at + 1 + domain.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    is_domain.then_some(at + 1 + domain.len())
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}
