//! The pages, as far as they can be told without a browser.

use crate::common::*;
use reqwest::Method;

/// A page with this client's cookie.
async fn page(http: &Http, path: &str) -> Reply {
    let accepting = http.request(Method::GET, &format!("page:{path}")).header("Accept", "text/html");
    Reply::of(accepting).await
}

#[tokio::test]
async fn every_page_is_there() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for path in ["/login", "/signup"] {
        let page = page(&server.stranger(), path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
    }
    for path in ["/rooms", "/rooms/den"] {
        assert_eq!(page(&ann.http, path).await.status, 200, "{path}");
    }
    let first = page(&server.stranger(), "/").await;
    assert!(first.status == 200 || (300..400).contains(&first.status), "{}", first.status);
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in() {
    let server = Server::start(Options::sqlite()).await;
    server.person("ann").await.makes_room("den").await;
    for path in ["/rooms", "/rooms/den"] {
        let page = page(&server.stranger(), path).await;
        assert!((300..400).contains(&page.status), "{path}: {}", page.status);
        assert!(page.header("location").contains("/login"), "{path}: {}", page.header("location"));
    }
}

#[tokio::test]
async fn a_room_page_shows_its_last_messages_without_javascript() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 1..=25 {
        ann.posts("den", &format!("message number {n}.")).await;
    }
    let text = page(&ann.http, "/rooms/den").await.text;
    assert!(text.contains("message number 25."), "{text}");
    assert!(text.contains("message number 6."));
    assert!(!text.contains("message number 5."), "only the last 20");
}

#[tokio::test]
async fn an_answer_on_a_room_page_shows_who_wrote_what_it_answers_and_how_that_begins() {
    let server = Server::start(Options::sqlite()).await;
    let http = server.stranger();
    let account = json!({"username": "ann", "password": PASSWORD, "display_name": "Ann <b> Lee"});
    http.post("/signup", account).await.ok(201);
    http.post("/rooms", json!({"slug": "den"})).await.ok(201);
    let question = json!({"key": new_key(), "body": format!("<i>{}ż.", "ż".repeat(116))});
    let id = http.post("/rooms/den/messages", question).await.ok(201)["id"].clone();
    let answer = json!({"key": new_key(), "body": "yes", "reply_to": id});
    http.post("/rooms/den/messages", answer).await.ok(201);
    let text = page(&http, "/rooms/den").await.text;
    let begins = format!("<b>Ann &lt;b&gt; Lee</b> <bdi>&lt;i&gt;{}</bdi></a>", "ż".repeat(117));
    assert!(text.contains(&format!("<a class=\"quote\" href=\"/rooms/den/{id}\">{begins}")), "{text}");
    assert!(text.contains(">AL</span>"), "{text}");
}

/// Submits a form as a browser does without JavaScript.
async fn submit(server: &Server, http: &Http, path: &str, fields: &[(&str, &str)]) -> Reply {
    let request = http.request(Method::POST, &format!("page:{path}")).header("Origin", server.url());
    Reply::of(request.form(fields)).await
}

#[tokio::test]
async fn accounts_and_rooms_are_made_by_forms_alone() {
    let server = Server::start(Options::sqlite()).await;
    let http = server.stranger();
    let account = [("username", "ann"), ("display_name", "Ann Lee"), ("password", PASSWORD)];
    let made = submit(&server, &http, "/signup", &account).await;
    assert_eq!((made.status, made.header("location")), (303, "/rooms"));
    assert_eq!(http.get("/me").await.ok(200)["display_name"], "Ann Lee");
    let made = submit(&server, &http, "/rooms", &[("slug", "den")]).await;
    assert_eq!((made.status, made.header("location")), (303, "/rooms/den"));
    let left = submit(&server, &http, "/logout", &[]).await;
    assert_eq!(left.status, 303);
    http.get("/me").await.ok(401);
    let back = submit(&server, &http, "/login", &[("username", "ann"), ("password", PASSWORD)]).await;
    assert_eq!((back.status, back.header("location")), (303, "/rooms"));
    http.get("/me").await.ok(200);
}

#[tokio::test]
async fn a_form_takes_a_topic_as_long_as_a_topic_may_be() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.http.post("/rooms", json!({"slug": "long", "topic": "x".repeat(500)})).await.ok(201);
    let refused = ann.http.post("/rooms", json!({"slug": "longer", "topic": "x".repeat(501)})).await;
    assert_eq!(refused.status, 422);
    for path in ["/rooms", "/rooms/long/settings"] {
        let text = page(&ann.http, path).await.text;
        let field = text.split("<input ").find(|field| field.contains("name=\"topic\"")).expect("a field");
        assert!(field.contains("maxlength=\"500\""), "{path}: {field}");
    }
}

#[tokio::test]
async fn signing_out_by_a_form_closes_the_sessions_sockets() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let (mut one, mut two) = (ann.socket().await, ann.socket_in("den").await);
    let mut there = ann.elsewhere().await.socket_in("den").await;
    assert_eq!(submit(&server, &ann.http, "/logout", &[]).await.status, 303);
    assert_eq!(one.closed().await.0, 4401);
    assert_eq!(two.closed().await.0, 4401);
    there.say("den", "another session").await;
}

#[tokio::test]
async fn a_refused_form_comes_back_with_its_reason() {
    let server = Server::start(Options::sqlite()).await;
    server.person("ann").await;
    let http = server.stranger();
    let fields = [("username", "ann"), ("password", "not the password")];
    let refused = submit(&server, &http, "/login", &fields).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("<form") && refused.text.contains("value=\"ann\""), "{}", refused.text);
    assert!(!refused.text.contains("not the password"));
    let taken = submit(&server, &http, "/signup", &[("username", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(taken.status, 409);
}

#[tokio::test]
async fn signing_in_leads_on_inside_this_site_only() {
    let server = Server::start(Options::sqlite()).await;
    server.person("ann").await;
    for (next, leads_to) in [
        ("/rooms/den", "/rooms/den"),
        ("https://evil.example/", "/rooms"),
        ("//evil.example/", "/rooms"),
        ("/\\evil.example/", "/rooms"),
    ] {
        let fields = [("username", "ann"), ("password", PASSWORD), ("next", next)];
        let signed_in = submit(&server, &server.stranger(), "/login", &fields).await;
        assert_eq!((signed_in.status, signed_in.header("location")), (303, leads_to), "{next}");
    }
}

#[tokio::test]
async fn a_private_room_has_no_page_for_others() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_private_room("vault").await;
    ann.http.post("/rooms", json!({"slug": "line", "kind": "direct"})).await.ok(201);
    assert_eq!(page(&eve.http, "/rooms/vault").await.status, 404);
    assert_eq!(page(&eve.http, "/rooms/line").await.status, 404);
    assert_eq!(page(&eve.http, "/rooms/fault").await.status, 404);
}

#[tokio::test]
async fn what_a_name_or_a_topic_says_is_text() {
    let server = Server::start(Options::sqlite()).await;
    let hostile = "<script>alert(1)</script>";
    let account = json!({"username": "ann", "password": PASSWORD, "display_name": hostile});
    let http = server.stranger();
    http.post("/signup", account).await.ok(201);
    http.post("/rooms", json!({"slug": "den", "title": hostile, "topic": hostile})).await.ok(201);
    let message = json!({"key": new_key(), "body": hostile});
    http.post("/rooms/den/messages", message).await.ok(201);
    for path in ["/rooms", "/rooms/den"] {
        let page = page(&http, path).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains(hostile), "{path}");
    }
}

#[tokio::test]
async fn pages_carry_the_usual_security_headers() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    for path in ["/login", "/signup", "/rooms"] {
        let page = page(&ann.http, path).await;
        if page.status != 200 {
            continue; // signed in already: sent on
        }
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!page.header("referrer-policy").is_empty(), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") || policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-"), "no inline script or style: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!page.text.contains("<style"), "{path}");
        assert!(!page.text.contains(" style=\""), "{path}");
        for script in page.text.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(tag.contains("src="), "an inline script on {path}: <script{tag}>");
        }
    }
}
