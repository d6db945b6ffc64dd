//! Pages as they are served, before any script has run.

use crate::common::*;
use reqwest::Method;

async fn page(http: &Http, path: &str) -> String {
    let accepting = http.request(Method::GET, &format!("page:{path}")).header("Accept", "text/html");
    let page = Reply::of(accepting).await;
    assert!(page.header("content-type").starts_with("text/html"), "{path}: {:?}", page.headers);
    page.text
}

/// A start tag's name and the names of its attributes, and what follows it. What is between tags is passed over.
fn next_tag(html: &str) -> Option<(&str, Vec<&str>, &str)> {
    let (_, rest) = html.split_once('<')?;
    let name_end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (name, mut rest) = rest.split_at(name_end);
    let mut attributes = vec![];
    while !name.is_empty() {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            break;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        attributes.push(&rest[..end]);
        rest = &rest[end..];
        if let Some(value) = rest.strip_prefix('=') {
            let quote = value.chars().next().filter(|c| "\"'".contains(*c)).expect("a value in quotes");
            rest = value[1..].split_once(quote).expect("the end of the value").1;
        }
    }
    Some((name, attributes, rest))
}

#[tokio::test]
async fn the_first_page_is_readable_without_javascript() {
    let server = Server::start(Options::sqlite()).await;
    let stranger = server.stranger();
    let ann = server.person("ann").await;
    ann.http.post("/rooms", json!({"slug": "den", "title": "The den", "topic": "Tea & more"})).await.ok(201);
    ann.posts("den", "Hello, **everybody**").await;
    ann.posts("den", "\" onclick=\"alert(1)\" style=\"color:red\" <b onclick='x'>bold</b>").await;

    let home = page(&stranger, "/").await;
    for words in ["Rooms to talk in.", "Log in", "Sign up", "href=\"/login\"", "href=\"/signup\""] {
        assert!(home.contains(words), "{words}: {home}");
    }
    let room = page(&ann.http, "/rooms/den").await;
    for words in
        ["The den", "Tea &amp; more", "Hello, <strong>everybody</strong>", "Writing and live messages need JavaScript."]
    {
        assert!(room.contains(words), "{words}: {room}");
    }
    let login = page(&stranger, "/login?next=%2Frooms%2Fden%3Fa%3D1%26b%3D2").await;
    assert!(
        login.contains("name=\"next\" value=\"/rooms/den?a=1&amp;b=2\"") || login.contains("value=\"&#x2F;rooms"),
        "{login}"
    );

    let rooms = page(&ann.http, "/rooms").await;
    let signup = page(&stranger, "/signup?next=%2Frooms%22%20onclick%3D%22x").await;
    let missing = page(&ann.http, "/rooms/nowhere").await;
    for html in [home, room, login, rooms, signup, missing] {
        let (mut rest, mut tags) = (html.as_str(), 0);
        while let Some((name, attributes, after)) = next_tag(rest) {
            (rest, tags) = (after, tags + 1);
            assert!(name != "style", "{html}");
            assert!(name != "script" || attributes.contains(&"src"), "a script in the page: {html}");
            for attribute in attributes {
                let attribute = attribute.to_lowercase();
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name} {attribute}: {html}");
            }
        }
        assert!(tags > 10, "{html}");
    }
}
