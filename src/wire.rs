//! The wire: WebSocket frames, the types of the protocol, refusals, and what they say in each language. No I/O, no HTTP, no SQL.

pub mod availability;
pub mod client_frame;
pub mod extras;
pub mod frame;
pub mod history;
pub mod language;
pub mod moderation;
pub mod profile;
pub mod refusal;
pub mod server_frame;
pub mod types;
pub mod wording;

pub use crate::wire::availability::Availability;
pub use crate::wire::client_frame::{ClientFrame, Parsed, parse};
pub use crate::wire::extras::Extras;
pub use crate::wire::moderation::{Act, AuditEntry, OtherReport, Report, Sanction};
pub use crate::wire::profile::Profile;
pub use crate::wire::server_frame::{Close, LeftReason, Limits, PROTOCOL, PersonState, Ref, ServerFrame};
pub use crate::wire::types::{
    DEFAULT_PAGE_MESSAGES, EncodedMessage, InstanceRole, Key, ListedRoom, MAX_BAD_FRAMES, MAX_BODY_CHARS, MAX_CATCH_UP,
    MAX_DIRECT_PEOPLE, MAX_EMOJI, MAX_FRAME_BYTES, MAX_PAGE_BYTES, MAX_PAGE_MESSAGES, MAX_PEOPLE, MAX_REACTION_USERS,
    MAX_UNREAD, MAX_WAITING_BYTES, Member, MemberRoom, Message, Notify, People, Reaction, RequestId, Role, Room,
    RoomId, RoomKind, Seq, Standing, User, UserId, format_time,
};
