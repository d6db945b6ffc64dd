//! Sign up, log in, who am I.

use crate::common::*;

async fn signing_up_gives_a_user_and_a_session(options: Options) {
    let server = options.with_real_passwords().start().await;
    let http = server.stranger();
    let account = json!({"username": "Ann.Lee", "password": PASSWORD, "display_name": "Ann Lee"});
    let user = http.post("/signup", account).await.ok(201);
    assert_eq!(user["username"], "Ann.Lee");
    assert_eq!(user["display_name"], "Ann Lee");
    assert!(!user["id"].is_null());
    assert_eq!(http.get("/me").await.ok(200), user);
}

async fn a_user_shows_no_more_than_id_and_names(options: Options) {
    let server = options.with_real_passwords().start().await;
    let ann = server.person("ann").await;
    let mut fields: Vec<_> = ann.user.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["display_name", "id", "username"]);
}

async fn without_a_display_name_the_username_is_shown(options: Options) {
    let server = options.with_real_passwords().start().await;
    let ann = server.person("ann").await;
    assert_eq!(ann.user["display_name"], "ann");
}

async fn a_username_is_taken_whatever_its_case(options: Options) {
    let server = options.with_real_passwords().start().await;
    server.person("Ann").await;
    for name in ["Ann", "ann", "ANN"] {
        let account = json!({"username": name, "password": PASSWORD});
        let again = server.stranger().post("/signup", account).await;
        assert_eq!(again.error(), (409, "taken"), "{name}");
    }
}

async fn a_username_is_looked_up_whatever_its_case(options: Options) {
    let server = options.with_real_passwords().start().await;
    let ann = server.person("Ann").await;
    for name in ["ann", "ANN"] {
        let account = json!({"username": name, "password": PASSWORD});
        let user = server.stranger().post("/login", account).await.ok(200);
        assert_eq!(user, ann.user);
    }
}

async fn a_username_is_2_to_32_of_its_characters(options: Options) {
    let server = options.with_real_passwords().start().await;
    let (longest, too_long) = ("a".repeat(32), "a".repeat(33));
    for name in ["ab", "A.b_c-9", &longest] {
        let account = json!({"username": name, "password": PASSWORD});
        server.stranger().post("/signup", account).await.ok(201);
    }
    for name in ["", "a", &too_long, "ann lee", "änn", "ann!", "ann@home", "ann\n"] {
        let account = json!({"username": name, "password": PASSWORD});
        let refused = server.stranger().post("/signup", account).await;
        assert_eq!(refused.error(), (422, "invalid"), "{name:?}");
    }
}

async fn a_password_is_8_to_256_characters(options: Options) {
    let server = options.with_real_passwords().start().await;
    // Characters, not bytes: eight of four bytes each pass, and so do 256.
    let (wide, longest) = ("🦀".repeat(8), "🦀".repeat(256));
    for (name, password) in [("wide", &wide), ("longest", &longest)] {
        let account = json!({"username": name, "password": password});
        server.stranger().post("/signup", account.clone()).await.ok(201);
        server.stranger().post("/login", account).await.ok(200);
    }
    for password in ["1234567".to_owned(), "x".repeat(257)] {
        let account = json!({"username": "ann", "password": password});
        let refused = server.stranger().post("/signup", account).await;
        assert_eq!(refused.error(), (422, "invalid"), "{password:?}");
    }
}

async fn logging_in_gives_the_user_and_a_session(options: Options) {
    let server = options.with_real_passwords().start().await;
    let ann = server.person("ann").await;
    let elsewhere = ann.elsewhere().await;
    assert_eq!(elsewhere.http.get("/me").await.ok(200), ann.user);
}

async fn an_unknown_name_and_a_wrong_password_get_the_same_answer(options: Options) {
    let server = options.with_real_passwords().start().await;
    server.person("ann").await;
    let try_as = async |name: &str| {
        let account = json!({"username": name, "password": "not the password"});
        server.stranger().post("/login", account).await
    };
    let (wrong, unknown) = (try_as("ann").await, try_as("nobody").await);
    assert_eq!(wrong.error(), (401, "bad_credentials"));
    assert_eq!(unknown.error(), (401, "bad_credentials"));
    assert_eq!(wrong.text, unknown.text);
    assert_eq!(wrong.header("set-cookie"), unknown.header("set-cookie"));
}

/// The hash is what takes the time: a lookup that skips it would be a hundred times faster. Tries alternate, and the
/// fastest of each is compared, since that is the one least disturbed by other work.
#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let server = Options::sqlite().with_real_passwords().option("--login-rate", 0).start().await;
    server.person("ann").await;
    let [mut wrong, mut unknown] = [PATIENCE; 2];
    for _ in 0..5 {
        for (name, fastest) in [("ann", &mut wrong), ("nobody", &mut unknown)] {
            let account = json!({"username": name, "password": "not the password"});
            let start = std::time::Instant::now();
            server.stranger().post("/login", account).await.ok(401);
            *fastest = start.elapsed().min(*fastest);
        }
    }
    assert!(unknown > wrong / 4 && wrong > unknown / 4, "unknown {unknown:?}, wrong {wrong:?}");
}

async fn a_missing_field_is_invalid(options: Options) {
    let server = options.with_real_passwords().start().await;
    for body in [json!({}), json!({"username": "ann"}), json!({"username": 5, "password": PASSWORD}), json!([])] {
        for path in ["/signup", "/login"] {
            let refused = server.stranger().post(path, body.clone()).await;
            let (status, _) = refused.error();
            assert!([400, 422].contains(&status), "{path} {body}: {status}");
        }
    }
}

async fn me_is_401_without_a_session(options: Options) {
    let server = options.with_real_passwords().start().await;
    let refused = server.stranger().get("/me").await;
    assert_eq!(refused.error().0, 401);
}

#[tokio::test]
async fn who_was_not_invited_may_not_sign_up_where_that_is_asked_for() {
    for rule in ["closed", "invite"] {
        let server = Options::sqlite().with_real_passwords().option("--signup", rule).start().await;
        let account = json!({"username": "ann", "password": PASSWORD});
        let refused = server.stranger().post("/signup", account).await;
        assert_eq!(refused.error(), (403, "forbidden"), "{rule}");
    }
}

on_both_databases![
    signing_up_gives_a_user_and_a_session,
    a_username_is_taken_whatever_its_case,
    a_username_is_looked_up_whatever_its_case,
    logging_in_gives_the_user_and_a_session,
];

// Not about storage.
on_sqlite![
    a_user_shows_no_more_than_id_and_names,
    without_a_display_name_the_username_is_shown,
    a_username_is_2_to_32_of_its_characters,
    a_password_is_8_to_256_characters,
    an_unknown_name_and_a_wrong_password_get_the_same_answer,
    a_missing_field_is_invalid,
    me_is_401_without_a_session,
];
