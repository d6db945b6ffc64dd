//! The moderator of a private room, who removes members and adds them again.

use crate::common::*;
use crate::crash::client::acts::{insist, removed};
use crate::history::{Event, Recorder};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use std::ops::Range;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Keeper {
    stop: watch::Sender<bool>,
    works: JoinHandle<()>,
}

impl Keeper {
    /// Pauses are in milliseconds.
    pub fn of(
        room: &'static str,
        moderator: Person,
        members: Vec<String>,
        recorder: Recorder,
        pauses: Range<u64>,
        seed: u64,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let works = tokio::spawn(async move {
            let mut rng = StdRng::seed_from_u64(seed);
            while !*stopped.borrow() {
                let member = members.choose(&mut rng).expect("members");
                recorder.note(member, room, Event::Leaving);
                let seq = removed(&moderator, room, member).await;
                recorder.note(member, room, Event::Gone { seq });
                tokio::time::sleep(Duration::from_millis(rng.random_range(pauses.clone()))).await;
                recorder.note(member, room, Event::Entering);
                insist(&moderator, Method::PUT, &format!("/rooms/{room}/members/{member}"), 204).await;
            }
        });
        Self { stop, works }
    }

    /// Everybody is a member again.
    pub async fn ends(self) {
        self.stop.send_replace(true);
        self.works.await.expect("a keeper that is answered");
    }
}
