//! The layers of the sources: which file may use which. It reads the paths that begin with `crate::`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: each layer uses those before it, and itself.
const LAYERS: [&str; 11] =
    ["base", "wire", "policy", "render", "db", "chat", "realtime", "app", "features", "server", "cli"];

/// What a file uses, by module: `chat::rooms` and so on.
type Uses = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_file_uses_a_layer_above_its_own() {
    let upward: Vec<String> = uses()
        .iter()
        .flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
        .filter(|(from, to)| matches!((layer(from), layer(to)), (Some(from), Some(to)) if to > from))
        .map(|(from, to)| format!("{from} uses {to}"))
        .collect();
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn every_file_is_in_a_layer() {
    let outside: Vec<String> = modules().into_keys().filter(|module| layer(module).is_none()).collect();
    assert_eq!(outside, ["lib", "main", "typescript"]);
}

/// A file and the folder of its name are one module: its parts use what it defines. Between modules no circle closes.
#[test]
fn no_circle_closes_between_modules() {
    let uses = uses();
    let mut circles = Vec::new();
    for start in uses.keys() {
        let mut reached = BTreeSet::new();
        let mut next = vec![start];
        while let Some(module) = next.pop() {
            let onward = uses.get(module).into_iter().flatten().filter(|to| !is_part(module, to));
            next.extend(onward.filter(|to| reached.insert((*to).clone())));
        }
        if reached.contains(start) {
            circles.push(start);
        }
    }
    assert!(circles.is_empty(), "each of these comes back to itself: {circles:#?}");
}

/// Features call each other's use cases; the queries of one are its own.
#[test]
fn no_feature_uses_the_tables_through_another_ones_queries() {
    let foreign: Vec<String> = uses()
        .iter()
        .flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
        .filter(|(from, to)| {
            let feature = |module: &str| module.strip_prefix("features::")?.split("::").next().map(str::to_owned);
            to.ends_with("::queries") && feature(from).is_some() && feature(from) != feature(to)
        })
        .map(|(from, to)| format!("{from} uses {to}"))
        .collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
}

fn is_part(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|rest| rest.starts_with("::"))
}

fn layer(module: &str) -> Option<usize> {
    let top = module.split("::").next()?;
    LAYERS.iter().position(|layer| *layer == top)
}

/// Every file of `src`, by its module.
fn modules() -> BTreeMap<String, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.strip_prefix(&root).expect("a path below src").with_extension("");
                found.insert(module.to_string_lossy().replace('/', "::"), path);
            }
        }
    }
    found
}

/// The edges between modules. Paths that name an item count for the module that holds it.
fn uses() -> Uses {
    let modules = modules();
    let mut uses = Uses::new();
    for (module, path) in &modules {
        if layer(module).is_none() {
            continue;
        }
        let text = fs::read_to_string(path).expect("text");
        let code: String =
            text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        // What tests of a file use is not what the file uses.
        let code = code.split("#[cfg(test)] mod tests").next().unwrap_or_default();
        let named = paths(code);
        let targets = named.iter().filter_map(|path| {
            let parts: Vec<&str> = path.split("::").collect();
            (1..=parts.len()).rev().map(|count| parts[..count].join("::")).find(|prefix| modules.contains_key(prefix))
        });
        let targets: BTreeSet<String> = targets.filter(|target| target != module).collect();
        assert!(!code.contains("crate::") || !named.is_empty(), "{module}: its paths could not be read");
        uses.insert(module.clone(), targets);
    }
    assert!(uses.values().map(BTreeSet::len).sum::<usize>() > 500, "too few imports were found: {uses:?}");
    uses
}

/// All paths after `crate::`, with groups in braces spelled out.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let before = code[..start].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$') {
            spell_out(&code[start + "crate::".len()..], "", &mut found);
        }
    }
    found
}

/// Adds the paths that begin at the start of `code` below `prefix`; gives how many bytes they take.
fn spell_out(code: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let plain = code.find(|c| !is_path(c)).unwrap_or(code.len());
    let head = &code[..plain];
    if !code[plain..].starts_with('{') || !(head.is_empty() || head.ends_with("::")) {
        found.push(format!("{prefix}{}", head.trim_end_matches(':')));
        return plain;
    }
    let prefix = format!("{prefix}{head}");
    let mut at = plain + 1;
    loop {
        at += code[at..].find(|c: char| !c.is_whitespace() && c != ',').unwrap_or(code.len() - at);
        if at >= code.len() || code[at..].starts_with('}') {
            return at + 1;
        }
        // Whatever can't be read is passed over, so that this ends.
        at += spell_out(&code[at..], &prefix, found).max(1);
        // A new name for it.
        if let Some(rest) = code[at..].strip_prefix(" as ") {
            at += " as ".len() + rest.find(|c| !is_path(c)).unwrap_or(rest.len());
        }
    }
}
