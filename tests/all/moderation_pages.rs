//! The pages of those who see to order, by their forms alone.

use crate::common::*;
use reqwest::Method;

/// A page as a browser asks for it.
async fn page(who: &Person, path: &str) -> Reply {
    Reply::of(who.http.request(Method::GET, &format!("page:{path}")).header("Accept", "text/html")).await
}

/// A form as a browser sends it without JavaScript.
async fn submit(who: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let request = who.http.request(Method::POST, &format!("page:{path}")).header("Accept", "text/html");
    Reply::of(request.header("Origin", format!("http://{}", who.address)).form(fields)).await
}

/// A form that did what it says: the browser is sent on, to this page.
#[track_caller]
fn sent_on(reply: &Reply, to: &str) {
    assert_eq!((reply.status, reply.header("location")), (303, to), "{}", reply.text);
}

/// A refusal that the page tells.
#[track_caller]
fn told(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert!(reply.header("content-type").starts_with("text/html"), "{:?}", reply.headers);
    let (_, alert) = reply.text.split_once("role=\"alert\">").expect("an alert on the page");
    let (alert, _) = alert.split_once("</p>").expect("its end");
    assert!(alert.to_lowercase().contains(words), "{alert}");
}

const DONE: &str = "/moderation?done=1";
const SETTINGS: &str = "/rooms/den/settings";
const SETTLED: &str = "/rooms/den/settings?done=1";

/// Root, who is an admin, and ann, who moderates the den, where bob is a member.
async fn the_den(server: &Server) -> [Person; 3] {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    [server.person_as("root", "admin").await, ann, bob]
}

async fn latest_act(who: &Person) -> Value {
    who.http.get("/audit").await.ok(200)["entries"][0].clone()
}

async fn an_admin_bans_from_the_chat_and_unbans_by_forms(server: Server) {
    let [root, _, bob] = the_den(&server).await;
    let mut bobs = bob.socket().await;
    let terms = [("username", "@bob"), ("minutes", "5"), ("reason", "spam & more")];
    sent_on(&submit(&root, "/moderation/ban", &terms).await, DONE);
    assert_eq!(bobs.closed().await.0, 4403);
    let shown = page(&root, "/moderation").await;
    assert!(shown.text.contains("Unban bob") && shown.text.contains("spam &amp; more"), "{}", shown.text);
    let listed = root.http.get("/sanctions").await.ok(200);
    let ban = &listed["sanctions"][0];
    assert_eq!((&ban["user"]["username"], &ban["kind"]), (&json!("bob"), &json!("ban")));
    assert!(ban["until"].is_string(), "{ban}");
    sent_on(&submit(&root, "/moderation/unban", &[("username", "bob")]).await, DONE);
    assert_eq!(root.http.get("/sanctions").await.ok(200)["sanctions"], json!([]));
    bob.elsewhere().await.http.get("/me").await.ok(200);
    // Without minutes it is for ever.
    sent_on(&submit(&root, "/moderation/ban", &[("username", "bob"), ("minutes", "")]).await, DONE);
    assert_eq!(root.http.get("/sanctions").await.ok(200)["sanctions"][0]["until"], Value::Null);
    let absurd = [("username", "bob"), ("minutes", "soon")];
    told(&submit(&root, "/moderation/ban", &absurd).await, 422, "a number");
    told(&submit(&root, "/moderation/ban", &[("username", "nobody")]).await, 404, "user");
}

async fn an_admin_gives_roles_up_to_their_own_by_a_form(server: Server) {
    let [root, _, bob] = the_den(&server).await;
    sent_on(&submit(&root, "/moderation/role", &[("username", "bob"), ("role", "guest")]).await, DONE);
    assert_eq!(bob.http.get("/users/bob").await.ok(200)["role"], "guest");
    told(&submit(&root, "/moderation/role", &[("username", "bob"), ("role", "owner")]).await, 403, "above");
    told(&submit(&root, "/moderation/role", &[("username", "bob"), ("role", "king")]).await, 422, "role");
    assert_eq!(bob.http.get("/users/bob").await.ok(200)["role"], "guest");
}

async fn a_wipe_by_a_form_wants_the_name_twice(server: Server) {
    let [root, ann, bob] = the_den(&server).await;
    bob.posts("den", "one").await;
    bob.posts("den", "two").await;
    let slip = [("username", "bob"), ("confirm", "ann")];
    told(&submit(&root, "/moderation/wipe", &slip).await, 422, "once more");
    assert_eq!(ann.reads_whole_room("den").await[0]["body"], "one");
    let sure = [("username", "bob"), ("confirm", "bob")];
    sent_on(&submit(&root, "/moderation/wipe", &sure).await, DONE);
    assert!(ann.reads_whole_room("den").await.iter().all(|message| message["removed"] == true));
}

async fn what_is_reported_by_the_page_is_settled_or_removed_by_moderators_and_admins(server: Server) {
    let [root, ann, bob] = the_den(&server).await;
    let carl = server.person("carl").await;
    let first = bob.posts("den", "<b>buy</b> saws").await["id"].clone();
    let second = bob.posts("den", "second of these").await["id"].clone();
    for (id, reason) in [(&first, "an advertisement"), (&second, "")] {
        let path = format!("/rooms/den/messages/{id}/report");
        assert_eq!(page(&carl, &path).await.status, 200);
        let sent = submit(&carl, &path, &[("reason", reason)]).await;
        sent_on(&sent, &format!("{path}?sent=1"));
        assert!(page(&carl, sent.header("location")).await.text.contains("moderators have been told"));
    }
    for (who, at) in [(&ann, SETTINGS), (&root, "/moderation")] {
        let shown = page(who, at).await.text;
        for words in ["&lt;b&gt;buy&lt;", "an advertisement", "second of these", "@bob", "@carl"] {
            assert!(shown.contains(words), "{words} at {at}: {shown}");
        }
    }
    // Whoever sees to nothing learns nothing.
    let id = ann.http.get("/rooms/den/reports").await.ok(200)["reports"][0]["id"].clone();
    for path in [format!("{SETTINGS}/reports/{id}/settle"), format!("/moderation/reports/{id}/settle")] {
        let refused = submit(&carl, &path, &[("reason", "")]).await.status;
        assert!(matches!(refused, 403 | 404), "{path}: {refused}");
    }
    let settle = format!("{SETTINGS}/reports/{id}/settle");
    sent_on(&submit(&ann, &settle, &[("reason", "spoke with them")]).await, SETTLED);
    assert_eq!(latest_act(&root).await["reason"], "spoke with them");
    assert!(!page(&ann, SETTINGS).await.text.contains("an advertisement"));

    let remove = format!("/rooms/den/messages/{second}/remove");
    assert_eq!(page(&carl, &remove).await.status, 403);
    assert_eq!(submit(&carl, &remove, &[]).await.status, 403);
    assert!(page(&root, &format!("{remove}?next=/moderation")).await.text.contains("second of these"));
    let long = "x".repeat(501);
    told(&submit(&root, &remove, &[("reason", &long)]).await, 422, "500");
    let why = [("reason", "rude"), ("next", "/moderation")];
    sent_on(&submit(&root, &remove, &why).await, "/moderation");
    for (who, at) in [(&ann, SETTINGS), (&root, "/moderation"), (&ann, "/rooms/den")] {
        let shown = page(who, at).await.text;
        assert!(!shown.contains("second of these"), "{at}: {shown}");
    }
    assert_eq!(page(&root, &remove).await.status, 404, "it is gone");
    let elsewhere = [("next", "//evil.example")];
    let third = format!("/rooms/den/messages/{}/remove", bob.posts("den", "third").await["id"]);
    sent_on(&submit(&ann, &third, &elsewhere).await, "/rooms");
}

async fn a_report_from_a_private_room_is_read_and_settled_by_admins_who_may_not_remove_there(server: Server) {
    let [root, ann, bob] = the_den(&server).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    let id = bob.posts("vault", "a whispered word").await["id"].clone();
    ann.http.post(&format!("/rooms/vault/messages/{id}/reports"), json!({})).await.ok(204);
    let shown = page(&root, "/moderation").await.text;
    assert!(shown.contains("a whispered word") && !shown.contains("Remove the message"), "{shown}");
    assert_eq!(submit(&root, &format!("/rooms/vault/messages/{id}/remove"), &[]).await.status, 404);
    let report = root.http.get("/reports").await.ok(200)["reports"][0]["id"].clone();
    sent_on(&submit(&root, &format!("/moderation/reports/{report}/settle"), &[]).await, DONE);
    assert!(!page(&root, "/moderation").await.text.contains("a whispered word"));
}

async fn a_moderator_mutes_bans_removes_and_lifts_by_forms(server: Server) {
    let [_, ann, bob] = the_den(&server).await;
    let mut bobs = bob.socket_in("den").await;
    let terms = [("username", "bob"), ("minutes", "60"), ("reason", "shouting")];
    sent_on(&submit(&ann, "/rooms/den/settings/mute", &terms).await, SETTLED);
    let send = || json!({"type": "send", "room": "den", "key": new_key(), "body": "x"});
    assert_eq!(bobs.refusal(send()).await, "forbidden");
    assert!(page(&ann, SETTINGS).await.text.contains("Unmute bob"));
    sent_on(&submit(&ann, "/rooms/den/settings/unmute", &[("username", "bob")]).await, SETTLED);
    bobs.ask_ok(send()).await;

    sent_on(&submit(&ann, "/rooms/den/settings/remove", &[("username", "bob")]).await, SETTLED);
    bobs.up_to("`left`", |f| f["type"] == "left").await;
    sent_on(&submit(&ann, "/rooms/den/settings/add", &[("username", "bob")]).await, SETTLED);
    sent_on(&submit(&ann, "/rooms/den/settings/ban", &[("username", "bob")]).await, SETTLED);
    assert_eq!(page(&bob, "/rooms/den").await.status, 403);
    assert_eq!(page(&bob, SETTINGS).await.status, 403);
    sent_on(&submit(&ann, "/rooms/den/settings/unban", &[("username", "bob")]).await, SETTLED);
    assert_eq!(page(&bob, "/rooms/den").await.status, 200);

    told(&submit(&ann, "/rooms/den/settings/ban", &[("username", "ann")]).await, 403, "themselves");
    told(&submit(&ann, "/rooms/den/settings/mute", &[("username", "root")]).await, 403, "above");
}

async fn a_moderator_sets_rules_and_roles_and_describes_archives_and_deletes_by_forms(server: Server) {
    let [root, ann, bob] = the_den(&server).await;
    let named = [("title", "The <Den>"), ("topic", "Tea")];
    sent_on(&submit(&ann, SETTINGS, &named).await, SETTLED);
    let rules = [("slow_secs", "30"), ("blocked_words", "Muppet\r\nsaws, lamp"), ("blocks_links", "on")];
    sent_on(&submit(&ann, "/rooms/den/settings/rules", &rules).await, SETTLED);
    let shown = page(&ann, SETTINGS).await.text;
    for words in ["The &lt;Den&gt;", "value=\"Tea\"", "value=\"30\"", ">muppet\nsaws\nlamp<", "value=\"on\" checked"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let message = |body: &str| json!({"key": new_key(), "body": body});
    assert_eq!(bob.http.post("/rooms/den/messages", message("a lamp")).await.status, 403);
    told(&submit(&ann, "/rooms/den/settings/rules", &[("slow_secs", "-1")]).await, 422, "86,400");
    told(&submit(&ann, "/rooms/den/settings/rules", &[("slow_secs", "long")]).await, 422, "a number");
    // A box that is not ticked is not sent.
    sent_on(&submit(&ann, "/rooms/den/settings/rules", &[("slow_secs", "0")]).await, SETTLED);
    bob.posts("den", "a lamp at https://lamps.example").await;

    told(&submit(&ann, "/rooms/den/settings/default", &[("on", "true")]).await, 403, "admins");
    sent_on(&submit(&root, "/rooms/den/settings/default", &[("on", "true")]).await, SETTLED);
    server.person("dora").await.posts("den", "joined by itself").await;

    sent_on(&submit(&ann, "/rooms/den/settings/archive", &[("on", "true")]).await, SETTLED);
    assert_eq!(bob.http.post("/rooms/den/messages", message("x")).await.status, 403);
    assert!(page(&ann, SETTINGS).await.text.contains("This room is archived"));
    sent_on(&submit(&ann, "/rooms/den/settings/archive", &[("on", "false")]).await, SETTLED);

    sent_on(&submit(&ann, "/rooms/den/settings/role", &[("username", "bob"), ("role", "moderator")]).await, SETTLED);
    told(&submit(&bob, "/rooms/den/settings/delete", &[("confirm", "dne")]).await, 422, "slug of the room");
    told(&submit(&bob, "/rooms/den/settings/delete", &[("confirm", "den")]).await, 403, "who made the room");
    sent_on(&submit(&ann, "/rooms/den/settings/delete", &[("confirm", "den")]).await, "/rooms");
    assert_eq!(page(&ann, "/rooms/den").await.status, 404);
}

async fn a_member_is_offered_what_is_theirs_and_refused_the_rest(server: Server) {
    let [_, _, bob] = the_den(&server).await;
    let shown = page(&bob, SETTINGS).await;
    assert_eq!(shown.status, 200);
    for words in ["Leave the room", "What you are told"] {
        assert!(shown.text.contains(words), "{words}");
    }
    for words in ["What was done", "Open reports", "Mute somebody", "Archive", "Delete for ever", "Make moderator"] {
        assert!(!shown.text.contains(words), "{words}");
    }
    let forms: [(&str, &[(&str, &str)]); 10] = [
        ("", &[("title", "x"), ("topic", "")]),
        ("/rules", &[("slow_secs", "5")]),
        ("/default", &[("on", "true")]),
        ("/archive", &[("on", "true")]),
        ("/delete", &[("confirm", "den")]),
        ("/remove", &[("username", "ann")]),
        ("/role", &[("username", "bob"), ("role", "moderator")]),
        ("/mute", &[("username", "ann")]),
        ("/ban", &[("username", "ann")]),
        ("/unban", &[("username", "ann")]),
    ];
    for (form, fields) in forms {
        told(&submit(&bob, &format!("{SETTINGS}{form}"), fields).await, 403, "only");
    }
    assert_eq!(page(&bob, "/moderation").await.status, 403);
    for form in ["ban", "unban", "role", "wipe"] {
        let fields = [("username", "ann"), ("role", "guest"), ("confirm", "ann")];
        let refused = submit(&bob, &format!("/moderation/{form}"), &fields).await;
        assert_eq!(refused.status, 403, "{form}: {}", refused.text);
    }
    assert_eq!(bob.http.get("/sanctions").await.error(), (403, "forbidden"));
    sent_on(&submit(&bob, "/rooms/den/settings/notify", &[("notify", "mentions")]).await, SETTLED);
    assert!(page(&bob, SETTINGS).await.text.contains("value=\"mentions\" checked"));
    sent_on(&submit(&bob, "/rooms/den/settings/leave", &[]).await, "/rooms");
    told(&submit(&bob, "/rooms/den/settings/notify", &[("notify", "all")]).await, 403, "members");
}

async fn whoever_lost_their_role_is_refused_by_the_page_that_is_still_open(server: Server) {
    let [root, ann, bob] = the_den(&server).await;
    assert_eq!(page(&root, "/moderation").await.status, 200);
    assert!(page(&ann, SETTINGS).await.text.contains("Mute somebody"));
    server.execute("UPDATE users SET role = 'member' WHERE username = 'root'");
    server.execute("UPDATE members SET role = 'member'");
    assert_eq!(submit(&root, "/moderation/ban", &[("username", "bob")]).await.status, 403);
    assert_eq!(page(&root, "/moderation").await.status, 403);
    assert!(!page(&root, "/rooms").await.text.contains("/moderation"));
    told(&submit(&ann, "/rooms/den/settings/ban", &[("username", "bob")]).await, 403, "only moderators");
    bob.posts("den", "still here").await;
}

async fn the_pages_of_a_private_room_tell_a_stranger_nothing(server: Server) {
    let [root, ann, bob] = the_den(&server).await;
    ann.makes_private_room("vault").await;
    let id = ann.posts("vault", "secret").await["id"].clone();
    let forms: [(&str, &[(&str, &str)]); 8] = [
        ("settings", &[("title", "x"), ("topic", "")]),
        ("settings/rules", &[("slow_secs", "long")]),
        ("settings/delete", &[("confirm", "x")]),
        ("settings/mute", &[("username", "ann"), ("minutes", "soon")]),
        ("settings/ban", &[("username", "nobody")]),
        ("settings/leave", &[]),
        ("messages/ID/report", &[("reason", "")]),
        ("messages/ID/remove", &[("reason", "")]),
    ];
    let same = |text: &str| text.replace("vault", "").replace("nowhere", "");
    for who in [&root, &bob] {
        for path in ["settings".to_owned(), format!("messages/{id}/report"), format!("messages/{id}/remove")] {
            let there = page(who, &format!("/rooms/vault/{path}")).await;
            let nowhere = page(who, &format!("/rooms/nowhere/{path}")).await;
            assert_eq!((there.status, same(&there.text)), (404, same(&nowhere.text)), "{path}");
        }
        for (form, fields) in forms {
            let form = form.replace("ID", &id.to_string());
            let there = submit(who, &format!("/rooms/vault/{form}"), fields).await;
            let nowhere = submit(who, &format!("/rooms/nowhere/{form}"), fields).await;
            assert_eq!((there.status, same(&there.text)), (404, same(&nowhere.text)), "{form}");
        }
    }
}

async fn the_log_is_read_page_by_page(server: Server) {
    let [root, ann, _] = the_den(&server).await;
    server.execute(
        "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 100) \
         INSERT INTO audit (at, actor, act, room_id, room, reason, detail) \
         SELECT '2026-01-01 00:00:00', 'ann', 'rules_set', rooms.id, slug, '', 'number ' || n || '.' \
         FROM rooms, n WHERE slug = 'den' ORDER BY n",
    );
    for (who, at) in [(&root, "/moderation"), (&ann, SETTINGS)] {
        let latest = page(who, at).await.text;
        assert!(latest.contains("number 100.") && latest.contains("number 1.") && !latest.contains("number 0."));
        let (_, older) = latest.split_once(&format!("href=\"{at}?before=")).expect("a link to older entries");
        let before: String = older.chars().take_while(char::is_ascii_digit).collect();
        let older = page(who, &format!("{at}?before={before}")).await.text;
        assert!(older.contains("number 0.") && !older.contains("number 1."), "{older}");
    }
}

#[tokio::test]
async fn a_form_from_another_site_or_without_a_session_does_nothing() {
    let server = Server::start(Options::sqlite()).await;
    let [root, ann, _] = the_den(&server).await;
    for (who, path) in [(&root, "/moderation/ban"), (&ann, "/rooms/den/settings/ban")] {
        let request = who.http.request(Method::POST, &format!("page:{path}")).header("Origin", "http://evil.example");
        assert_eq!(Reply::of(request.form(&[("username", "bob")])).await.status, 403, "{path}");
        let stranger = server.stranger().request(Method::POST, &format!("page:{path}"));
        let sent = Reply::of(stranger.header("Origin", server.url()).form(&[("username", "bob")])).await;
        assert!(sent.status == 303 && sent.header("location").starts_with("/login"), "{path}: {}", sent.status);
    }
    assert_eq!(root.http.get("/sanctions").await.ok(200)["sanctions"], json!([]));
    assert_eq!(ann.http.get("/rooms/den/sanctions").await.ok(200)["sanctions"], json!([]));
}

on_both_databases!(
    an_admin_bans_from_the_chat_and_unbans_by_forms,
    an_admin_gives_roles_up_to_their_own_by_a_form,
    a_wipe_by_a_form_wants_the_name_twice,
    what_is_reported_by_the_page_is_settled_or_removed_by_moderators_and_admins,
    a_report_from_a_private_room_is_read_and_settled_by_admins_who_may_not_remove_there,
    a_moderator_mutes_bans_removes_and_lifts_by_forms,
    a_moderator_sets_rules_and_roles_and_describes_archives_and_deletes_by_forms,
    a_member_is_offered_what_is_theirs_and_refused_the_rest,
    whoever_lost_their_role_is_refused_by_the_page_that_is_still_open,
    the_pages_of_a_private_room_tell_a_stranger_nothing,
    the_log_is_read_page_by_page,
);
