//! The wire contract, claim by claim, against the served program. One binary, so that linking happens once.
//!
//! The files are in the order of `docs/protocol.md`: the command line, HTTP, the socket and its frames, numbers,
//! errors and closing; then what holds under a kill -9, and two people at two browsers.

mod common;

mod backup;
mod backup_files;
mod command_line;
mod commands;
mod configuration;
mod layers;
mod policy;
mod policy_wire;
mod release;
mod request_paths;
mod restore;
mod restore_postgres;
mod scheduled_backups;
mod start;
mod states;

mod accounts;
mod blocks;
mod bounds;
mod compression;
mod deleted_rooms;
mod flooded_lists;
mod foreign_files;
mod form_pages;
mod guesses;
mod handbook;
mod hanging;
mod invitations;
mod languages;
mod lasting_sanctions;
mod local_times;
mod login_limit;
mod login_storm;
mod logs;
mod messages_api;
mod metrics;
mod names;
mod nul;
mod openapi;
mod operators;
mod operators_errors;
mod operators_people;
mod origins;
mod own_account;
mod own_rooms;
mod pages;
mod privacy;
mod profiles;
mod proxies;
mod reconnect_storm;
mod rooms_api;
mod session_ends;
mod session_length;
mod sessions;
mod settings_page;
mod status;

mod activity;
mod falls;
mod join;
mod made_anew;
mod mentions;
mod presence;
mod read_marks;
mod rooms_frames;
mod send;
mod timing;
mod typing;
mod unread;
mod welcome;
mod write_rate;

mod catch_up;
mod changes;
mod checkpoints;
mod clock;
mod crowd;
mod history_frames;
mod keys;
mod numbers_back;
mod order;
mod page_sizes;
mod paging;
mod reactions;
mod removal;
mod removals;

mod conformance;
mod disk_full;
mod drain;
mod env_file;
mod errors;
mod framing;
mod frozen;
mod heartbeat;
mod hostile_frames;
mod hostile_text;
mod jobs;
mod limits;
mod lost_commit;
mod oversize;
mod panics;
mod postgres_faults;
mod rendering;
mod round_trips;
mod slow_reader;
mod socket_memory;
mod spoiled;
mod unavailable;

mod moderation;
mod moderation_elsewhere;
mod moderation_pages;
mod private_places;

mod brokers;
mod chaos;
mod instances;
mod redis_cluster;
mod redis_faults;
mod redis_tls;
mod topology;
mod two_builds;

mod browser;
mod crash;
mod fsync;
mod history;
mod ldd;
