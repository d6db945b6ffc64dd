//! What was done to people, rooms and messages, and what was reported, as moderators and admins are told.

use chrono::NaiveDateTime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::types::{Seq, User, rfc3339_millis, rfc3339_millis_opt};

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// Something that was done, by its stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])* $name,)*
        }

        impl Act {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

acts! {
    RemoveMessage => "message_removed",
    RemoveMember => "member_removed",
    Mute => "member_muted",
    Unmute => "member_unmuted",
    Ban => "member_banned",
    Unban => "member_unbanned",
    SetRole => "role_set",
    SetRules => "rules_set",
    SetDefault => "default_set",
    Archive => "room_archived",
    Unarchive => "room_unarchived",
    DeleteRoom => "room_deleted",
    MakeRoom => "room_made",
    SettleReport => "report_settled",
    BanFromChat => "user_banned",
    UnbanFromChat => "user_unbanned",
    Wipe => "user_wiped",
    SetInstanceRole => "instance_role_set",
    AddUser => "user_added",
    SetPassword => "password_set",
    DeleteAccount => "account_deleted",
    Invite => "invitation_made",
    RevokeInvitation => "invitation_revoked",
}

/// An entry of the log. Names are as they were then.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: i64,
    #[serde(serialize_with = "rfc3339_millis")]
    #[schema(value_type = String, format = DateTime)]
    pub at: NaiveDateTime,
    /// Who did it: a username, or `operator` for whoever runs the server.
    pub actor: String,
    /// What was done, such as `message_removed`.
    pub act: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Whom it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Seq>,
    pub reason: String,
    /// What else there is to know, for people.
    pub detail: String,
}

/// A message that somebody told the moderators of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Report {
    pub id: i64,
    pub room: String,
    /// The id of the message.
    pub message: Seq,
    pub author: User,
    /// As it stood when it was reported; empty once a moderator has removed it.
    pub body: String,
    pub reporter: User,
    pub reason: String,
    /// How many have reported the message, this reporter among them.
    pub count: i64,
    /// The others, in the order in which they did, 20 at most.
    pub others: Vec<OtherReport>,
    #[serde(serialize_with = "rfc3339_millis")]
    #[schema(value_type = String, format = DateTime)]
    pub made_at: NaiveDateTime,
    /// Left out while the report is open.
    #[serde(serialize_with = "rfc3339_millis_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<NaiveDateTime>,
}

/// Somebody else's report of the same message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OtherReport {
    pub reporter: User,
    pub reason: String,
    #[serde(serialize_with = "rfc3339_millis")]
    #[schema(value_type = String, format = DateTime)]
    pub made_at: NaiveDateTime,
}

/// What somebody may not do in a room.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sanction {
    pub user: User,
    /// `mute` or `ban`
    pub kind: String,
    /// Left out where it has no end.
    #[serde(serialize_with = "rfc3339_millis_opt", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<NaiveDateTime>,
}
