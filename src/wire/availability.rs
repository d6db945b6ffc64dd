//! Whether people are there.

use crate::wire::User;

/// Whether somebody can be expected to answer; the higher, the sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Availability {
    /// Not connected.
    Offline,
    /// Connected, but none of their pages is in use.
    Idle,
    /// A page is in use.
    Online,
}

impl Availability {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Idle => "idle",
            Self::Online => "online",
        }
    }
}

impl User {
    /// The same person, told with whether they are online.
    pub fn with_state(self, state: Availability) -> Self {
        Self { extras: self.extras.with("state", state.as_str()), ..self }
    }
}
