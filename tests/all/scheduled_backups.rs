//! Backups that the server makes by itself: when they are due, once for all instances, as many as are to be kept.

use crate::backup::{names, succeeded};
use crate::common::server::run;
use crate::common::*;
use crate::metrics::scraped;
use std::collections::BTreeSet;
use std::path::Path;

const LAST: &str = "klatch_last_backup_timestamp_seconds";
const DONE: &str = "klatch_backups_total{outcome=\"done\"}";
const FAILED: &str = "klatch_backups_total{outcome=\"failed\"}";

fn scheduled(options: Options, every: &str, folder: &Path) -> Options {
    let options = options.option("--backup-every", every).option("--backup-dir", folder.display());
    options.option("--backup-keep", 2).in_haste()
}

async fn backups_are_made_when_they_are_due_and_the_last_ones_kept(options: Options) {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let server = scheduled(options, "6s", &backups).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "kept").await;
    let others = ["klatch-2026-11-30.db", "klatch.db", "notes"];
    for name in others {
        std::fs::write(backups.join(name), "another's").unwrap();
    }
    let mut seen = BTreeSet::new();
    eventually(PATIENCE * 2, "four backups", async || {
        seen.extend(names(&backups).into_iter().filter(|name| name.starts_with("klatch-20261") || name.contains('T')));
        (seen.len() >= 4).then_some(())
    })
    .await;
    let scrape = scraped(&server, "the backups", |scrape| scrape.get(DONE) >= 4.0).await;
    assert!(scrape.get(LAST) > 1_700_000_000.0 && scrape.get(FAILED) == 0.0);
    let left: Vec<String> = names(&backups).into_iter().filter(|name| !name.ends_with(".partial")).collect();
    let own: Vec<&String> = left.iter().filter(|name| !others.contains(&name.as_str())).collect();
    assert!((1..=3).contains(&own.len()) && left.len() == own.len() + others.len(), "{left:?}");
    // The latest can be restored.
    let file = backups.join(own.last().expect("a backup"));
    let file = file.to_str().unwrap();
    let place = server.test_database().map(|_| postgres::TestDatabase::empty());
    let url = match &place {
        Some(database) => database.url.clone(),
        None => format!("sqlite://{}/new.db", folder.path().display()),
    };
    let kept = folder.path().join("copy");
    // It may be pruned meanwhile.
    if std::fs::copy(file, &kept).is_ok() {
        succeeded(&run(folder.path(), &["restore", "copy", "--database-url", &url], &[]).await);
    }
}

async fn a_backup_that_fails_is_counted_and_logged(options: Options) {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    // A disk that is away when the server starts.
    std::fs::write(&backups, "").unwrap();
    let server = scheduled(options, "6s", &backups).start().await;
    let report = server.klatch(&["doctor", "--backup-every", "6s", "--backup-dir", backups.to_str().unwrap()]).await;
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(report.contains("BAD backups: none was made yet, and --backup-dir: "), "{report}");
    // Nor can one be made below it; in a folder that may be written it can.
    let (below, beside) = (backups.join("daily"), folder.path().join("others/daily"));
    for (dir, is_bad) in [(&below, true), (&beside, false)] {
        let words = ["doctor", "--backup-every", "6s", "--backup-dir", dir.to_str().unwrap()];
        let report = String::from_utf8(server.klatch(&words).await.stdout).unwrap();
        assert_eq!(report.contains("is not there, and can't be made"), is_bad, "{dir:?}: {report}");
    }
    server.person("ann").await;
    scraped(&server, "the first look, and a failure", |scrape| scrape.get(FAILED) >= 2.0).await;
    for words in ["no backup can be made", "a backup failed"] {
        let log = server.stderr();
        let line = log.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{log}"));
        assert!(line.contains("ERROR") && line.contains(backups.to_str().unwrap()), "{line}");
    }
    std::fs::remove_file(&backups).unwrap();
    scraped(&server, "a backup", |scrape| scrape.get(DONE) >= 1.0).await;
}

/// Whoever makes it tells the metrics of all.
async fn a_backup_by_command_is_in_the_metrics(options: Options) {
    let server = options.in_haste().start().await;
    assert_eq!(server.metric(LAST).await, 0.0);
    let told_by_doctor = async |words: &[&str]| {
        let report = server.klatch(&[&["doctor"], words].concat()).await.stdout;
        let report = String::from_utf8(report).unwrap();
        report.lines().find(|line| line.contains("backups: ")).unwrap_or_else(|| panic!("{report}")).to_owned()
    };
    assert_eq!(told_by_doctor(&[]).await, "ok  backups: none was made yet");
    succeeded(&server.klatch(&["backup", "copy"]).await);
    scraped(&server, "the backup", |scrape| scrape.get(LAST) > 1_700_000_000.0).await;
    assert!(told_by_doctor(&[]).await.starts_with("ok  backups: the last one was made 20"));
    // Those that the server should have made are missing.
    server.execute("INSERT INTO meta (name, value) VALUES ('last_scheduled_backup', '1700000000')");
    let missing = told_by_doctor(&["--backup-every", "6h", "--backup-dir", "b"]).await;
    assert!(missing.starts_with("BAD backups: the last one was made 20") && missing.contains("by itself"), "{missing}");
}

on_both_databases![
    backups_are_made_when_they_are_due_and_the_last_ones_kept,
    a_backup_that_fails_is_counted_and_logged,
    a_backup_by_command_is_in_the_metrics,
];

#[tokio::test]
async fn of_several_instances_one_makes_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let chat = Chat::with(3, |options| scheduled(options, "6h", folder.path())).await;
    let mut made = 0.0;
    for instance in &chat.instances {
        let scrape = scraped(instance, "the backup", |scrape| scrape.get(LAST) > 0.0).await;
        assert_eq!(scrape.get(FAILED), 0.0);
        made += scrape.get(DONE);
    }
    assert_eq!(made, 1.0);
    assert_eq!(names(folder.path()).len(), 1, "{:?}", names(folder.path()));
}

#[tokio::test]
async fn options_of_backups_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (args, why) in [
        (&["--backup-every", "6h"][..], "--backup-dir: needed with --backup-every"),
        (&["--backup-dir", "b"], "--backup-every: needed with --backup-dir"),
        (&["--backup-every", "often", "--backup-dir", "b"], "--backup-every"),
        (&["--backup-every", "0s", "--backup-dir", "b"], "a second at least"),
        (&["--backup-every", "6h", "--backup-dir", "b", "--backup-keep", "0"], "--backup-keep"),
    ] {
        let args = [&["--listen", "127.0.0.1:0"], args].concat();
        let done = run(folder.path(), &args, &[]).await;
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(why) && told.trim_end().lines().count() == 1, "{args:?}: {told}");
    }
}
