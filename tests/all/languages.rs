//! What a reader is told, in their language: pages, refusals by form, by the API and by the socket.

use crate::common::*;
use reqwest::{Method, RequestBuilder};
use std::collections::BTreeMap;

const GERMAN: (&str, &str) = ("Accept-Language", "de-AT,de;q=0.9,en;q=0.5");

fn texts(language: &str) -> BTreeMap<String, Value> {
    let file = format!("{}/static/texts/{language}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).expect("texts")).expect("texts")
}

/// A text's forms, of which there is one or one for each plural.
fn forms(text: &Value) -> Vec<&str> {
    match text {
        Value::Object(forms) => forms.values().filter_map(Value::as_str).collect(),
        text => text.as_str().into_iter().collect(),
    }
}

/// English texts that are others in German, as what stands around their values. Words of a few letters are too likely to
/// be German ones too.
fn english() -> Vec<Vec<String>> {
    let german = texts("de");
    let differing = texts("en").into_iter().filter(|(key, text)| german[key] != *text);
    let split = differing.flat_map(|(_, text)| {
        let parts = |text: &str| text.split(['{', '}']).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        forms(&text).into_iter().map(parts).collect::<Vec<_>>()
    });
    split.filter(|parts| parts.iter().map(String::len).sum::<usize>() > 4).collect()
}

/// What a page shows or says: text between tags, and attributes that are read to people.
fn pieces(html: &str) -> Vec<String> {
    let between = html.split('>').filter_map(|rest| rest.split('<').next());
    let spoken = ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""]
        .into_iter()
        .flat_map(|name| html.split(name).skip(1).filter_map(|rest| rest.split('"').next()));
    let pieces = between.chain(spoken).map(|piece| piece.trim().replace("&#39;", "'").replace("&#x27;", "'"));
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// Whether a piece is this text, whatever its values are.
fn is(piece: &str, parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else { return piece == parts[0] };
    let inner = piece.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
    let found = middle.iter().try_fold(inner, |rest, part| Some(rest?.split_once(part.as_str()).map(|(_, rest)| rest)));
    found.flatten().is_some()
}

async fn in_german(request: RequestBuilder) -> Reply {
    Reply::of(request.header("Accept", "text/html").header(GERMAN.0, GERMAN.1)).await
}

async fn page(http: &Http, path: &str) -> Reply {
    in_german(http.request(Method::GET, &format!("page:{path}"))).await
}

fn form(http: &Http, server: &Server, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    http.request(Method::POST, &format!("page:{path}")).header("Origin", server.url()).form(fields)
}

#[tokio::test]
async fn no_page_has_english_left_for_a_german_reader() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob, carl] = server.people(["ann", "bob", "carl"]).await;
    let root = server.person_as("root", "admin").await;
    ann.http.post("/rooms", json!({ "slug": "den", "title": "Werkstatt", "topic": "Holz" })).await.ok(201);
    for name in ["bob", "carl"] {
        ann.adds(name, "den").await;
    }
    let message = bob.posts("den", "Moin").await["id"].clone();
    let gone = bob.posts("den", "weg").await["id"].clone();
    bob.http.delete(&format!("/rooms/den/messages/{gone}")).await.ok(204);
    carl.http.post(&format!("/rooms/den/messages/{message}/reports"), json!({ "reason": "laut" })).await.ok(204);
    ann.http.put_json("/rooms/den/mutes/carl", json!({ "minutes": 60 })).await.ok(204);
    root.http.put_json("/users/carl/ban", json!({})).await.ok(204);
    let link = root.http.post("/invitations", json!({ "uses": 2, "room": "den", "role": "guest" })).await.ok(201);
    let invite = link["url"].as_str().and_then(|url| url.rsplit_once("/invite/")).expect("a link").1;
    let invite = format!("/invite/{invite}");
    let report = format!("/rooms/den/messages/{message}/report");
    let removal = format!("/rooms/den/messages/{message}/remove");

    let stranger = server.stranger();
    let english = english();
    assert!(english.len() > 200, "{}", english.len());
    let login = Reply::of(stranger.request(Method::GET, "page:/login").header("Accept", "text/html")).await.text;
    let found = pieces(&login).iter().filter(|piece| english.iter().any(|parts| is(piece, parts))).count();
    assert!(found > 5, "English is told where it is: {login}");
    let everyone: [(&Http, &[&str]); 4] = [
        (&stranger, &["/", "/login", "/signup", "/offline", "/nowhere", &invite]),
        (&root.http, &["/rooms", "/moderation", "/invitations", "/settings", "/people/root", "/rooms/den/settings"]),
        (&ann.http, &["/rooms", "/rooms/den", "/rooms/den/settings", &report, &removal, "/moderation", &invite]),
        (
            &bob.http,
            &[
                "/rooms/den",
                "/rooms/den/settings",
                "/settings?done=profile",
                "/settings/status",
                "/people/ann",
                "/people/nobody",
            ],
        ),
    ];
    for (http, paths) in everyone {
        for path in paths {
            let page = page(http, path).await;
            assert!(page.text.contains(r#"<html lang="de">"#), "{path}: {} {}", page.status, page.text);
            for piece in pieces(&page.text) {
                let left = english.iter().find(|parts| is(&piece, parts));
                assert!(left.is_none(), "{path} says {piece:?}");
            }
        }
    }
    let told = page(&root.http, "/moderation").await.text;
    assert!(told.contains("gemeldet von @carl") && told.contains("Konto ausgeschlossen"), "{told}");
    let (day, _) = message_day(&bob).await;
    assert!(page(&bob.http, "/rooms/den").await.text.contains(&day), "{day}, as German has dates");
}

/// The day of the den's first message as German and as RFC 3339 have it.
async fn message_day(who: &Person) -> (String, String) {
    let sent_at = who.reads_whole_room("den").await[0]["sent_at"].as_str().expect("a time").to_owned();
    let parts: Vec<_> = sent_at[..10].split('-').collect();
    (format!("{}.{}.{} {}", parts[2], parts[1], parts[0], &sent_at[11..16]), sent_at)
}

#[tokio::test]
async fn whoever_is_not_signed_in_chooses_a_language_and_stays_on_the_page() {
    let server = Server::start(Options::sqlite()).await;
    let stranger = server.stranger();
    let login = async || {
        let request = stranger.request(Method::GET, "page:/login?next=/rooms/den");
        Reply::of(request.header("Accept", "text/html").header("Accept-Language", "en")).await.text
    };
    assert!(login().await.contains(r#"value="de" lang="de">Deutsch</button>"#));
    for (from, to) in [
        (format!("{}/login?next=/rooms/den", server.url()), "/login?next=/rooms/den"),
        ("https://elsewhere.example//evil.example/".to_owned(), "/rooms"),
        ("no address".to_owned(), "/"),
    ] {
        let chosen = form(&stranger, &server, "/language", &[("language", "de")]).header("Referer", &from);
        let chosen = Reply::of(chosen).await;
        assert_eq!((chosen.status, chosen.header("location")), (303, to), "{from}");
    }
    let german = login().await;
    assert!(german.contains(r#"<html lang="de">"#) && german.contains("Passwort"), "{german}");
    assert!(german.contains(r#"value="en" lang="en">English</button>"#), "{german}");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_readers_language_and_to_programs_in_english() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let stranger = server.stranger();
    let wrong = [("username", "ann"), ("password", "not the password")];
    let refused = in_german(form(&stranger, &server, "/login", &wrong)).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("Der Benutzername oder das Passwort stimmt nicht."), "{}", refused.text);
    let missing = page(&ann.http, "/rooms/nowhere").await.text;
    assert!(missing.contains("Hier ist nichts") && missing.contains("Diesen Raum gibt es nicht."), "{missing}");

    let taken = || stranger.request(Method::POST, "/signup").header("Origin", server.url());
    let account = json!({ "username": "ann", "password": PASSWORD });
    let told = Reply::of(taken().header(GERMAN.0, GERMAN.1).json(&account)).await;
    assert_eq!(told.error(), (409, "taken"));
    assert_eq!(told.json["error"]["message"], "Benutzername: den hat schon jemand");
    let told = Reply::of(taken().json(&account)).await;
    assert_eq!(told.json["error"]["message"], "username: somebody has this name already");

    let empty = json!({ "type": "send", "room": "den", "key": new_key(), "body": "" });
    let mut socket = ann.socket_in("den").await;
    assert_eq!(socket.ask(empty.clone()).await["message"], "body: must not be empty");
    Reply::of(form(&ann.http, &server, "/language", &[("language", "de")])).await;
    let mut socket = ann.socket_in("den").await;
    let refused = socket.ask(empty).await;
    assert_eq!(refused["code"], "invalid");
    assert_eq!(refused["message"], "die Nachricht darf nicht leer sein");
}
