//! The judge sees it when the program breaks a promise: `KLATCH_TEST_FAULT` makes it break one, and the smallest load
//! that shows it is judged. The same loads pass where nothing is broken.

use super::keeper::{self, Deed, Duties, Keeper, Member};
use super::site::{Site, start_again};
use super::words::Weather;
use crate::common::Person;
use crate::common::postgres::TestDatabase;
use crate::crash::client::Habits;
use crate::crash::talk::{LOG, Talk};
use crate::history::check;
use std::time::Duration;

const ROOMS: [&str; 3] = [LOG, "den", "cellar"];
const CLIENTS: usize = 6;
/// Records that make it likely that the fault has shown.
const LOAD: usize = 3_000;
/// Loads until it must have shown.
const ATTEMPTS: usize = 12;
/// Longer than anything takes where nothing is broken; what is broken may never settle.
const LIMIT: Duration = Duration::from_secs(40);

/// What is done to the instances meanwhile.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    /// Words between instances are lost.
    Loss,
    /// This is done to members of a private room.
    Deeds(&'static [Deed]),
    /// The first instance dies in the middle of a transaction, now and then.
    Deaths,
}

/// Two instances under load; tells whether everything was answered and read in the end, and which rule was broken, if any.
async fn under_load(fault: &str, trouble: Trouble) -> (bool, Option<&'static str>) {
    let database = TestDatabase::create();
    let site = Site::on(&database.url, 2, |options| options.environment("KLATCH_TEST_FAULT", fault)).await;
    let moderator = site.owner("moderator").await;
    moderator.makes_room(LOG).await;
    moderator.makes_room("den").await;
    moderator.makes_private_room("cellar").await;
    let mut people = vec![];
    for n in 0..CLIENTS {
        let person = site.instance(n % 2).await.person(&format!("client-{n}")).await;
        moderator.adds(&person.name, "cellar").await;
        let habits = Habits {
            rooms: ROOMS.to_vec(),
            pauses: 5..30,
            hangs_up: 0.03,
            may_be_removed: vec!["cellar"],
            gives_up: Some(Duration::from_secs(10)),
            ..Habits::default()
        };
        people.push((person, habits));
    }
    let member = |(person, _): &(Person, Habits)| Member { name: person.name.clone(), rooms: ROOMS.to_vec() };
    let members = people.iter().map(member).collect();
    let mut talk = Talk::among(moderator.clone(), &ROOMS, people, 1);
    talk.goes_on(LOAD / 10).await;
    match trouble {
        Trouble::None => talk.goes_on(LOAD).await,
        Trouble::Loss => {
            site.words.iter().for_each(|words| words.set(Weather { loses: 0.2, ..Weather::default() }));
            talk.goes_on(LOAD).await;
            site.words.iter().for_each(|words| words.set(Weather::default()));
        }
        Trouble::Deeds(deeds) => {
            let (room, pauses, recorder) = ("cellar", 200..400, talk.recorder().clone());
            let keeper = Keeper::begins(Duties { room, moderator, members, deeds, pauses, recorder }, 1);
            talk.goes_on(LOAD).await;
            keeper.ends().await;
        }
        Trouble::Deaths => {
            for transactions in [20, 40, 30] {
                let mut first = site.instance(0).await;
                start_again(&mut first, &format!("transaction:{transactions}")).await;
                assert!(first.ends_within(LIMIT).await, "it dies");
                talk.goes_on(LOAD / 10).await;
                start_again(&mut first, "").await;
            }
            talk.goes_on(LOAD / 4).await;
        }
    }
    let settled = talk.settles(LIMIT).await;
    let mut history = talk.part().await;
    history.seen.clear();
    let violation = check(&history).inspect_err(|violation| eprintln!("{violation}")).err();
    (settled, violation.map(|violation| violation.rule))
}

/// A load with this trouble is found to break one of these rules.
async fn is_found(fault: &str, trouble: Trouble, rules: &[&str]) {
    for _ in 0..ATTEMPTS {
        if let (_, Some(rule)) = under_load(fault, trouble).await {
            assert!(rules.contains(&rule), "found to break another rule: {rule}");
            return;
        }
    }
    panic!("{fault} was not noticed");
}

const ORDER: &str = "what is shown rises without a gap or a repeat";
const STATE: &str = "a number has one state";
const HOLD: &str = "clients hold the database's state";
const DENSE: &str = "numbers are dense";
const LOST: &str = "no answered message is lost";

#[tokio::test]
async fn the_same_loads_pass_where_nothing_is_broken() {
    for trouble in [Trouble::None, Trouble::Loss, Trouble::Deeds(&keeper::ALL), Trouble::Deaths] {
        assert_eq!(under_load("", trouble).await, (true, None));
    }
}

#[tokio::test]
async fn a_gap_that_is_not_read_is_noticed() {
    is_found("skip_gap_read", Trouble::Loss, &[ORDER, HOLD]).await;
}

#[tokio::test]
async fn what_is_published_before_its_commit_is_noticed() {
    is_found("publish_before_commit", Trouble::Deaths, &[STATE, DENSE, LOST, ORDER, HOLD]).await;
}

#[tokio::test]
async fn a_key_that_is_not_looked_up_is_noticed() {
    is_found("drop_key_check", Trouble::None, &["a key makes one message"]).await;
}

#[tokio::test]
async fn a_cursor_that_is_ignored_is_noticed() {
    is_found("ignore_after", Trouble::None, &[ORDER]).await;
}

#[tokio::test]
async fn a_member_who_is_kept_after_the_removal_is_noticed() {
    is_found("keep_removed_member", Trouble::Deeds(&[Deed::Remove]), &["nothing is shown to those who have left"])
        .await;
}

#[tokio::test]
async fn who_is_not_asked_for_leave_is_noticed() {
    for deed in [&[Deed::Mute], &[Deed::Demote], &[Deed::Archive]] {
        is_found("skip_policy", Trouble::Deeds(deed), &["nobody does what they may not"]).await;
    }
}

#[tokio::test]
async fn numbers_handed_out_without_the_rows_lock_are_noticed() {
    is_found("skip_row_lock", Trouble::None, &[STATE, DENSE, LOST, ORDER, HOLD]).await;
}
