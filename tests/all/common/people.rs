//! Somebody with an account: a name, a cookie, sockets.

use super::http::Http;
use super::server::Server;
use super::socket::{Socket, new_key};
use reqwest::Method;
use serde_json::{Value, json};

pub const PASSWORD: &str = "correct horse battery";

#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub user: Value,
    pub http: Http,
    pub address: String,
}

impl Person {
    pub async fn sign_up(server: &Server, name: &str) -> Self {
        Self::sign_up_at(&server.address, name).await
    }

    /// As `sign_up`, at whoever listens there: a balancer, perhaps.
    pub async fn sign_up_at(address: &str, name: &str) -> Self {
        let http = Http::new(&format!("http://{address}"));
        let account = json!({"username": name, "password": PASSWORD});
        let user = http.post("/signup", account).await.ok(201);
        let (name, address) = (name.to_owned(), address.to_owned());
        Self { name, user, http, address }
    }

    /// The same person at another machine: a session of its own.
    pub async fn elsewhere(&self) -> Self {
        let http = Http::new(&format!("http://{}", self.address));
        let account = json!({"username": self.name, "password": PASSWORD});
        http.post("/login", account).await.ok(200);
        Self { http, ..self.clone() }
    }

    /// Signs in anew where the session has ended, as a ban ends it. False while that can't be done.
    pub async fn is_signed_in(&self) -> bool {
        let Some(me) = self.http.try_call(Method::GET, "/me", &Value::Null).await else { return false };
        let account = json!({"username": self.name, "password": PASSWORD});
        me.status == 200
            || self.http.try_call(Method::POST, "/login", &account).await.is_some_and(|answer| answer.status == 200)
    }

    /// The same person with the same session at another instance.
    pub fn at(&self, instance: &Server) -> Self {
        Self { http: self.http.at(&instance.url()), address: instance.address.clone(), ..self.clone() }
    }

    /// As [`at`](Self::at), for what stands before the instances.
    pub fn through(&self, address: &str) -> Self {
        Self { http: self.http.at(&format!("http://{address}")), address: address.to_owned(), ..self.clone() }
    }

    /// The user as lists have it that say who is online.
    pub fn with_state(&self, state: &str) -> Value {
        let mut user = self.user.clone();
        user["state"] = json!(state);
        user
    }

    pub async fn socket(&self) -> Socket {
        Socket::open(self).await
    }

    /// A socket that has joined `room`.
    pub async fn socket_in(&self, room: &str) -> Socket {
        let mut socket = self.socket().await;
        socket.join(room).await;
        socket
    }

    pub async fn makes_room(&self, slug: &str) -> Value {
        self.http.post("/rooms", json!({"slug": slug})).await.ok(201)
    }

    pub async fn makes_private_room(&self, slug: &str) -> Value {
        let room = json!({"slug": slug, "kind": "private"});
        self.http.post("/rooms", room).await.ok(201)
    }

    pub async fn adds(&self, username: &str, room: &str) {
        let path = format!("/rooms/{room}/members/{username}");
        self.http.put(&path).await.ok(204);
    }

    pub async fn removes(&self, username: &str, room: &str) {
        let path = format!("/rooms/{room}/members/{username}");
        self.http.delete(&path).await.ok(204);
    }

    /// Sends by HTTP, as somebody who has no socket in the room; gives the message.
    pub async fn posts(&self, room: &str, body: &str) -> Value {
        let path = format!("/rooms/{room}/messages");
        let message = json!({"key": new_key(), "body": body});
        self.http.post(&path, message).await.ok(201)
    }

    /// Every message of a room, oldest first, walked page by page through HTTP.
    pub async fn reads_whole_room(&self, room: &str) -> Vec<Value> {
        let mut messages: Vec<Value> = vec![];
        loop {
            let before = messages.first().map_or(String::new(), |m| format!("&before={}", m["id"]));
            let path = format!("/rooms/{room}/messages?limit=100{before}");
            let page = self.http.get(&path).await.ok(200);
            let older = page["messages"].as_array().expect("messages");
            assert!(older.len() <= 100);
            messages.splice(0..0, older.iter().cloned());
            if page["more"] == json!(false) {
                return messages;
            }
            assert!(!older.is_empty(), "a page with more to come is not empty");
        }
    }
}
