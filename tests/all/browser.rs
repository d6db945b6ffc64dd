//! People at browsers: what is served to them, and what their pages make of it, over a good connection and a bad one.

mod accessible;
mod acting;
mod bodies;
mod builds;
mod company;
mod composing;
mod german;
mod installed;
mod keyboard;
mod long;
mod message_keys;
mod moderation;
mod notices;
mod outages;
mod outbox;
mod pace;
mod parts;
mod plain;
mod reading;
mod refusals;
mod screens;
mod sessions;
mod sizes;
mod talk;
mod text_box;
mod window;
pub mod wire;
