//! Scripts and styles as browsers get them: without their comments, which hold the types of the scripts and are of no use
//! to a browser.

/// The text without comments that stand alone in their lines. Each leaves an empty line, so that an error's line number
/// is that of the source.
///
/// What begins a line like a comment inside of a text of several lines would be taken for one: no file has any.
pub fn without_comments(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut is_inside = false;
    for line in source.split_inclusive('\n') {
        let text = line.trim();
        let is_comment = if is_inside {
            is_inside = !text.ends_with("*/");
            true
        } else if let Some(comment) = text.strip_prefix("/*") {
            is_inside = !comment.contains("*/");
            is_inside || comment.find("*/") == Some(comment.len() - 2)
        } else {
            text.starts_with("//")
        };
        if !is_comment {
            kept.push_str(line);
        } else if line.ends_with('\n') {
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_go_and_lines_stay() {
        let source = "/** One. */\nlet a = 1; // stays\n\t/*\n\t * two\n\t */\n\t// three\n\tb();\n/* end */";
        assert_eq!(without_comments(source), "\nlet a = 1; // stays\n\n\n\n\n\tb();\n");
    }

    #[test]
    fn code_beside_a_comment_stays() {
        for source in ["/** @type {A} */ (a).b();\n", "let url = 'https://x';\n", "a { b: c } /* d */\n", ""] {
            assert_eq!(without_comments(source), source);
        }
    }
}
