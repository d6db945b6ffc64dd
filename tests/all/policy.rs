//! Who may do what: one pure function, every case of it.

use klatch::error::Code;
use klatch::policy::{Action, Actor, Object, may};
use klatch::protocol::{Role, RoomKind};

const ACTIONS: [Action; 8] = [
    Action::See,
    Action::Enter,
    Action::Talk,
    Action::Amend,
    Action::React,
    Action::Describe,
    Action::Admit,
    Action::Remove,
];
const KINDS: [RoomKind; 3] = [RoomKind::Public, RoomKind::Private, RoomKind::Direct];
const ROLES: [Option<Role>; 3] = [None, Some(Role::Member), Some(Role::Moderator)];

/// Whose message or membership it is: one's own, somebody else's, nobody's.
const WHOSE: [Option<i64>; 3] = [Some(1), Some(2), None];

/// `None` where it is allowed.
fn refusal(action: Action, role: Option<Role>, kind: RoomKind, whose: Option<i64>) -> Option<Code> {
    may(Actor { user: 1, role }, action, Object { kind, whose }).err().map(|refusal| refusal.code)
}

/// The rows of the table: for each action whether a stranger, a member and a moderator of a room they see may do it, to
/// what is their own and to what is not.
fn row(action: Action) -> [[bool; 2]; 3] {
    const NOBODY: [bool; 2] = [false, false];
    const OWN: [bool; 2] = [true, false];
    const ANY: [bool; 2] = [true, true];
    match action {
        Action::See => [ANY, ANY, ANY],
        Action::Enter => [ANY, ANY, ANY],
        Action::Talk => [NOBODY, ANY, ANY],
        Action::Amend => [NOBODY, OWN, OWN],
        Action::React => [NOBODY, ANY, ANY],
        Action::Describe => [NOBODY, NOBODY, ANY],
        Action::Admit => [ANY, ANY, ANY],
        Action::Remove => [OWN, OWN, ANY],
    }
}

#[test]
fn every_case_is_as_the_table_says() {
    for action in ACTIONS {
        for (role, columns) in ROLES.into_iter().zip(row(action)) {
            for kind in KINDS {
                for whose in WHOSE {
                    let allowed = columns[usize::from(whose != Some(1))];
                    let hidden = role.is_none() && kind != RoomKind::Public;
                    let expected = match (hidden, allowed) {
                        (true, _) => Some(Code::NotFound),
                        (false, true) => None,
                        (false, false) => Some(Code::Forbidden),
                    };
                    assert_eq!(
                        refusal(action, role, kind, whose),
                        expected,
                        "{action:?} by {role:?} in a {kind:?} room, of {whose:?}"
                    );
                }
            }
        }
    }
}

/// Whoever may not see a room is told the same as of a room that was never made, whatever they try.
#[test]
fn a_hidden_room_gives_one_answer() {
    for kind in [RoomKind::Private, RoomKind::Direct] {
        let mut answers: Vec<_> = ACTIONS
            .into_iter()
            .flat_map(|action| WHOSE.map(|whose| may(Actor { user: 1, role: None }, action, Object { kind, whose })))
            .map(|answer| format!("{:?}", answer.expect_err("a hidden room")))
            .collect();
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
}

#[test]
fn a_direct_room_is_as_private_as_a_private_one() {
    for action in ACTIONS {
        for role in ROLES {
            for whose in WHOSE {
                assert_eq!(
                    refusal(action, role, RoomKind::Direct, whose),
                    refusal(action, role, RoomKind::Private, whose),
                    "{action:?} by {role:?} of {whose:?}"
                );
            }
        }
    }
}
