//! What channels are called: `klatch:EPOCH:room:ID` and `klatch:EPOCH:control`. The epoch keeps apart what follows
//! different runs of numbers, and different chats on one Redis.

use crate::protocol::RoomId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    Control,
    Room(RoomId),
}

impl Channel {
    pub fn name(self, epoch: &str) -> String {
        match self {
            Self::Control => format!("klatch:{epoch}:control"),
            Self::Room(room) => format!("klatch:{epoch}:room:{room}"),
        }
    }
}

/// The channel of this name; its epoch is one that was subscribed to.
pub fn channel_of(name: &[u8]) -> Option<Channel> {
    let mut parts = std::str::from_utf8(name).ok()?.split(':').skip(2);
    match (parts.next()?, parts.next()) {
        ("control", None) => Some(Channel::Control),
        ("room", Some(room)) => Some(Channel::Room(room.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_known_by_its_name() {
        for channel in [Channel::Control, Channel::Room(17)] {
            assert_eq!(channel_of(channel.name("e5-00000001").as_bytes()), Some(channel));
        }
        for other in ["klatch", "klatch:e", "klatch:e:room", "klatch:e:room:x", "klatch:e:hall"] {
            assert_eq!(channel_of(other.as_bytes()), None, "{other}");
        }
    }
}
