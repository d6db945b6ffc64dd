//! Links that let somebody in: into the chat, into a room, or as the first owner.

use crate::common::*;

/// The token of the first owner's link that the last start printed.
pub fn owners_token(server: &Server) -> String {
    let log = server.stderr();
    let line = log.lines().rev().find(|line| line.contains("no owner yet")).expect("the first owner's link");
    token_in(line)
}

/// The token at a link's end.
fn token_in(text: &str) -> String {
    let (_, token) = text.rsplit_once("/invite/").expect("a link");
    token.trim().to_owned()
}

/// Somebody who has signed up by a link.
async fn by_link(server: &Server, name: &str, token: &str) -> Reply {
    let account = json!({"username": name, "password": PASSWORD, "invitation": token});
    server.stranger().post("/signup", account).await
}

/// The chat's first owner.
async fn owner(server: &Server) -> Person {
    let ann = server.person("owner").await;
    let role = ann.http.post("/invitations/accept", json!({"token": owners_token(server)})).await.ok(200);
    assert_eq!(role["role"], "owner");
    ann
}

async fn link(maker: &Person, invitation: Value) -> String {
    let made = maker.http.post("/invitations", invitation).await.ok(201);
    token_in(made["url"].as_str().expect("a link"))
}

async fn the_first_owner_signs_up_by_the_link_of_the_start_in_every_mode(options: Options) {
    let server = options.option("--signup", "closed").start().await;
    let token = owners_token(&server);
    by_link(&server, "ann", &token).await.ok(201);
    // It was for one, and there is an owner now.
    assert_eq!(by_link(&server, "bob", &token).await.error(), (404, "not_found"));
}

async fn each_start_prints_a_link_and_none_works_once_there_is_an_owner(mut server: Server) {
    let first = owners_token(&server);
    server.restart().await;
    let second = owners_token(&server);
    assert_ne!(first, second);
    by_link(&server, "ann", &first).await.ok(201);
    assert_eq!(by_link(&server, "bob", &second).await.error(), (404, "not_found"));
    let printed = server.stderr().matches("no owner yet").count();
    server.restart().await;
    assert_eq!(server.stderr().matches("no owner yet").count(), printed);
}

async fn of_two_first_owners_at_the_same_time_there_is_one(mut server: Server) {
    let first = owners_token(&server);
    server.restart().await;
    let second = owners_token(&server);
    let (one, other) = tokio::join!(by_link(&server, "ann", &first), by_link(&server, "bob", &second));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 404]);
}

async fn a_link_for_one_use_makes_one_account_however_many_try(server: Server) {
    let owner = owner(&server).await;
    let token = link(&owner, json!({})).await;
    let names = ["bob", "cid", "dan", "eve"];
    let tries = names.map(|name| by_link(&server, name, &token));
    let replies = futures_util::future::join_all(tries).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert!(replies.iter().all(|reply| reply.status == 201 || reply.error() == (404, "not_found")));
}

async fn a_link_that_is_refused_a_name_keeps_its_use(server: Server) {
    let owner = owner(&server).await;
    let token = link(&owner, json!({})).await;
    assert_eq!(by_link(&server, "owner", &token).await.error(), (409, "taken"));
    by_link(&server, "bob", &token).await.ok(201);
}

async fn with_signup_invite_only_a_link_makes_an_account(options: Options) {
    let server = options.option("--signup", "invite").start().await;
    let token = owners_token(&server);
    let account = json!({"username": "bob", "password": PASSWORD});
    assert_eq!(server.stranger().post("/signup", account).await.error(), (403, "forbidden"));
    assert_eq!(by_link(&server, "bob", "no-such-token").await.error(), (404, "not_found"));
    let http = server.stranger();
    let account = json!({"username": "ann", "password": PASSWORD, "invitation": token});
    http.post("/signup", account).await.ok(201);
    let made = http.post("/invitations", json!({"uses": 0})).await.ok(201);
    assert_eq!(made["uses_left"], Value::Null);
    let token = token_in(made["url"].as_str().expect("a link"));
    for name in ["bob", "cid"] {
        by_link(&server, name, &token).await.ok(201);
    }
}

async fn with_signup_closed_a_link_leads_only_those_who_have_an_account(mut server: Server) {
    let [bob] = server.people(["bob"]).await;
    let owner = owner(&server).await;
    owner.makes_private_room("den").await;
    let token = link(&owner, json!({"room": "den", "role": "guest", "uses": 0})).await;
    assert!(server.try_restart("KLATCH_SIGNUP", "closed").await);
    assert_eq!(by_link(&server, "cid", &token).await.error(), (403, "forbidden"));
    let accepted = bob.http.post("/invitations/accept", json!({"token": token})).await.ok(200);
    assert_eq!((&accepted["room"]["slug"], &accepted["role"]), (&json!("den"), &json!("member")));
    bob.posts("den", "here").await;
}

async fn a_guest_by_a_link_sees_its_room_and_no_other(server: Server) {
    let owner = owner(&server).await;
    owner.makes_room("open").await;
    owner.makes_private_room("den").await;
    let mut inside = owner.socket_in("den").await;
    let token = link(&owner, json!({"room": "den", "role": "guest"})).await;
    let http = server.stranger();
    http.post("/signup", json!({"username": "bob", "password": PASSWORD, "invitation": token})).await.ok(201);
    let rooms = http.get("/rooms").await.ok(200);
    let slugs: Vec<_> = rooms["rooms"].as_array().unwrap().iter().map(|room| room["slug"].clone()).collect();
    assert_eq!(slugs, ["den"]);
    assert_eq!(http.get("/rooms/open").await.error(), (404, "not_found"));
    // Those who are there go on talking.
    inside.say("den", "welcome").await;
}

async fn a_new_member_joins_the_default_rooms_and_a_guest_does_not(server: Server) {
    let owner = owner(&server).await;
    owner.makes_room("hall").await;
    owner.http.patch("/rooms/hall", json!({"default": true})).await.ok(200);
    let token = link(&owner, json!({"role": "guest"})).await;
    by_link(&server, "gus", &token).await.ok(201);
    server.person("bob").await;
    let members = owner.http.get("/rooms/hall/members").await.ok(200);
    let names: Vec<_> =
        members["members"].as_array().unwrap().iter().map(|one| one["user"]["username"].clone()).collect();
    assert_eq!(names, ["bob", "owner"]);
}

async fn a_link_that_was_revoked_is_over(server: Server) {
    let owner = owner(&server).await;
    let made = owner.http.post("/invitations", json!({"uses": 5})).await.ok(201);
    let token = token_in(made["url"].as_str().unwrap());
    let listed = owner.http.get("/invitations").await.ok(200);
    assert_eq!(listed["invitations"][0]["id"], made["id"]);
    assert_eq!(listed["invitations"][0]["url"], Value::Null);
    assert!(!listed.to_string().contains(&token));
    let path = format!("/invitations/{}", made["id"]);
    assert_eq!(server.person("bob").await.http.delete(&path).await.error(), (404, "not_found"));
    owner.http.delete(&path).await.ok(204);
    assert_eq!(by_link(&server, "cid", &token).await.error(), (404, "not_found"));
    assert_eq!(owner.http.get("/invitations").await.ok(200)["invitations"], json!([]));
}

async fn the_log_has_who_made_and_who_revoked_a_link_and_that_the_owners_is_the_operators(server: Server) {
    let ann = server.person("ann").await;
    ann.http.post("/invitations/accept", json!({"token": owners_token(&server)})).await.ok(200);
    let made = ann.http.post("/invitations", json!({})).await.ok(201);
    for _ in 0..2 {
        ann.http.delete(&format!("/invitations/{}", made["id"])).await.ok(204);
    }
    let log = ann.http.get("/audit").await.ok(200);
    // Below these is the link of the start that prepared the database.
    let entries: Vec<_> =
        log["entries"].as_array().unwrap().iter().take(4).map(|entry| (&entry["actor"], &entry["act"])).collect();
    let (ann, operator) = (json!("ann"), json!("operator"));
    let (revoked, invited, role) = (json!("invitation_revoked"), json!("invitation_made"), json!("instance_role_set"));
    assert_eq!(entries, [(&ann, &revoked), (&ann, &invited), (&operator, &role), (&operator, &invited)]);
}

async fn a_link_that_has_expired_is_over(server: Server) {
    let owner = owner(&server).await;
    let token = link(&owner, json!({})).await;
    server.execute("UPDATE invitations SET expires_at = '2020-01-01 00:00:00'");
    assert_eq!(by_link(&server, "bob", &token).await.error(), (404, "not_found"));
}

async fn only_admins_invite_into_the_chat_and_only_moderators_into_a_room(server: Server) {
    let owner = owner(&server).await;
    let [bob, cid] = server.people(["bob", "cid"]).await;
    assert_eq!(bob.http.post("/invitations", json!({})).await.error(), (403, "forbidden"));
    bob.makes_private_room("den").await;
    let token = link(&bob, json!({"room": "den"})).await;
    // Nobody else learns of the room, admins included.
    for stranger in [&cid, &owner] {
        assert_eq!(stranger.http.post("/invitations", json!({"room": "den"})).await.error(), (404, "not_found"));
        assert_eq!(stranger.http.get("/invitations").await.ok(200)["invitations"], json!([]));
    }
    bob.adds("cid", "den").await;
    assert_eq!(cid.http.post("/invitations", json!({"room": "den"})).await.error(), (403, "forbidden"));
    // What its maker may no longer give, a link does not give either.
    server.execute("UPDATE members SET role = 'member'");
    assert_eq!(by_link(&server, "dan", &token).await.error(), (404, "not_found"));
}

async fn whoever_is_banned_from_a_room_is_led_there_by_no_link(server: Server) {
    let owner = owner(&server).await;
    let bob = server.person("bob").await;
    owner.makes_room("den").await;
    let token = link(&owner, json!({"room": "den"})).await;
    server.execute(
        "INSERT INTO sanctions (room_id, user_id, kind) SELECT rooms.id, users.id, 'ban' FROM rooms, users \
         WHERE users.username = 'bob'",
    );
    let refused = bob.http.post("/invitations/accept", json!({"token": token})).await;
    assert_eq!(refused.error(), (403, "forbidden"));
}

async fn a_token_is_in_no_database_and_in_no_log(server: Server) {
    let owner = owner(&server).await;
    let token = link(&owner, json!({})).await;
    let picture = server.stranger().get(&format!("page:/invite/{token}/qr.svg")).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"));
    assert!(picture.text.contains("<svg"));
    by_link(&server, "bob", &token).await.ok(201);
    let over = server.stranger().get(&format!("page:/invite/{token}/qr.svg")).await;
    assert_eq!(over.status, 404);
    assert!(!server.stderr().contains(&token));
    assert!(!server.stored_bytes().windows(token.len()).any(|bytes| bytes == token.as_bytes()));
}

/// Sends a form as a browser does.
async fn submit(server: &Server, http: &Http, path: &str, fields: &[(&str, &str)]) -> Reply {
    let request = http.request(reqwest::Method::POST, &format!("page:{path}")).header("Origin", server.url());
    Reply::of(request.form(fields)).await
}

async fn the_page_of_a_link_tells_where_it_leads_and_signs_up(server: Server) {
    let owner = owner(&server).await;
    owner.makes_private_room("den").await;
    let path = format!("/invite/{}", link(&owner, json!({"room": "den"})).await);
    let http = server.stranger();
    let page = http.get(&format!("page:{path}")).await;
    assert!(page.status == 200 && page.text.contains("den"), "{}", page.text);
    let short = submit(&server, &http, &path, &[("username", "bob"), ("password", "short")]).await;
    assert!(short.status == 422 && short.text.contains("Password: 8 to 256"), "{}", short.text);
    let used = submit(&server, &http, &path, &[("username", "bob"), ("password", PASSWORD)]).await;
    assert_eq!((used.status, used.header("location")), (303, "/rooms/den"));
    let over = server.stranger().get(&format!("page:{path}")).await;
    assert!(over.status == 404 && over.text.contains("This invitation is over"), "{}", over.text);
}

async fn somebody_signed_in_accepts_by_a_button(server: Server) {
    let ann = server.person("ann").await;
    let path = format!("/invite/{}", owners_token(&server));
    let page = ann.http.get(&format!("page:{path}")).await;
    assert!(page.text.contains("Become the owner") && page.text.contains("Accept as ann"), "{}", page.text);
    let used = submit(&server, &ann.http, &path, &[]).await;
    assert_eq!((used.status, used.header("location")), (303, "/rooms"));
    ann.http.post("/invitations", json!({})).await.ok(201);
}

async fn links_are_made_and_revoked_on_a_page(server: Server) {
    let owner = owner(&server).await;
    let form = [("room", ""), ("hours", "2"), ("uses", "3"), ("role", "guest")];
    let made = submit(&server, &owner.http, "/invitations", &form).await;
    assert!(made.status == 200 && made.text.contains("/qr.svg"), "{}", made.text);
    let listed = owner.http.get("/invitations").await.ok(200);
    let one = &listed["invitations"][0];
    assert_eq!((&one["role"], &one["uses_left"]), (&json!("guest"), &json!(3)));
    let path = format!("/invitations/{}/revoke", one["id"]);
    assert_eq!(submit(&server, &owner.http, &path, &[]).await.status, 303);
    assert_eq!(owner.http.get("/invitations").await.ok(200)["invitations"], json!([]));
    let bob = server.person("bob").await;
    assert_eq!(submit(&server, &bob.http, "/invitations", &form).await.status, 403);
}

#[tokio::test]
async fn values_out_of_range_are_refused() {
    let server = Options::sqlite().start().await;
    let owner = owner(&server).await;
    for body in [
        json!({"role": "owner"}),
        json!({"role": "admin"}),
        json!({"hours": 0}),
        json!({"hours": 8761}),
        json!({"hours": i64::MAX}),
        json!({"uses": -1}),
        json!({"uses": i64::MAX}),
    ] {
        assert_eq!(owner.http.post("/invitations", body.clone()).await.error(), (422, "invalid"), "{body}");
    }
}

on_both_databases![
    the_first_owner_signs_up_by_the_link_of_the_start_in_every_mode,
    each_start_prints_a_link_and_none_works_once_there_is_an_owner,
    of_two_first_owners_at_the_same_time_there_is_one,
    a_link_for_one_use_makes_one_account_however_many_try,
    a_link_that_is_refused_a_name_keeps_its_use,
    with_signup_invite_only_a_link_makes_an_account,
    with_signup_closed_a_link_leads_only_those_who_have_an_account,
    a_guest_by_a_link_sees_its_room_and_no_other,
    a_new_member_joins_the_default_rooms_and_a_guest_does_not,
    a_link_that_was_revoked_is_over,
    the_log_has_who_made_and_who_revoked_a_link_and_that_the_owners_is_the_operators,
    a_link_that_has_expired_is_over,
    only_admins_invite_into_the_chat_and_only_moderators_into_a_room,
    whoever_is_banned_from_a_room_is_led_there_by_no_link,
    a_token_is_in_no_database_and_in_no_log,
];

// Not about storage.
on_sqlite![
    the_page_of_a_link_tells_where_it_leads_and_signs_up,
    somebody_signed_in_accepts_by_a_button,
    links_are_made_and_revoked_on_a_page,
];
