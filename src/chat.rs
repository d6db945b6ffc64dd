//! What is kept of a chat: accounts, rooms, members, messages, read state, sanctions, audit; and the journal, which commits
//! changes in batches. Knows neither HTTP nor sockets.

pub mod accounts;
pub mod acquaintance;
pub mod allowances;
pub mod audit;
pub mod authorization;
pub mod batch;
pub mod blocks;
pub mod change;
pub mod connect_reads;
pub mod direct_titles;
pub mod events;
pub mod extras;
pub mod history;
pub mod integrity;
pub mod join_snapshot;
pub mod journal;
pub mod kept_sanctions;
pub mod known_networks;
pub mod login_sessions;
pub mod members;
pub mod messages;
pub mod name_prefix;
pub mod names;
pub mod older_html;
pub mod people;
pub mod read_state;
pub mod removals;
pub mod reports;
pub mod room_changes;
pub mod room_lists;
pub mod rooms;
pub mod sanctions;
