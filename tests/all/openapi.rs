//! The JSON API against its own description, with requests made from that, right ones and wrong ones.

use crate::common::*;
use reqwest::Method;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// Where scripts/test puts the programs it installs for the tests.
fn tool(name: &str) -> PathBuf {
    let folder = std::env::var_os("KLATCH_TEST_TOOLS")
        .expect("KLATCH_TEST_TOOLS is not set: run this test by scripts/test, which installs what it needs");
    Path::new(&folder).join(name)
}

/// Runs schemathesis on the calls with these tags, with the session of this cookie, and fails with its report if it
/// finds anything.
async fn conforms(server: &Server, session: Option<&str>, which: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    // Deterministic, so that a run which finds something finds it again.
    let mut settings = "[generation]\ndeterministic = true\n".to_owned();
    if let Some(token) = session {
        settings += &format!("[auth.openapi]\nsession = {{ api_key = \"{token}\" }}\n");
    }
    std::fs::write(folder.path().join("schemathesis.toml"), settings).expect("a file");
    let mut command = Command::new(tool("schemathesis"));
    command.arg("run").arg(format!("{}/api/openapi.json", server.url())).args(which);
    command.arg(format!("--max-examples={}", scale().api_examples));
    command.args(["--max-time=30", "--no-color", "--no-shrink", "--continue-on-failure"]);
    command.arg("--header").arg(format!("Origin:{}", server.url()));
    command.args(["--checks=all", "--exclude-checks", EXCLUDED]);
    command.current_dir(folder.path()).env("HYPOTHESIS_STORAGE_DIRECTORY", folder.path()).kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(120), command.output()).await;
    let output = ended.expect("the end of schemathesis").expect("a program that runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.contains("passed"), "nothing was tried: {report}");
}

/// What a schema can't say: a request that fits it may be refused (a key used before in another room, a reply to no
/// message), and a list of an object's values is taken for the object.
const EXCLUDED: &str = "positive_data_acceptance,negative_data_rejection,ensure_resource_availability";

async fn calls_about_rooms_conform_to_their_description(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    let cookie = ann.http.cookie().expect("a cookie");
    let (_, token) = cookie.split_once('=').expect("a name and a value");
    conforms(&server, Some(token), &["--exclude-tag=accounts"]).await;
    ann.http.get("/me").await.ok(200);
}

/// Without a session, since each login and logout would end the one the others are made with.
async fn calls_about_accounts_conform_to_their_description(options: Options) {
    let server = options.option("--login-rate", 0).start().await;
    conforms(&server, None, &["--include-tag=accounts"]).await;
    server.person("ann").await;
}

/// Bodies that no library would make, at every call that takes one.
async fn a_malformed_body_is_refused_with_an_error(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_field = format!(r#"{{"slug":"a","username":"x","key":"k","title":{deep}}}"#);
    let bodies: [&[u8]; 16] = [
        b"",
        b"\0",
        b"{",
        b"nul",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"{\"slug\":\"\xff\",\"username\":\"\xff\",\"key\":\"\xff\",\"title\":\"\xff\"}",
        br#"{"slug":"a","slug":"b","username":"a","username":"b","key":"a","key":"b","title":"a","title":"b"}"#,
        br#"{"slug":"\ud800","username":"\ud800","key":"\ud800","title":"\ud800"}"#,
        br#"{"slug":"a\u0000","username":"a\u0000","password":"12345678\u0000","key":"\u0000","body":"x","title":"\u0000"}"#,
        br#"{"slug":1e999,"username":1e999,"key":1e999,"title":-1e999}"#,
        br#"{"key":"00000000-0000-4000-8000-000000000000","body":"x","reply_to":1e400,"slug":1,"username":1,"title":1}"#,
        br#"{"key":"00000000-0000-4000-8000-000000000000","body":"x","reply_to":99999999999999999999,"slug":1,"username":1,"title":1}"#,
        b"{} {}",
        deep.as_bytes(),
        deep_field.as_bytes(),
    ];
    for (method, path) in [
        (Method::POST, "/signup"),
        (Method::POST, "/login"),
        (Method::POST, "/rooms"),
        (Method::PATCH, "/rooms/den"),
        (Method::POST, "/rooms/den/messages"),
    ] {
        for body in bodies {
            let request = ann.http.request(method.clone(), path).header("Origin", server.url());
            let refused = Reply::of(request.header("Content-Type", "application/json").body(body.to_vec())).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(120)]);
            let (status, code) = refused.error();
            assert!(
                [(400, "bad_frame"), (422, "invalid"), (401, "bad_credentials")].contains(&(status, code)),
                "{method} {path} {shown}: {status} {code}"
            );
        }
    }
    ann.http.get("/me").await.ok(200);
}

on_both_databases![
    calls_about_rooms_conform_to_their_description,
    calls_about_accounts_conform_to_their_description,
    a_malformed_body_is_refused_with_an_error,
];
