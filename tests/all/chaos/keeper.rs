//! The moderator of a private room, an owner of the chat: takes from its members what they may do, and gives it back.

use crate::common::*;
use crate::crash::client::acts::{insist, number_of, removed};
use crate::history::{Event, Recorder, Right};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use std::ops::Range;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is done to somebody, and undone after a while.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Remove,
    BanFromRoom,
    BanFromChat,
    Mute,
    /// Made a moderator, and then none.
    Demote,
    /// The room can only be read, by all its members.
    Archive,
}

pub const ALL: [Deed; 6] =
    [Deed::Remove, Deed::BanFromRoom, Deed::BanFromChat, Deed::Mute, Deed::Demote, Deed::Archive];

/// A member of the room, with all the rooms they are in.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub rooms: Vec<&'static str>,
}

/// What a keeper keeps, and how.
pub struct Duties {
    pub room: &'static str,
    pub moderator: Person,
    pub members: Vec<Member>,
    pub deeds: &'static [Deed],
    /// In milliseconds.
    pub pauses: Range<u64>,
    pub recorder: Recorder,
}

pub struct Keeper {
    stop: watch::Sender<bool>,
    works: JoinHandle<()>,
}

impl Keeper {
    pub fn begins(duties: Duties, seed: u64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let works = tokio::spawn(async move {
            let mut rng = StdRng::seed_from_u64(seed);
            while !*stopped.borrow() {
                let member = duties.members.choose(&mut rng).expect("members");
                let deed = *duties.deeds.choose(&mut rng).expect("deeds");
                let pause = Duration::from_millis(rng.random_range(duties.pauses.clone()));
                duties.does(deed, member, pause).await;
            }
        });
        Self { stop, works }
    }

    /// Everybody may do again what they might.
    pub async fn ends(self) {
        self.stop.send_replace(true);
        self.works.await.expect("a keeper that is answered");
    }
}

impl Duties {
    async fn does(&self, deed: Deed, member: &Member, pause: Duration) {
        let (room, Member { name, rooms }) = (self.room, member);
        let membership = &format!("/rooms/{room}/members/{name}");
        match deed {
            Deed::Remove => {
                self.recorder.note(name, room, Event::Leaving);
                let seq = removed(&self.moderator, room, name).await;
                self.recorder.note(name, room, Event::Gone { seq });
                self.bar(&[name], &[room], Right::Talk).await;
                tokio::time::sleep(pause).await;
                self.allow(&[name], &[room], Right::Talk).await;
                self.recorder.note(name, room, Event::Entering);
                self.insist(Method::PUT, membership, Value::Null).await;
            }
            Deed::BanFromRoom => {
                let ban = &format!("/rooms/{room}/bans/{name}");
                self.shut_out(name, &[room], ban).await;
                tokio::time::sleep(pause).await;
                self.let_in(name, &[room], ban).await;
                self.insist(Method::PUT, membership, Value::Null).await;
            }
            Deed::BanFromChat => {
                let ban = &format!("/users/{name}/ban");
                self.shut_out(name, rooms, ban).await;
                tokio::time::sleep(pause).await;
                self.let_in(name, rooms, ban).await;
            }
            Deed::Mute => {
                let mute = &format!("/rooms/{room}/mutes/{name}");
                self.insist(Method::PUT, mute, json!({})).await;
                self.bar(&[name], &[room], Right::Talk).await;
                tokio::time::sleep(pause).await;
                self.allow(&[name], &[room], Right::Talk).await;
                self.insist(Method::DELETE, mute, Value::Null).await;
            }
            Deed::Demote => {
                self.allow(&[name], &[room], Right::Moderate).await;
                self.insist(Method::PATCH, membership, json!({"role": "moderator"})).await;
                tokio::time::sleep(pause).await;
                self.insist(Method::PATCH, membership, json!({"role": "member"})).await;
                self.bar(&[name], &[room], Right::Moderate).await;
            }
            Deed::Archive => {
                let all: Vec<&str> = self.members.iter().map(|member| member.name.as_str()).collect();
                let path = &format!("/rooms/{room}");
                self.change(path, json!({"archived": true})).await;
                self.bar(&all, &[room], Right::Talk).await;
                tokio::time::sleep(pause).await;
                self.allow(&all, &[room], Right::Talk).await;
                self.change(path, json!({"archived": false})).await;
            }
        }
    }

    async fn shut_out(&self, name: &str, rooms: &[&str], ban: &str) {
        rooms.iter().for_each(|room| self.recorder.note(name, room, Event::Leaving));
        self.insist(Method::PUT, ban, json!({})).await;
        for room in rooms {
            let seq = number_of(&self.moderator, room).await;
            self.recorder.note(name, room, Event::Gone { seq });
        }
        self.bar(&[name], rooms, Right::Talk).await;
    }

    async fn let_in(&self, name: &str, rooms: &[&str], ban: &str) {
        self.allow(&[name], rooms, Right::Talk).await;
        rooms.iter().for_each(|room| self.recorder.note(name, room, Event::Entering));
        self.insist(Method::DELETE, ban, Value::Null).await;
    }

    /// Notes that these have lost it: that was answered.
    async fn bar(&self, names: &[&str], rooms: &[&str], from: Right) {
        for room in rooms {
            let seq = number_of(&self.moderator, room).await;
            names.iter().for_each(|name| self.recorder.note(name, room, Event::Barred { from, seq }));
        }
    }

    /// Notes that these will have it again.
    async fn allow(&self, names: &[&str], rooms: &[&str], right: Right) {
        for room in rooms {
            let seq = number_of(&self.moderator, room).await;
            names.iter().for_each(|name| self.recorder.note(name, room, Event::Allowing { right, seq }));
        }
    }

    async fn insist(&self, method: Method, path: &str, body: Value) {
        insist(&self.moderator, method, path, body, 204).await;
    }

    async fn change(&self, path: &str, body: Value) {
        insist(&self.moderator, Method::PATCH, path, body, 200).await;
    }
}
