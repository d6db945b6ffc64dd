//! Rooms as actix's examples have them: an actor for each socket, one for all rooms, and a `do_send` of a `String` to each
//! member.
//!
//!   klatch-peer-actix PORT

use std::collections::HashMap;

use actix::prelude::*;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, get, rt, web};
use actix_ws::{Message as Frame, Session};
use futures_util::StreamExt;

#[derive(Message)]
#[rtype(result = "()")]
struct Text(String);

#[derive(Message)]
#[rtype(result = "()")]
struct Connect {
    room: String,
    member: Addr<Member>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Disconnect {
    room: String,
    member: Addr<Member>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Say {
    room: String,
    text: String,
}

/// Everybody who is connected, by room.
#[derive(Default)]
struct ChatServer {
    rooms: HashMap<String, Vec<Addr<Member>>>,
}

impl Actor for ChatServer {
    type Context = Context<Self>;
}

impl Handler<Connect> for ChatServer {
    type Result = ();

    fn handle(&mut self, Connect { room, member }: Connect, _: &mut Self::Context) {
        self.rooms.entry(room).or_default().push(member);
    }
}

impl Handler<Disconnect> for ChatServer {
    type Result = ();

    fn handle(&mut self, Disconnect { room, member }: Disconnect, _: &mut Self::Context) {
        if let Some(members) = self.rooms.get_mut(&room) {
            members.retain(|other| *other != member);
        }
    }
}

impl Handler<Say> for ChatServer {
    type Result = ();

    fn handle(&mut self, Say { room, text }: Say, _: &mut Self::Context) {
        for member in self.rooms.get(&room).into_iter().flatten() {
            member.do_send(Text(text.clone()));
        }
    }
}

/// One socket.
struct Member {
    session: Session,
}

impl Actor for Member {
    type Context = Context<Self>;
}

impl Handler<Text> for Member {
    type Result = ();

    fn handle(&mut self, Text(text): Text, context: &mut Self::Context) {
        let mut session = self.session.clone();
        let sent = async move { session.text(text).await };
        context.wait(sent.into_actor(self).map(|sent, _, context| {
            if sent.is_err() {
                context.stop();
            }
        }));
    }
}

#[get("/{room}")]
async fn chat(
    request: HttpRequest,
    room: web::Path<String>,
    body: web::Payload,
    server: web::Data<Addr<ChatServer>>,
) -> Result<HttpResponse, Error> {
    let (response, mut session, mut frames) = actix_ws::handle(&request, body)?;
    let room = room.into_inner();
    let member = Member { session: session.clone() }.start();
    let joined = Connect { room: room.clone(), member: member.clone() };
    server.send(joined).await.map_err(actix_web::error::ErrorInternalServerError)?;
    rt::spawn(async move {
        while let Some(Ok(frame)) = frames.next().await {
            match frame {
                Frame::Text(text) => server.do_send(Say { room: room.clone(), text: text.to_string() }),
                Frame::Ping(bytes) if session.pong(&bytes).await.is_err() => break,
                Frame::Close(_) => break,
                _ => {}
            }
        }
        server.do_send(Disconnect { room, member });
    });
    Ok(response)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).expect("a port");
    let server = ChatServer::default().start();
    HttpServer::new(move || App::new().app_data(web::Data::new(server.clone())).service(chat))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
