//! The actors: WebSocket session, hub, room, fan-out, presence and broker. Know neither HTTP nor features.

pub mod activity;
pub mod broker;
pub mod fanout;
pub mod hub;
pub mod presence;
pub mod rendering;
pub mod room;
pub mod send_rate;
pub mod states;
pub mod ws_session;
