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
