//! What channels are called: `klatch:EPOCH:room:ID` and `klatch:EPOCH:control`. The epoch keeps apart what follows
//! different runs of numbers, and different chats on one Redis.

use crate::wire::RoomId;

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

/// The channel of this name, unless it is one of another epoch.
pub fn channel_of(name: &[u8], epoch: &str) -> Option<Channel> {
    let name = std::str::from_utf8(name).ok()?;
    match name.strip_prefix("klatch:")?.strip_prefix(epoch)?.strip_prefix(':')? {
        "control" => Some(Channel::Control),
        room => Some(Channel::Room(room.strip_prefix("room:")?.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_known_by_its_name() {
        for channel in [Channel::Control, Channel::Room(17)] {
            assert_eq!(channel_of(channel.name("e5-00000001").as_bytes(), "e5-00000001"), Some(channel));
            assert_eq!(channel_of(channel.name("e5-00000002").as_bytes(), "e5-00000001"), None);
        }
        for other in ["klatch", "klatch:e", "klatch:e:room", "klatch:e:room:x", "klatch:e:hall"] {
            assert_eq!(channel_of(other.as_bytes(), "e"), None, "{other}");
        }
    }
}
