//! One's own account, by its page's forms alone.

use crate::common::*;
use reqwest::Method;

async fn submit(who: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let request = who.http.request(Method::POST, &format!("page:{path}")).header("Accept", "text/html");
    Reply::of(request.header("Origin", format!("http://{}", who.address)).form(fields)).await
}

async fn a_profile_and_a_password_are_changed_by_forms_alone(server: Server) {
    let ann = server.person("ann").await;
    let fields = [("display_name", "Ann <Lee>"), ("about", "I mend\r\nlamps"), ("time_zone", "Europe/Berlin")];
    let saved = submit(&ann, "/settings", &fields).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/settings?done=profile"));
    let profile = ann.http.get("/users/ann").await.ok(200);
    assert_eq!((&profile["display_name"], &profile["about"]), (&json!("Ann <Lee>"), &json!("I mend\nlamps")));
    let nowhere = [("display_name", "Ann"), ("about", ""), ("time_zone", "Moon/Tycho")];
    let refused = submit(&ann, "/settings", &nowhere).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("role=\"alert\">Time_zone"), "{}", refused.text);

    let elsewhere = ann.elsewhere().await;
    let wrong = [("old", "not the password"), ("new", "another horse battery")];
    let refused = submit(&ann, "/settings/password", &wrong).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("role=\"alert\">The password is wrong."), "{}", refused.text);
    elsewhere.http.get("/me").await.ok(200);
    let set = submit(&ann, "/settings/password", &[("old", PASSWORD), ("new", "another horse battery")]).await;
    assert_eq!((set.status, set.header("location")), (303, "/settings?done=password"));
    ann.http.get("/me").await.ok(200);
    elsewhere.http.get("/me").await.ok(401);
}

on_both_databases!(a_profile_and_a_password_are_changed_by_forms_alone);

#[tokio::test]
async fn pages_speak_the_language_that_the_browser_asks_for_or_that_was_chosen_in_the_colours_that_were_chosen() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let settings = async |accepts: &str| {
        let request = ann.http.request(Method::GET, "page:/settings").header("Accept", "text/html");
        Reply::of(request.header("Accept-Language", accepts)).await.text
    };
    for (accepts, opening) in [
        ("", r#"<html lang="en">"#),
        ("tlh", r#"<html lang="en">"#),
        ("de-AT,en;q=0.5", r#"<html lang="de">"#),
        ("fr, en;q=0.5, de;q=0.7", r#"<html lang="de">"#),
        ("no such header ;;", r#"<html lang="en">"#),
    ] {
        let page = settings(accepts).await;
        assert!(page.contains(opening), "{accepts}: {page}");
    }
    assert!(settings("de").await.contains("Darstellung"));

    let set = submit(&ann, "/settings/appearance", &[("language", "en"), ("theme", "dark")]).await;
    assert_eq!((set.status, set.header("location")), (303, "/settings?done=appearance"));
    assert!(settings("de").await.contains(r#"<html lang="en" data-theme="dark">"#));
    submit(&ann, "/settings/appearance", &[("language", ""), ("theme", "system")]).await;
    assert!(settings("de").await.contains(r#"<html lang="de">"#));
}
