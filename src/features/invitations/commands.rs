//! Use cases about invitations.

use crate::app::perform::Command;
use crate::base::config::Signup;
use crate::chat::accounts::NewAccount;
use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::features::invitations::accept::{self, Entered};
use crate::features::invitations::queries::{self, Made, NewInvitation};
use crate::wire::refusal::Refusal;

/// Makes a link: into the chat by an admin, into a room by its moderators, any by the operator.
pub struct MakeInvitation(pub NewInvitation);

impl Command for MakeInvitation {
    type Outcome = Made;

    fn execute(self, change: &mut Change) -> Result<Made, Refusal> {
        let by = change.by();
        queries::make(change.connection, by, &self.0)
    }
}

/// Makes a link to the chat's first owner; gives its token, or `None` where there is an owner.
pub struct InviteFirstOwner;

impl Command for InviteFirstOwner {
    type Outcome = Option<String>;

    fn execute(self, change: &mut Change) -> Result<Option<String>, Refusal> {
        queries::make_first_owner(change.connection)
    }
}

/// Ends a link.
pub struct RevokeInvitation {
    pub id: i64,
}

impl Command for RevokeInvitation {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let by = change.user()?;
        queries::revoke(change.connection, by, self.id)
    }
}

/// Leads somebody who has an account where a link leads.
pub struct AcceptInvitation {
    pub token: String,
}

impl Command for AcceptInvitation {
    type Outcome = Entered;

    fn execute(self, change: &mut Change) -> Result<Entered, Refusal> {
        let user = change.user()?;
        let entered = accept::accept(change.connection, user, &self.token)?;
        announce_entry(change, &entered);
        Ok(entered)
    }
}

/// Makes an account, by a link where there is one.
pub struct SignUp {
    /// Who may sign up without a link.
    pub signup: Signup,
    pub token: Option<String>,
    pub account: NewAccount,
}

impl Command for SignUp {
    type Outcome = Entered;

    fn execute(self, change: &mut Change) -> Result<Entered, Refusal> {
        let entered = accept::sign_up(change.connection, self.signup, self.token.as_deref(), &self.account)?;
        announce_entry(change, &entered);
        Ok(entered)
    }
}

fn announce_entry(change: &mut Change, entered: &Entered) {
    for &room in &entered.joined {
        change.announce(Event::MemberAdded { room, user: entered.user.id });
    }
}
