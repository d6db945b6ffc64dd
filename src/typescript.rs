//! The types of the wire for the scripts of the browser: `types/protocol.d.ts` is made from the Rust types, so that the
//! checker of the scripts (`scripts/check-client`) finds whoever reads a field that is not there.

use ts_rs::{Config, TS};

use crate::app::failure::ErrorBody;
use crate::features::members::types::Members;
use crate::features::messages::types::Preview;
use crate::features::moderation::permissions::Powers;
use crate::features::profiles::types::Users;
use crate::features::rooms::types::Rooms;
use crate::wire::client_frame::{Edit, History, Idle, InRoom, Join, OfMessage, React, Read, Send};
use crate::wire::refusal::Code;
use crate::wire::{
    ClientFrame, InstanceRole, LeftReason, Limits, ListedRoom, Member, MemberRoom, Message, Notify, People,
    PersonState, Profile, Reaction, Ref, Role, Room, RoomKind, ServerFrame, Standing, User,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/types/protocol.d.ts");
/// Set to have the file written.
const WRITE: &str = "KLATCH_WRITE_TYPES";

const HEAD: &str =
    "// Made from the Rust types by src/typescript.rs: do not edit. Scripts name them `Wire.Message` and so on.\n\n";
const TAIL: &str = "\
/** A frame to the server, with the `ref` that its answer carries. */
export type ClientFrame = Command & { ref?: string };

/** The server's frame of one type. */
export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

export as namespace Wire;
";

/// The declaration of one type, with its docstring.
fn declared<T: TS>(config: &Config) -> String {
    let text = format!("{}export {}\n\n", T::docs().unwrap_or_default(), T::decl(config));
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

macro_rules! all_declared {
    ($config:expr, $($type:ty),* $(,)?) => {
        [$(declared::<$type>($config)),*].concat()
    };
}

#[test]
fn the_scripts_types_are_those_of_the_wire() {
    let config = Config::new().with_large_int("number");
    let types = all_declared!(
        &config,
        User,
        RoomKind,
        Notify,
        Role,
        InstanceRole,
        Member,
        Room,
        Standing,
        MemberRoom,
        Reaction,
        Message,
        People,
        PersonState,
        Profile,
        Powers,
        Code,
        ErrorBody,
        ListedRoom,
        Rooms,
        Members,
        Users,
        Preview,
        Limits,
        LeftReason,
        Ref,
        ServerFrame<'static>,
        Join,
        InRoom,
        Send,
        Edit,
        OfMessage,
        React,
        History,
        Read,
        Idle,
        ClientFrame,
    );
    let wanted = [HEAD, &types, TAIL].concat();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(FILE, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap();
    assert!(
        committed == wanted,
        "types/protocol.d.ts is not what the Rust types say: {WRITE}=1 cargo test scripts_types writes it anew"
    );
}
