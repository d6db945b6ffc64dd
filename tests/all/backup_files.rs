//! The files that `klatch backup` makes: on standard output, after a death, on file systems that can do less, unreadable.

use crate::backup::{address_of, names, succeeded};
use crate::common::server::{run, shell};
use crate::common::*;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

async fn a_backup_on_standard_output_is_the_whole_one(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let sent = ann.posts("den", "kept").await;
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let environment = [("KLATCH_DATABASE_URL", &*url)];
    let done = shell(folder.path(), "klatch backup - > copy", &environment).await;
    succeeded(&done);
    assert!(String::from_utf8_lossy(&done.stderr).starts_with("# backed up "), "{done:?}");
    assert_eq!(names(folder.path()), ["copy"]);
    ann.posts("den", "gone").await;
    server.terminate().await;
    succeeded(&run(folder.path(), &["restore", "copy", "--database-url", &url], &[]).await);
    server.restart().await;
    let ann = crate::backup::signs_in(&server, "ann").await;
    assert_eq!(ann.reads_whole_room("den").await, [sent]);
}

async fn a_backup_from_standard_input_is_restored_and_leaves_nothing_else(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let sent = ann.posts("den", "kept").await;
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let environment = [("KLATCH_DATABASE_URL", &*url), ("TMPDIR", temporary.to_str().unwrap())];
    succeeded(&shell(folder.path(), "klatch backup - > copy", &environment).await);
    ann.posts("den", "gone").await;
    server.terminate().await;
    let useless = shell(folder.path(), "head -c 3000 copy | klatch restore -", &environment).await;
    assert_eq!(useless.status.code(), Some(2), "{useless:?}");
    assert!(String::from_utf8_lossy(&useless.stderr).contains("standard input: "), "{useless:?}");
    let done = shell(folder.path(), "cat copy | klatch restore -", &environment).await;
    assert!(succeeded(&done).contains("from standard input; "), "{done:?}");
    assert_eq!(names(&temporary), [""; 0]);
    let left = names(&server.data_dir()).into_iter().find(|name| name.contains("standard-input"));
    assert_eq!(left, None);
    server.restart().await;
    let ann = crate::backup::signs_in(&server, "ann").await;
    assert_eq!(ann.reads_whole_room("den").await, [sent]);
}

async fn a_folder_that_is_not_there_is_named(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let done = run(folder.path(), &["backup", "none/copy", "--database-url", &url], &[]).await;
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(told.ends_with("none: there is no such directory: make it first\n"), "{told}");
}

async fn a_terminal_is_sent_no_backup(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let line = "script --quiet --return --command 'klatch backup -' /dev/null";
    let done = shell(folder.path(), line, &[("KLATCH_DATABASE_URL", &url)]).await;
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(told.starts_with("klatch: standard output is a terminal"), "{done:?}");
    assert_eq!((done.status.code(), told.trim_end().lines().count()), (Some(2), 1), "{told}");
}

/// Killed when all is copied, and only the name is missing.
async fn the_next_backup_removes_what_a_killed_one_left_and_nothing_else(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let environment = [("KLATCH_DATABASE_URL", &*url)];
    let kill = "strace -f -q -o /dev/null -e inject=renameat2:signal=KILL:when=1 klatch backup copy";
    assert!(!shell(folder.path(), kill, &environment).await.status.success());
    let left = names(folder.path());
    assert!(left.len() == 1 && left[0].ends_with(".partial"), "{left:?}");
    // Beside a draft that died in SQLite's hands; and one at which somebody works; and what others call so.
    fs::write(folder.path().join("old.db.klatch-0123abcd.partial-journal"), "").unwrap();
    let held = File::create(folder.path().join("new.db.klatch-0123abcd.partial")).unwrap();
    held.lock().unwrap();
    fs::write(folder.path().join("film.partial"), "").unwrap();
    succeeded(&run(folder.path(), &["backup", "copy", "--database-url", &url], &[]).await);
    assert_eq!(names(folder.path()), ["copy", "film.partial", "new.db.klatch-0123abcd.partial"]);
}

async fn a_file_system_with_neither_links_nor_careful_renames_will_do(server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    let environment = [("KLATCH_DATABASE_URL", &*url)];
    let poor = "strace -f -q -o /dev/null -e inject=renameat2:error=EINVAL -e inject=linkat,link:error=EPERM klatch";
    for file in ["one", "two"] {
        succeeded(&shell(folder.path(), &format!("{poor} backup {file}"), &environment).await);
    }
    let taken = shell(folder.path(), &format!("{poor} backup one"), &environment).await;
    assert!(String::from_utf8_lossy(&taken.stderr).contains("not overwritten"), "{taken:?}");
    assert_eq!(names(folder.path()), ["one", "two"]);
    let args = ["restore", "one", "--database-url", &format!("sqlite://{}/new.db", folder.path().display())];
    if server.test_database().is_none() {
        succeeded(&run(folder.path(), &args, &[]).await);
        // The database before is kept by a copy.
        let done = shell(folder.path(), &format!("{poor} {}", args.join(" ")), &[]).await;
        assert!(succeeded(&done).contains("is kept as"), "{done:?}");
        let kept = names(folder.path()).into_iter().find(|name| name.contains(".before-restore-")).expect("a copy");
        assert_eq!(fs::metadata(folder.path().join(kept)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn the_secret_is_made_on_such_a_file_system_too() {
    let words = ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", "inject=renameat2:error=EINVAL", "-e"];
    let wrapper = [&words[..], &["inject=linkat,link:error=EPERM"]].concat();
    let mut server = Options::sqlite().makes_its_database().wrapper(&wrapper).start().await;
    let ann = server.person("ann").await;
    assert_eq!(names(&server.data_dir()).iter().filter(|name| name.starts_with("secret")).count(), 1);
    server.restart().await;
    ann.http.get("/me").await.ok(200);
}

/// An operator in an emergency would believe that the backup is bad.
async fn a_backup_that_may_not_be_read_is_told_as_that(mut server: Server) {
    let (folder, url) = (tempfile::tempdir().unwrap(), address_of(&server));
    succeeded(&run(folder.path(), &["backup", "copy", "--database-url", &url], &[]).await);
    server.terminate().await;
    let file = folder.path().join("copy");
    fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    // Root may read everything.
    let line = "if [ $(id -u) = 0 ]; then set -- setpriv --bounding-set=-all --inh-caps=-all --reuid=1; fi; \
                \"$@\" $(command -v klatch) restore copy";
    let done = shell(folder.path(), line, &[("KLATCH_DATABASE_URL", &url)]).await;
    let told = String::from_utf8_lossy(&done.stderr);
    let advice = "put it where the server's user may read it";
    assert_eq!(told, format!("klatch: {}: can't be read: Permission denied (os error 13): {advice}\n", file.display()));
}

on_both_databases![
    a_backup_on_standard_output_is_the_whole_one,
    a_backup_from_standard_input_is_restored_and_leaves_nothing_else,
    a_folder_that_is_not_there_is_named,
    a_terminal_is_sent_no_backup,
    the_next_backup_removes_what_a_killed_one_left_and_nothing_else,
    a_file_system_with_neither_links_nor_careful_renames_will_do,
    a_backup_that_may_not_be_read_is_told_as_that,
];
