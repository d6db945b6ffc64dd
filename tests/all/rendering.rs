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
