//! Markdown to harmless HTML, on the server.

use crate::common::*;

/// Posts a body and gives its HTML.
async fn rendered(ann: &Person, body: &str) -> String {
    ann.posts("den", body).await["html"].as_str().expect("HTML").to_owned()
}

async fn ann_in_the_den() -> (Server, Person) {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    (server, ann)
}

#[tokio::test]
async fn markdown_becomes_html() {
    let (_server, ann) = ann_in_the_den().await;
    for (body, html) in [
        ("*a*", "<em>a</em>"),
        ("**a**", "<strong>a</strong>"),
        ("`a`", "<code>a</code>"),
        ("> a", "<blockquote>"),
        ("- a", "<li>a</li>"),
        ("```\na\n```", "<pre><code>a\n</code></pre>"),
    ] {
        let rendered = rendered(&ann, body).await;
        assert!(rendered.contains(html), "{body:?}: {rendered}");
    }
}

#[tokio::test]
async fn code_in_a_language_that_is_known_has_its_pieces_in_classes() {
    let (_server, ann) = ann_in_the_den().await;
    for (language, code, pieces) in [
        ("rust", "fn main() { go(\"a\", 1) } // b", r#"k>fn nf>main nf>go s>"a" m>1 c>//&nbsp;b"#),
        ("rs,ignore", "struct A;", "k>struct nc>A"),
        ("Python", "def f(): return None", "k>def nf>f k>return m>None"),
        ("ts {1,3}", "const a: B = 'c'", "k>const nc>B s>'c'"),
        ("sh", "echo 'a' # b", "s>'a' c>#&nbsp;b"),
        ("json", "{\"a\": true}", r#"na>"a" m>true"#),
        ("html", "<a href=\"b\">", r#"k>a na>href s>"b""#),
        ("diff", "+a\n-b", "gi>+a gd>-b"),
    ] {
        let html = rendered(&ann, &format!("```{language}\n{code}\n```")).await;
        assert!(html.starts_with("<pre data-language=\""), "{html}");
        for piece in pieces.split(' ') {
            let (class, text) = piece.split_once('>').expect("a class and a text");
            let span = format!("<span class=\"{class}\">{}</span>", text.replace("&nbsp;", " "));
            assert!(html.contains(&span), "{language}: no {span} in {html}");
        }
    }
}

#[tokio::test]
async fn code_in_a_language_that_nobody_knows_is_plain() {
    let (_server, ann) = ann_in_the_den().await;
    let long = "x".repeat(3_000);
    for language in [
        "",
        "no-such",
        "\"><script>alert(1)</script>",
        "../../rs",
        "/",
        ".",
        "__proto__",
        "класс",
        "k",
        " , rust",
        &long,
    ] {
        let html = rendered(&ann, &format!("```{language}\nfn main() {{}}\n```")).await;
        assert_eq!(html.trim(), "<pre><code>fn main() {}\n</code></pre>", "{language:.80}");
    }
}

/// Every third character begins another piece of code; every tenth another link.
/// Code is rendered elsewhere, and what its socket sends behind it stays behind it.
#[tokio::test]
async fn what_is_sent_behind_code_stays_behind_it() {
    let (server, ann) = ann_in_the_den().await;
    let mut socket = ann.socket_in("den").await;
    let languages = ["rust", "bash", "typescript", "python", "cpp", "sql"];
    let bodies: Vec<String> = languages
        .iter()
        .flat_map(|language| {
            [format!("```{language}\nlet x = f(\"1\"); // {language}\n```"), format!("after {language}")]
        })
        .collect();
    socket.say_many("den", bodies.iter().cloned()).await;
    let stored = ann.reads_whole_room("den").await;
    let stored: Vec<&str> = stored.iter().filter_map(|message| message["body"].as_str()).collect();
    assert_eq!(stored, bodies);
    drop(server);
}

#[tokio::test]
async fn a_body_whose_html_would_be_huge_is_shown_without_colours_or_as_written() {
    let (_server, ann) = ann_in_the_den().await;
    let code = |lines: usize| format!("{}\n", "1''".repeat(50)).repeat(lines);
    let coloured = rendered(&ann, &format!("```js\n{}```", code(8))).await;
    assert_eq!(coloured.matches("<span class=\"m\">1</span><span class=\"s\">''</span>").count(), 400);
    let plain = rendered(&ann, &format!("*a*\n\n```js\n{}```", code(25))).await;
    assert!(plain.contains("<em>a</em>"), "{plain}");
    assert!(plain.contains(&format!("<code>{}</code></pre>", code(25))), "{plain}");
    let few = rendered(&ann, &"http://a.b ".repeat(100)).await;
    assert_eq!(few.matches("<a href=").count(), 100);
    let many = rendered(&ann, &format!("*a* {}", "a@b.cc ".repeat(560))).await;
    assert!(many.len() <= 32 * 1024, "{} bytes", many.len());
    assert!(many.contains("*a* a@b.cc a@b.cc") && !many.contains("<a "), "{many}");
}

#[tokio::test]
async fn a_body_of_which_nothing_can_be_seen_is_refused() {
    let (_server, ann) = ann_in_the_den().await;
    let mut socket = ann.socket_in("den").await;
    let invisible = "\u{200b} \u{2800} \u{3164} \u{115f} \u{2060} \u{ad} \u{feff} \u{202e} \u{fe0f} \u{1b} \u{7} &nbsp; &#8203; &#x2800;";
    let id = socket.say("den", "something").await;
    for body in invisible.split(' ').chain(["\u{200b}\u{2800}\n\u{fe0f}"]) {
        let message = json!({"key": new_key(), "body": body});
        assert_eq!(ann.http.post("/rooms/den/messages", message).await.error(), (422, "invalid"), "{body:?}");
        assert_eq!(ann.http.post("/preview", json!({"body": body})).await.error(), (422, "invalid"), "{body:?}");
        let edit = json!({"type": "edit", "room": "den", "id": id, "body": body});
        assert_eq!(socket.refusal(edit).await, "invalid", "{body:?}");
    }
    for body in ["+", "-", "*", "#", ">", "1.", "```", "[1]: https://example.org/", "![](https://example.org/cat.png)"]
    {
        let html = rendered(&ann, body).await;
        assert!(html.contains(">") && html.len() > "<p></p>\n".len(), "{body}: {html}");
    }
}

#[tokio::test]
async fn raw_html_is_shown_as_text() {
    let (_server, ann) = ann_in_the_den().await;
    for body in ["<b>bold</b>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a <i>b</i> c"] {
        let html = rendered(&ann, body).await;
        for tag in ["<b>", "<script", "<img", "<i>"] {
            assert!(!html.contains(tag), "{body:?}: {html}");
        }
        assert!(html.contains("&lt;"), "{body:?}: {html}");
    }
}

#[tokio::test]
async fn links_say_noopener_and_nofollow() {
    let (_server, ann) = ann_in_the_den().await;
    let html = rendered(&ann, "[a](https://example.com/)").await;
    assert!(html.contains("href=\"https://example.com/\""), "{html}");
    let rel = html.split("rel=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a rel");
    for word in ["noopener", "nofollow"] {
        assert!(rel.split(' ').any(|w| w == word), "{html}");
    }
}

#[tokio::test]
async fn links_that_run_something_are_none() {
    let (_server, ann) = ann_in_the_den().await;
    for url in
        ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "&#106;avascript:alert(1)"]
    {
        for body in [format!("[a]({url})"), format!("<{url}>"), format!("![a]({url})")] {
            let html = rendered(&ann, &body).await.to_lowercase();
            assert!(!html.contains("href=\"javascript") && !html.contains("href=\"data"), "{body:?}: {html}");
            assert!(!html.contains("href=\"vbscript") && !html.contains("src=\""), "{body:?}: {html}");
        }
    }
}

/// A newer program has stricter rules: what an older one made of a body is never shown.
async fn what_an_older_version_rendered_is_rendered_again(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut open = ann.socket_in("den").await;
    for body in ["hello *there*", "and *again*"] {
        ann.posts("den", body).await;
    }
    let joined = ann.socket().await.join("den").await;
    let before = joined["messages"].clone();
    server.execute("UPDATE messages SET renderer = 0, html = '<script>old</script>'");
    assert_eq!(json!(ann.reads_whole_room("den").await), before);
    let mut socket = ann.socket().await;
    let again = socket.join("den").await;
    assert_eq!(again["messages"], before);
    let (_, caught_up) = ann.socket().await.catch_up("den", 1, &again["epoch"]).await;
    assert_eq!(caught_up[0], before[1]);
    for socket in [&mut socket, &mut open] {
        let page = socket.ask_ok(json!({"type": "history", "room": "den"})).await;
        assert_eq!(page["messages"], before);
    }
    let page = ann.http.get("page:/rooms/den").await;
    assert!(page.text.contains("<em>there</em>") && !page.text.contains("old</script>"), "{}", page.text);
    // A change that does not touch the body shows it anew as well.
    open.ask_ok(json!({"type": "react", "room": "den", "id": 1, "emoji": "👍", "on": true})).await;
    let shown = open.expect_where("the reaction", |f| f["type"] == "message" && f["message"]["seq"] == 3).await;
    assert_eq!(shown["message"]["html"], before[0]["html"]);
}

on_both_databases![what_an_older_version_rendered_is_rendered_again];
