//! Lists that nobody can flood out of sight: they go on in pages.

use crate::common::*;
use std::collections::BTreeSet;

/// All that a list has, page by page, as the ids of its items.
async fn walk(http: &Http, path: &str, items: &str, limit: usize) -> Vec<i64> {
    let mut found = vec![];
    let mut cursor = String::new();
    loop {
        let page = http.get(&format!("{path}?limit={limit}{cursor}")).await.ok(200);
        let ids: Vec<i64> =
            page[items].as_array().expect(items).iter().map(|item| item["id"].as_i64().unwrap()).collect();
        assert!(ids.len() <= limit, "{page}");
        found.extend(&ids);
        match page["cursor"].as_str() {
            Some(next) => {
                assert_eq!(ids.len(), limit, "a page with another behind it is full");
                cursor = format!("&cursor={next}");
            }
            None => {
                assert!(page["cursor"].is_null(), "{page}");
                return found;
            }
        }
    }
}

fn distinct(ids: &[i64]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}

async fn no_number_of_reports_hides_a_later_one(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    let admin = server.person_as("root", "admin").await;
    eve.makes_room("own").await;
    ann.makes_room("den").await;
    eve.http.put("/rooms/den/members/me").await.ok(204);
    for n in 0..110 {
        let id = eve.posts("own", &format!("{n}")).await["id"].clone();
        eve.http.post(&format!("/rooms/own/messages/{id}/reports"), json!({})).await.ok(204);
    }
    let id = eve.posts("den", "the bad one").await;
    let id = id["id"].as_i64().expect("an id");
    ann.http.post(&format!("/rooms/den/messages/{id}/reports"), json!({"reason": "look"})).await.ok(204);
    for limit in [1, 50, 100] {
        let all = walk(&admin.http, "/reports", "reports", limit).await;
        assert_eq!((all.len(), distinct(&all)), (111, 111), "{limit}");
    }
    let default = admin.http.get("/reports").await.ok(200);
    assert_eq!(default["reports"].as_array().map(Vec::len), Some(50));
    // The page goes on as well, up to the last.
    let mut page = admin.http.get("page:/moderation").await.text;
    for _ in 0..3 {
        if page.contains("the bad one") {
            break;
        }
        let (_, next) = page.split_once("?reports=").expect("a link to the next ones");
        let (cursor, _) = next.split_once('#').expect("its end");
        page = admin.http.get(&format!("page:/moderation?reports={cursor}")).await.text;
    }
    assert!(page.contains("the bad one"));
    for bad in ["limit=0", "limit=101", "cursor=x", "cursor=o"] {
        assert_eq!(admin.http.get(&format!("/reports?{bad}")).await.error(), (422, "invalid"), "{bad}");
    }
}

async fn what_many_report_of_one_message_is_one_entry_and_settled_at_once(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let eve = server.person("eve").await;
    eve.http.put("/rooms/den/members/me").await.ok(204);
    let [bad, other] = [eve.posts("den", "bad").await["id"].clone(), eve.posts("den", "other").await["id"].clone()];
    for n in 0..25 {
        let witness = server.person(&format!("witness{n}")).await;
        let reason = json!({"reason": format!("reason {n}")});
        witness.http.post(&format!("/rooms/den/messages/{bad}/reports"), reason).await.ok(204);
    }
    ann.http.post(&format!("/rooms/den/messages/{other}/reports"), json!({})).await.ok(204);
    let reports = ann.http.get("/rooms/den/reports").await.ok(200)["reports"].clone();
    assert_eq!(reports.as_array().map(Vec::len), Some(2), "{reports}");
    assert_eq!((&reports[0]["message"], &reports[0]["count"]), (&bad, &json!(25)));
    assert_eq!((&reports[0]["reporter"]["username"], &reports[0]["reason"]), (&json!("witness0"), &json!("reason 0")));
    let others = reports[0]["others"].as_array().expect("the others");
    assert_eq!((others.len(), &others[0]["reporter"]["username"]), (20, &json!("witness1")));
    assert_eq!(others[0]["reason"], "reason 1");
    assert_eq!((&reports[1]["count"], &reports[1]["others"]), (&json!(1), &json!([])));
    ann.http.post(&format!("/reports/{}/settle", reports[0]["id"]), json!({})).await.ok(204);
    let left = ann.http.get("/rooms/den/reports").await.ok(200)["reports"].clone();
    assert_eq!((&left[0]["message"], left[0].get("settled_at")), (&other, None), "{left}");
    assert!(left[1]["settled_at"].is_string() && left[1]["count"] == 25, "{left}");
}

async fn no_number_of_invitations_hides_an_older_one(server: Server) {
    let admin = server.person_as("root", "admin").await;
    let first = admin.http.post("/invitations", json!({})).await.ok(201)["id"].as_i64().unwrap();
    for _ in 0..205 {
        admin.http.post("/invitations", json!({})).await.ok(201);
    }
    let all = walk(&admin.http, "/invitations", "invitations", 100).await;
    assert_eq!((all.len(), distinct(&all)), (206, 206));
    assert_eq!(all.last(), Some(&first));
    let default = admin.http.get("/invitations").await.ok(200);
    assert_eq!(default["invitations"].as_array().map(Vec::len), Some(50));
    let page = admin.http.get("page:/invitations").await.text;
    let (_, next) = page.split_once("/invitations?cursor=").expect("a link to the older ones");
    let (cursor, _) = next.split_once('"').expect("its end");
    let older = admin.http.get(&format!("page:/invitations?cursor={cursor}")).await;
    assert_eq!(older.status, 200);
    assert_eq!(admin.http.get("/invitations?cursor=x").await.error(), (422, "invalid"));
}

fn owner_entries(server: &Server) -> i64 {
    server.number("SELECT count(*) FROM audit")
}

async fn the_log_goes_on_by_its_cursor(server: Server) {
    let owner = server.person_as("root", "owner").await;
    server.person("bob").await;
    for _ in 0..60 {
        owner.http.put_json("/users/bob/ban", json!({})).await.ok(204);
    }
    let all = walk(&owner.http, "/audit", "entries", 50).await;
    let written = usize::try_from(owner_entries(&server)).unwrap();
    assert!(written >= 60);
    assert_eq!((all.len(), distinct(&all)), (written, written));
    let first = owner.http.get("/audit").await.ok(200);
    let before = owner.http.get(&format!("/audit?before={}", first["cursor"].as_str().unwrap())).await.ok(200);
    assert_eq!(before["entries"][0]["id"], all[50], "as by its older parameter");
}

on_both_databases![
    no_number_of_reports_hides_a_later_one,
    what_many_report_of_one_message_is_one_entry_and_settled_at_once,
];
on_sqlite![no_number_of_invitations_hides_an_older_one, the_log_goes_on_by_its_cursor];
