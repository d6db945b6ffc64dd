//! Text that is meant to do harm: what becomes of it is harmless HTML, in bounded time, wherever it is shown.

use crate::common::*;
use std::time::{Duration, Instant};

const MAX_CHARS: usize = 4_000;

/// What a message's HTML may hold.
const TAGS: [&str; 29] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
const CLASSES: [&str; 13] = ["at", "spoiler", "table", "task", "c", "k", "s", "m", "nf", "nc", "na", "gi", "gd"];
const ATTRIBUTES: [&str; 12] = [
    "href",
    "rel",
    "target",
    "class",
    "title",
    "dir",
    "start",
    "value",
    "data-user",
    "data-users",
    "data-room",
    "data-language",
];

/// Fails unless the HTML is nothing but these tags, closed in their order, with these attributes and web addresses.
fn assert_harmless(html: &str, body: &str) {
    let shown: String = body.chars().take(80).collect();
    let mut open = vec![];
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("{shown}: an unfinished tag: {piece}"));
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{shown}: {html:.300}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(TAGS.contains(&name), "{shown}: <{tag}>");
        if !["br", "hr"].contains(&name.trim_end_matches('/')) {
            open.push(name);
        }
        let mut rest = attributes.trim_end_matches('/').trim();
        while let Some((attribute, value)) = rest.split_once("=\"") {
            assert!(ATTRIBUTES.contains(&attribute.trim()), "{shown}: {attribute} in <{tag}>");
            let (value, others) = value.split_once('"').expect("a quoted value");
            let leads = ["https://", "http://", "mailto:", "/people/", "/rooms/"];
            let is_known = leads.iter().any(|begin| value.starts_with(begin));
            assert!(attribute.trim() != "href" || is_known, "{shown}: <{tag}>");
            assert!(attribute.trim() != "class" || CLASSES.contains(&value), "{shown}: <{tag}>");
            rest = others;
        }
        assert_eq!(rest.trim(), "", "{shown}: <{tag}>");
    }
    assert_eq!(open, Vec::<&str>::new(), "{shown}: left open");
}

/// As many of `piece` as fit into a message.
fn full_of(piece: &str) -> String {
    piece.repeat(MAX_CHARS / piece.chars().count())
}

fn hostile_bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "<script>alert(1)</script>",
        "<ScRiPt src=//evil.example/x.js>",
        "<svg/onload=alert(1)>",
        "<img src=x onerror=\"alert(1)\">",
        "<a href=\"https://example.com\" onclick=\"alert(1)\">x</a>",
        "<iframe srcdoc=\"<script>alert(1)</script>\">",
        "<style>*{display:none}</style><base href=//evil.example><meta http-equiv=refresh content=0>",
        "</p></div></body><script>alert(1)</script>",
        "<!--><script>alert(1)</script-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](\u{1}javascript:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
        "<javascript:alert(1)> <data:text/html,x>",
        "[x](https://example.com/\"onmouseover=\"alert(1))",
        "[x](https://example.com 'y\" onmouseover=\"alert(1)')",
        "[x]: javascript:alert(1)\n\n[x]",
        "`</code><script>alert(1)</script>`",
        "```\"><script>alert(1)</script>\nx\n```",
        "```html\n</code></pre><script class=\"k\">alert(1)</script>\n```",
        "<span class=\"k composer\">x</span>",
        "@ann\"><script>alert(1)</script>",
        "https://example.com/\"onmouseover=alert(1)",
        "**bold _and `broken* [link](http://",
        "[[[[](((( ![![![ *** ___ ~~~ ``` > - 1. # |",
        "\u{202e}evil.exe\u{202d}\u{2066}\u{2067}",
        "a\u{200b}\u{200f}\u{feff}\u{fff9}b",
        "Z\u{30d}\u{30e}\u{304}\u{305}\u{33f}\u{311}\u{306}\u{310}a\u{352}\u{357}\u{351}l\u{307}\u{308}g\u{30a}o",
    ]
    .map(str::to_owned)
    .into();
    for piece in [
        "😀",
        "👩‍👩‍👧‍👦",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "x\u{202e}",
        "e\u{301}\u{302}\u{303}\u{304}",
        "<",
        "&",
        "<b>",
        "> ",
        ">",
        "- ",
        "* a\n",
        "1. ",
        "#",
        "*",
        "**a",
        "_a_",
        "[",
        "]",
        "[a](",
        "![",
        "[a](b)",
        "`",
        "``a`",
        "~~a",
        "|a",
        "@ann ",
        "@a",
        "https://a.b ",
        "http://",
        "<a ",
        "<!--",
        "<?",
        "\\",
        "&#x41;",
        "&lt;",
        "\n",
        "a\n\n",
        "    a\n",
        "\t",
        "***a",
        "[a][",
        "(((",
        "\"'",
        "x@y.z ",
        "www.",
        "a*_",
    ] {
        bodies.push(full_of(piece));
    }
    let nested = |open: &str, close: &str| {
        let deep = MAX_CHARS / (open.chars().count() + close.chars().count()) - 1;
        format!("{}x{}", open.repeat(deep), close.repeat(deep))
    };
    for (open, close) in [
        ("[", "](a)"),
        ("![", "](a)"),
        ("*", "*"),
        ("**a ", " a**"),
        ("<b>", "</b>"),
        ("> ", ""),
        ("- ", ""),
        ("`", "`"),
        ("~~", "~~"),
    ] {
        bodies.push(nested(open, close));
    }
    // Code that grammars take long for.
    for (language, piece) in [
        ("js", "["),
        ("make", "$(eval $(shell "),
        ("csharp", "<a "),
        ("cpp", "::["),
        ("php", "$"),
        ("sh", "<<[1"),
        ("html", "<script>"),
    ] {
        for width in [40, 150, 3_980] {
            let line = piece.repeat(width / piece.len());
            bodies.push(format!("```{language}\n{}```", format!("{line}\n").repeat(3_980 / (line.len() + 1))));
        }
    }
    bodies.push("```c\n#\n```\n".repeat(300));
    bodies.push((0..60).map(|n| format!("{}- x\n", " ".repeat(n))).collect());
    bodies
}

async fn hostile_messages_become_harmless_html_in_bounded_time(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let mut plain = vec![];
    for _ in 0..10 {
        let begun = Instant::now();
        socket.say("den", &full_of("abcd ")).await;
        plain.push(begun.elapsed());
    }
    plain.sort_unstable();
    socket.messages_up_to("den", full_of("abcd ").trim()).await;
    let limit = (plain[5] * 50).max(Duration::from_secs(2));
    for body in hostile_bodies() {
        let shown: String = body.chars().take(80).collect();
        if body.trim().is_empty() {
            let send = json!({"type": "send", "room": "den", "key": new_key(), "body": body});
            assert_eq!(socket.refusal(send).await, "invalid", "{shown}");
            continue;
        }
        let begun = Instant::now();
        let id = socket.say("den", &body).await;
        let took = begun.elapsed();
        assert!(took < limit, "{shown}: {took:?}, a plain one {:?}", plain[5]);
        let message = socket.expect_where("the message", |f| f["type"] == "message" && f["message"]["id"] == id).await
            ["message"]
            .take();
        assert_eq!(message["body"], body.trim(), "{shown}");
        let html = message["html"].as_str().expect("HTML");
        assert_harmless(html, &body);
        assert!(html.len() < 100_000, "{shown}: {} bytes", html.len());
    }
}

async fn hostile_names_are_shown_as_text(server: Server) {
    let attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    for name in ["<script>", "a\"b", "ann\u{202e}", "\u{430}nn"] {
        let account = json!({"username": name, "password": PASSWORD});
        assert_eq!(server.stranger().post("/signup", account).await.error(), (422, "invalid"), "{name}");
    }
    let http = server.stranger();
    let account = json!({"username": "eve", "password": PASSWORD, "display_name": attack});
    http.post("/signup", account).await.ok(201);
    http.post("/rooms", json!({"slug": "den", "title": attack, "topic": attack})).await.ok(201);
    http.post("/rooms/den/messages", json!({"key": new_key(), "body": attack})).await.ok(201);
    for path in ["page:/rooms", "page:/rooms/den"] {
        let page = http.get(path).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("<script>alert") && !page.text.contains("<img src=x"), "{path}: {}", page.text);
        assert!(page.text.contains("&lt;script&gt;alert(1)"), "{path}: it is shown: {}", page.text);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-inline"), "{policy}");
    }
}

on_both_databases![hostile_messages_become_harmless_html_in_bounded_time, hostile_names_are_shown_as_text];
