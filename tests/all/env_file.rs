//! The file with the service's options: commands find the chat by it, and SIGHUP reads the log's filter there again.

use crate::common::server::{run, shell};
use crate::common::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

fn told(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// Writes the file as the handbook has it; gives its path.
fn write(folder: &Path, lines: &str) -> String {
    let path = folder.join("env");
    fs::write(&path, lines).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn commands_find_the_chat_of_the_service(server: Server) {
    let folder = tempfile::tempdir().unwrap();
    let database = match server.test_database() {
        Some(database) => format!("KLATCH_DATABASE_URL='{}'\n", database.url),
        None => String::new(),
    };
    let data = server.data_dir();
    let lines = format!("# the service\nKLATCH_DATA_DIR={}\n{database}KLATCH_SIGNUP=closed\n", data.display());
    let file = write(folder.path(), &lines);
    let environment = [("KLATCH_ENV_FILE", &*file)];
    for words in [
        &["user", "add", "bob", "--role", "owner"][..],
        &["room", "add", "den"],
        &["doctor"],
        &["backup", "copy"],
        &["jobs", "list"],
    ] {
        let done = run(folder.path(), words, &environment).await;
        assert_eq!(done.status.code(), Some(0), "{words:?}: {done:?}");
    }
    assert_eq!(server.number("SELECT count(*) FROM users WHERE username = 'bob'"), 1);
    // Neither the environment nor an option is overruled.
    let elsewhere =
        [("KLATCH_ENV_FILE", &*file), ("KLATCH_DATA_DIR", "none"), ("KLATCH_DATABASE_URL", "sqlite://none")];
    let done = run(folder.path(), &["jobs", "list"], &elsewhere).await;
    assert!(told(&done).contains("none: there is no such database"), "{done:?}");
    let done = run(folder.path(), &["jobs", "list", "--database-url", "sqlite://other"], &environment).await;
    assert!(told(&done).contains("other: there is no such database"), "{done:?}");
}

on_both_databases![commands_find_the_chat_of_the_service];

#[tokio::test]
async fn the_server_reads_the_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "KLATCH_SIGNUP=open\nKLATCH_SIGNUP=closed\n");
    let server = Options::sqlite().environment("KLATCH_ENV_FILE", &file).start().await;
    let account = json!({"username": "ann", "password": PASSWORD});
    assert_eq!(server.stranger().post("/signup", account).await.error(), (403, "forbidden"));
    assert!(!server.stderr().contains("KLATCH_ENV_FILE"), "it is known: {}", server.stderr());
    assert!(server.stderr().contains("several lines for KLATCH_SIGNUP"), "{}", server.stderr());
}

#[tokio::test]
async fn a_file_that_is_named_must_be_there_and_make_sense() {
    let folder = tempfile::tempdir().unwrap();
    let none = run(folder.path(), &["jobs", "list"], &[("KLATCH_ENV_FILE", "none")]).await;
    assert_eq!(none.status.code(), Some(2));
    assert!(told(&none).starts_with("klatch: KLATCH_ENV_FILE: none: No such file"), "{none:?}");
    let file = write(folder.path(), "KLATCH_SIGNUP=open\nKLATCH_SECRET=5eC4 e7 'x\n");
    let broken = run(folder.path(), &["jobs", "list"], &[("KLATCH_ENV_FILE", &file)]).await;
    assert_eq!(broken.status.code(), Some(2));
    assert!(told(&broken).contains("env, line 2: KLATCH_SECRET can't be read"), "{broken:?}");
    assert!(!told(&broken).contains("5eC4"), "{broken:?}");
    for (lines, why) in [
        (
            "\n# dear\nKLATCH_DATABASE_URL=postgres://me:pa$$word@db/x\n",
            "env, line 3: KLATCH_DATABASE_URL has a $: put",
        ),
        ("KLATCH_DATABASE_URL=\"postgres://me:pa${word}@db/x\"\n", "env, line 1: KLATCH_DATABASE_URL has a $: put"),
        ("KLATCH_SIGNUP=open\nnonsense\n", "env, line 2: it can't be read"),
        ("KLATCH_SEND_RATE=1\nKLATCH_SEND_RATE=1 2\n", "env, line 2: KLATCH_SEND_RATE can't be read"),
        ("KLATCH_SIGNPU=closed\n", "env: KLATCH_SIGNPU is no option of klatch"),
        ("KLATCH_SEND_RATE=many\n", "env: invalid value 'many' for '--send-rate <N>'"),
        ("KLATCH_SEND_RATE=many\n", " (in KLATCH_SEND_RATE)"),
    ] {
        let file = write(folder.path(), lines);
        let refused = run(folder.path(), &["jobs", "list"], &[("KLATCH_ENV_FILE", &file)]).await;
        assert_eq!((refused.status.code(), told(&refused).trim_end().lines().count()), (Some(2), 1), "{refused:?}");
        assert!(told(&refused).contains(why) && !told(&refused).contains("word@"), "{lines}: {refused:?}");
    }
    let file = write(folder.path(), "KLATCH_SIGNUP=open\nKLATCH_DATABASE_URL=sqlite://none\nKLATCH_SIGNUP=closed\n");
    let doubled = run(folder.path(), &["jobs", "list"], &[("KLATCH_ENV_FILE", &file)]).await;
    assert!(told(&doubled).contains("env has several lines for KLATCH_SIGNUP: the last one counts"), "{doubled:?}");
    let lines = "KLATCH_SIGNUP=$x\nKLATCH_SIGNUP=open # costs $5\nKLATCH_DATABASE_URL='sqlite://pa$$word' # costs $5\n";
    let file = write(folder.path(), lines);
    let found = run(folder.path(), &["jobs", "list"], &[("KLATCH_ENV_FILE", &file)]).await;
    assert!(told(&found).contains("pa$$word: there is no such database"), "{found:?}");
}

/// In a mount namespace of its own, where `/etc/klatch/env` can be made.
#[tokio::test]
async fn the_file_of_the_service_is_found_by_itself_and_told_of_where_it_is_needed_and_unreadable() {
    let server = Server::start(Options::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let data = server.data_dir();
    let within = async |mode: &str, user: &str, command: &str| {
        let line = format!(
            "set -e; unset KLATCH_ENV_FILE; cp -a /etc \"$PWD/etc\"; mkdir -p etc/klatch; echo KLATCH_DATA_DIR={} > etc/klatch/env; \
             chmod {mode} etc/klatch/env; mount --bind \"$PWD/etc\" /etc; {user} $(command -v klatch) {command}",
            data.display()
        );
        fs::write(folder.path().join("line"), line).unwrap();
        // SAFETY: a plain system call.
        let root = unsafe { libc::geteuid() } == 0;
        let namespace = if root { "--mount" } else { "--mount --map-root-user" };
        let done = shell(folder.path(), &format!("unshare {namespace} sh line"), &[]).await;
        let _ = fs::remove_dir_all(folder.path().join("etc"));
        done
    };
    let nobody = "setpriv --bounding-set=-all --inh-caps=-all --reuid=1";
    let found = within("600", "", "jobs list").await;
    assert!(found.status.success() && found.stdout == b"no job was given up\n", "{found:?}");
    let needed = within("600", nobody, "jobs list").await;
    assert_eq!(
        told(&needed),
        "klatch: /etc/klatch/env can't be read (Permission denied (os error 13)): \
         run this as root or as the klatch user, or name --data-dir or --database-url\n"
    );
    let served = within("600", nobody, "--listen 127.0.0.1:0").await;
    assert!(told(&served).contains("/etc/klatch/env can't be read"), "{served:?}");
    let named = within("600", nobody, "jobs list --database-url sqlite://none").await;
    assert!(told(&named).contains("none: there is no such database"), "{named:?}");
}

/// Otherwise a trial would be restored over the service's own database.
#[tokio::test]
async fn a_command_with_a_data_directory_is_not_sent_to_the_services_database_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "KLATCH_DATABASE_URL=postgres://klatch@127.0.0.1:1/klatch\n");
    fs::write(folder.path().join("copy"), "PGDMP").unwrap();
    let environment = [("KLATCH_ENV_FILE", &*file)];
    for words in [&["restore", "copy"][..], &["doctor"], &["user", "add", "bob"]] {
        let done = run(folder.path(), &[words, &["--data-dir", "trial"]].concat(), &environment).await;
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        let why = format!("klatch: --data-dir: {file} names a database elsewhere: name --database-url too\n");
        assert_eq!(told(&done), why);
    }
    let both = ["jobs", "list", "--data-dir", "trial", "--database-url", "sqlite://none"];
    assert!(told(&run(folder.path(), &both, &environment).await).contains("none: there is no such database"));
}

#[tokio::test]
async fn a_hangup_reads_the_logs_filter_again_and_keeps_it_where_the_new_one_makes_no_sense() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "RUST_LOG=warn\n");
    let mut server = Options::sqlite().environment("KLATCH_ENV_FILE", &file).start().await;
    let asked = async |path: &str| server.stranger().get(&format!("page:{path}")).await;
    let logged = async |text: &str| {
        eventually(PATIENCE, text, async || server.stderr().contains(text).then_some(())).await;
    };
    asked("/before").await;
    write(folder.path(), "RUST_LOG=klatch=debug\n");
    server.signal(libc::SIGHUP);
    logged("the log's filter was read again").await;
    asked("/after").await;
    logged("/after").await;
    write(folder.path(), "RUST_LOG=klatch=loud\n");
    server.signal(libc::SIGHUP);
    logged("the log's filter stays as it was").await;
    asked("/still").await;
    logged("/still").await;
    // As in a unit that says nothing of it any more.
    write(folder.path(), "");
    server.signal(libc::SIGHUP);
    eventually(PATIENCE, "the usual filter", async || {
        (server.stderr().matches("the log's filter was read again").count() == 2).then_some(())
    })
    .await;
    let log = server.stderr();
    assert!(!log.contains("/before") && log.contains("RUST_LOG: "), "{log}");
    assert_eq!(server.terminate().await.code(), Some(0));
}
