//! Forms, for somebody whose session has ended meanwhile.

use crate::common::*;
use reqwest::{Method, RequestBuilder};

/// The addresses of all forms of pages, as the features list them.
fn forms() -> Vec<String> {
    let folder = format!("{}/src/features", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    let pages = sources.flat_map(|path| {
        let source = std::fs::read_to_string(path).unwrap();
        let (_, pages) = source.split_once("fn page_routes").unwrap_or_default();
        let pages = pages.split("\n}").next().unwrap_or_default().to_owned();
        pages.split(".post(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    });
    pages.collect()
}

fn form(http: &Http, server: &Server, path: &str) -> RequestBuilder {
    let request = http.request(Method::POST, &format!("page:{path}")).header("Accept", "text/html");
    request.header("Origin", server.url())
}

/// Where somebody who opens this address is in the end, and the page's status.
async fn arrives(http: &Http, path: &str) -> (String, u16) {
    let mut at = path.to_owned();
    for _ in 0..5 {
        let page = http.request(Method::GET, &format!("page:{at}")).header("Accept", "text/html");
        let page = Reply::of(page).await;
        if page.status != 303 {
            return (at, page.status);
        }
        page.header("location").clone_into(&mut at);
    }
    panic!("{path} leads nowhere");
}

#[tokio::test]
async fn a_form_sent_without_a_session_leads_after_the_sign_in_to_the_page_that_has_it() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let token = crate::invitations::owners_token(&server);
    ann.http.post("/invitations/accept", json!({"token": token})).await.ok(200);
    ann.makes_room("den").await;
    let bob = server.person("bob").await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    bob.posts("den", "hello").await;
    let made = ann.http.post("/invitations", json!({"room": "den"})).await.ok(201);
    let url = made["url"].as_str().unwrap();
    let invite = &url[url.find("/invite/").expect("a link")..];

    let pages = [
        "/settings",
        "/settings/status",
        "/rooms",
        "/rooms/den/settings",
        "/rooms/den/messages/1/report",
        "/rooms/den/messages/1/remove",
        "/people/bob",
        "/moderation",
        "/invitations",
    ];
    let addresses = forms();
    assert!(addresses.len() > 30, "{addresses:?}");
    let mut led = 0;
    for address in addresses {
        let path = address.replace("{slug}", "den").replace("{username}", "bob").replace("{id}", "1");
        let path = path.replace("/invite/{token}", invite);
        let stranger = server.stranger();
        let sent = Reply::of(form(&stranger, &server, &path).form(&[("a", "b")])).await;
        let Some(next) = sent.header("location").strip_prefix("/login?next=") else {
            // Those that need no session.
            let needs_none = ["/language", "/login", "/signup", "/logout", invite].contains(&&*path);
            assert!(needs_none, "{path}: {}", sent.status);
            continue;
        };
        let next = next.replace("%2F", "/");
        let credentials = [("username", "ann"), ("password", PASSWORD), ("next", &*next)];
        let signed_in = Reply::of(form(&stranger, &server, "/login").form(&credentials)).await;
        assert_eq!(signed_in.status, 303, "{path}");
        let has_it = |page: &&&str| path == **page || path.starts_with(&format!("{page}/"));
        let page =
            pages.iter().filter(has_it).max_by_key(|page| page.len()).unwrap_or_else(|| panic!("{path} has no page"));
        let (at, status) = arrives(&stranger, signed_in.header("location")).await;
        assert_eq!((&*at, status), (*page, 200), "{path}");
        led += 1;
    }
    assert!(led > 25, "{led}");
    // The same where such an address is opened without a form.
    for (address, page) in [("/settings/password", "/settings"), ("/logout", "/rooms"), ("/language", "/rooms")] {
        assert_eq!(arrives(&ann.http, address).await, (page.to_owned(), 200), "{address}");
    }
}
