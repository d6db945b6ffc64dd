//! The table of `docs/markdown.md`, and what holds for whatever is written.

use super::*;

/// The members of the room in the table, each with the id.
const MEMBERS: [(&str, i64); 9] = [
    ("bob", 2),
    ("kim", 3),
    ("kim_", 4),
    ("_zoe_", 5),
    ("__init__", 6),
    ("-lee-", 7),
    ("sam.", 8),
    ("_sam", 9),
    ("an", 10),
];

/// Whom the names of a body mean in that room.
fn meant(rendered: &Rendered) -> Vec<Meant> {
    let member = |name: &String| MEMBERS.iter().find(|(member, _)| member == name).map(|(_, id)| *id);
    let reading = |mention: &Mention| {
        mention.readings.iter().enumerate().find_map(|(reading, name)| match name.as_str() {
            "here" => Some(Meant::Many { reading, ids: vec![2, 3] }),
            "room" => Some(Meant::Many { reading, ids: (2..=10).collect() }),
            _ => member(name).map(|id| Meant::User { reading, id }),
        })
    };
    rendered.mentions.iter().map(|mention| reading(mention).unwrap_or(Meant::Nobody)).collect()
}

/// What a body becomes, as the table writes it.
pub(crate) fn outcome(body: &str) -> String {
    let Ok(rendered) = render_body(body) else { return "refused".to_owned() };
    let html = rendered.html(&meant(&rendered)).replace(" target=\"_blank\" rel=\"noopener nofollow\"", "");
    let html = html.trim_end();
    let inside =
        html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>")).filter(|html| !html.contains("<p"));
    let mut html = inside.unwrap_or(html).to_owned();
    for (from, to) in [
        ("<br>\n", "\n"),
        ("<span class=\"spoiler\">", "<spoiler>"),
        ("<div class=\"table\">", ""),
        ("</div>", ""),
        (" type=\"checkbox\" disabled=\"\"", ""),
        ("checked=\"\"", "checked"),
    ] {
        html = html.replace(from, to);
    }
    for (user, (name, _)) in MEMBERS.iter().map(|member| (member.1, member)) {
        html = html.replace(&format!("<a class=\"at\" data-user=\"{user}\" href=\"/people/{name}\">"), "<at>");
    }
    shorten_links(&html)
}

/// A link whose text is its address is `<link>…</link>`, and what a page makes of `#room` `<room>…</room>`.
fn shorten_links(html: &str) -> String {
    let mut shown = String::new();
    let mut rest = html;
    while let Some(at) = rest.find("<a href=\"") {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let address = rest["<a href=\"".len()..].split('"').next().unwrap_or_default();
        let whole = format!("<a href=\"{address}\">{address}</a>");
        let mail = address.strip_prefix("mailto:").map(|mail| (format!("<a href=\"{address}\">{mail}</a>"), mail));
        if rest.starts_with(&whole) {
            shown.push_str(&format!("<link>{address}</link>"));
            rest = &rest[whole.len()..];
        } else if let Some((_, mail)) = mail.as_ref().filter(|(whole, _)| rest.starts_with(whole)) {
            shown.push_str(&format!("<mail>{mail}</mail>"));
            rest = &rest[mail.len() * 2 + "<a href=\"mailto:\"></a>".len()..];
        } else {
            shown.push_str("<a ");
            rest = &rest["<a ".len()..];
        }
    }
    shown.push_str(rest);
    while let Some(at) = shown.find("<span data-room=\"") {
        let end = shown[at..].find('>').map_or(shown.len(), |end| at + end + 1);
        shown.replace_range(at..end, "<room>");
    }
    let shown = shown.replace("</room>", "");
    close(
        &close(&close(&shown, "<spoiler>", "</span>", "</spoiler>"), "<room>", "</span>", "</room>"),
        "<at>",
        "</a>",
        "</at>",
    )
}

/// Has an element that was renamed end with its new name.
fn close(html: &str, open: &str, end: &str, close: &str) -> String {
    let mut pieces = html.split(open);
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push_str(open);
        let at = if open == "<spoiler>" { spoiler_end(piece) } else { piece.find(end) };
        match at {
            Some(at) => {
                whole.push_str(&piece[..at]);
                whole.push_str(close);
                whole.push_str(&piece[at + end.len()..]);
            }
            None => whole.push_str(piece),
        }
    }
    whole
}

/// Where the spoiler ends in which other spans may stand.
fn spoiler_end(html: &str) -> Option<usize> {
    let mut open = 0usize;
    let mut at = 0;
    loop {
        let end = html[at..].find("</span>")? + at;
        open += html[at..end].matches("<span").count();
        if open == 0 {
            return Some(end);
        }
        open -= 1;
        at = end + "</span>".len();
    }
}

/// The rows of the tables in `docs/markdown.md`: what is written, and what it becomes.
fn rows() -> Vec<(String, String)> {
    let text = include_str!("../../docs/markdown.md");
    let tables = text.split("\n| written | becomes |\n|---|---|\n").skip(1);
    tables.flat_map(|table| table.lines().take_while(|line| line.starts_with('|')).map(row)).collect()
}

fn row(line: &str) -> (String, String) {
    let bars: Vec<usize> =
        line.match_indices('|').map(|(at, _)| at).filter(|at| !line[..*at].ends_with('\\')).collect();
    let [first, second, third] = bars[..] else { panic!("not two cells: {line}") };
    (cell(&line[first + 1..second]), cell(&line[second + 1..third]))
}

fn cell(cell: &str) -> String {
    let cell = cell.trim();
    let ticks = cell.bytes().take_while(|byte| *byte == b'`').count();
    let inside = &cell[ticks..cell.len() - ticks];
    let inside = inside.strip_prefix(' ').and_then(|inside| inside.strip_suffix(' ')).unwrap_or(inside);
    let mut text = inside.replace("\\|", "|").replace('↵', "\n");
    while let Some(at) = text.find("{U+") {
        let end = at + text[at..].find('}').expect("its end");
        let code = u32::from_str_radix(&text[at + 3..end], 16).expect("a number");
        text.replace_range(at..=end, &char::from_u32(code).expect("a character").to_string());
    }
    text
}

#[test]
fn every_row_of_the_table_holds() {
    let rows = rows();
    assert!(rows.len() > 400, "only {} rows were found", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .map(|(written, becomes)| (written, becomes, outcome(written)))
        .filter(|(_, becomes, outcome)| *becomes != outcome)
        .map(|(written, becomes, outcome)| format!("{written:?}\n  table {becomes:?}\n  is    {outcome:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each row beside each of some others: nothing of either may be lost, whatever stands beside it.
#[test]
fn rows_in_paragraphs_of_their_own_keep_their_outcome() {
    let rows: Vec<(String, String)> = rows().into_iter().filter(|(_, becomes)| becomes != "refused").collect();
    for (written, _) in &rows {
        // Fences reach to the end; a list or a quote may go on; and what shows nothing by itself may vanish beside other text.
        let alone = render_again(written).visible();
        let together = render_again(&format!("before\n\n{written}")).visible();
        let kept = alone.split_whitespace().all(|word| together.contains(word));
        assert!(kept || written.starts_with(['-', '*', '_', '>', '`']), "{written:?}: {together:?}");
    }
}

#[test]
fn a_plain_message_is_what_the_whole_way_makes_of_it() {
    for body in ["hello", "Hello there, everybody!", "Grüße, 李明?", "one  two", "It's 12:30; \"a\" (b) - c. 5% = d"]
    {
        assert!(is_plain(body), "{body}");
        let mut context = Context::default();
        assert_eq!(render_again(body).preview(), sanitised(body, &mut context));
    }
}

#[test]
fn hostile_text_becomes_harmless() {
    for body in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "![x](https://example.org/pixel.png)",
    ] {
        let html = render_again(body).preview();
        for bad in ["<script", "<img", "href=\"javascript", "href=\"data"] {
            assert!(!html.contains(bad), "{body}: {html}");
        }
    }
}

#[test]
fn what_is_nested_too_deep_is_shown_as_it_was_written() {
    for body in [
        ">".repeat(4_000),
        format!("{}x", "- ".repeat(100)),
        format!("{}x{}", "*a _a ".repeat(20), " a_ a*".repeat(20)),
    ] {
        let html = render_again(&body).preview();
        assert!(!html.contains("<blockquote") && !html.contains("<ul") && !html.contains("<em"), "{html}");
        assert_eq!(render_again(&body).visible(), body);
    }
}

/// What the worst bodies become is bounded.
#[test]
fn no_body_becomes_long_html() {
    let units = "[,](,*a ,**a,_a ,![,`a,``a`,~~a,||a,> ,- ,1. a,|a,\\*,<a ,&amp;,&,\u{a0},@ab ,#a ,http://a.b ,a@b.cc ,[a](http://b.c) ";
    for unit in units.split(',').chain(["- a\n", "a\n\n", "- [ ] a\n", "a|b\n", "# a\n", "```js\n1'a'"]) {
        let body: String = unit.chars().cycle().take(MAX_BODY_CHARS).collect();
        let html = render_again(&body).preview();
        assert!(html.len() <= MAX_HTML_BYTES + 50 * 32, "{unit:?}: {} bytes", html.len());
    }
}

#[test]
fn a_name_that_could_end_emphasis_belongs_to_who_has_it() {
    let rendered = render_again("_hello @kim_");
    let as_read = |reading| rendered.html(&[Meant::User { reading, id: 7 }]);
    assert!(as_read(1).contains("<em>hello <a class=\"at\" data-user=\"7\" href=\"/people/kim\">@kim</a></em>"));
    assert!(as_read(0).contains("_hello <a class=\"at\" data-user=\"7\" href=\"/people/kim_\">@kim_</a>"));
    assert_eq!(rendered.html(&[Meant::Nobody]), "<p><em>hello @kim</em></p>\n");
}

#[test]
fn a_name_that_is_not_shown_is_no_mention() {
    let rendered = render_again("[a](https://example.org/ \"@bob\")");
    assert!(rendered.mentions.iter().all(|mention| mention.readings.is_empty()));
}
