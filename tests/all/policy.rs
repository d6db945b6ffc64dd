//! Who may do what: one pure function, every case of it.

use klatch::policy::{Action, Actor, Object, Person, PolicyRoom, may};
use klatch::wire::refusal::Code;
use klatch::wire::{InstanceRole, Role, RoomKind};

const ME: i64 = 1;
const OTHER: i64 = 2;

const IN_A_ROOM: [Action; 22] = [
    Action::See,
    Action::Enter,
    Action::Mark,
    Action::Talk,
    Action::Edit,
    Action::TakeBack,
    Action::React,
    Action::MentionHere,
    Action::MentionRoom,
    Action::Admit,
    Action::Remove,
    Action::Report,
    Action::Describe,
    Action::SetRules,
    Action::RemoveMessage,
    Action::Mute,
    Action::Ban,
    Action::SetRole,
    Action::InviteTo,
    Action::Archive,
    Action::DeleteRoom,
    Action::ReadLog,
];
/// Those of which admins may do something in rooms that they don't see.
const BEYOND: [Action; 1] = [Action::Oversee];
const OUTSIDE: [Action; 8] = [
    Action::MakeRoom,
    Action::BeginDirect,
    Action::Invite,
    Action::SetDefault,
    Action::BanFromChat,
    Action::Wipe,
    Action::SetInstanceRole,
    Action::Administer,
];
const KINDS: [RoomKind; 3] = [RoomKind::Public, RoomKind::Private, RoomKind::Direct];
const INSTANCE_ROLES: [InstanceRole; 4] =
    [InstanceRole::Guest, InstanceRole::Member, InstanceRole::Admin, InstanceRole::Owner];
const ROLES: [Option<Role>; 3] = [None, Some(Role::Member), Some(Role::Moderator)];
const BOTH: [bool; 2] = [false, true];

/// One way to stand to a room.
#[derive(Clone, Copy, Debug)]
struct Case {
    actor: Actor,
    place: PolicyRoom,
    /// Whom it concerns: nobody, oneself, somebody else.
    whose: Option<Person>,
}

fn actors() -> Vec<Actor> {
    let mut all = Vec::new();
    for instance in INSTANCE_ROLES {
        for role in ROLES {
            for (muted, banned, excluded) in [
                (false, false, false),
                (true, false, false),
                (false, true, false),
                (true, true, false),
                (false, false, true),
            ] {
                all.push(Actor { user: ME, instance, role, muted, banned, excluded });
            }
        }
    }
    all
}

fn places() -> Vec<PolicyRoom> {
    let mut all = Vec::new();
    for kind in KINDS {
        for archived in BOTH {
            for large in BOTH {
                for pair in BOTH.into_iter().filter(|pair| !pair || kind == RoomKind::Direct) {
                    for maker in [None, Some(ME), Some(OTHER)] {
                        all.push(PolicyRoom { kind, archived, pair, large, maker });
                    }
                }
            }
        }
    }
    all
}

fn persons(actor: &Actor) -> Vec<Option<Person>> {
    let mut all = vec![None, Some(Person { user: ME, instance: actor.instance, role: actor.role })];
    for instance in INSTANCE_ROLES {
        for role in ROLES {
            all.push(Some(Person { user: OTHER, instance, role }));
        }
    }
    all
}

fn cases() -> impl Iterator<Item = Case> {
    actors().into_iter().flat_map(|actor| {
        places()
            .into_iter()
            .flat_map(move |place| persons(&actor).into_iter().map(move |whose| Case { actor, place, whose }))
    })
}

/// `None` where it is allowed.
fn refusal(action: Action, Case { actor, place, whose }: Case) -> Option<Code> {
    may(actor, action, Object { place: Some(place), whose }).err().map(|refusal| refusal.code)
}

/// The table, in words: who may, leaving out what hides a room, what closes it, and what only lets one read.
fn row(action: Action, case: Case) -> bool {
    let Case { actor, place, whose } = case;
    let member = actor.role.is_some();
    let own = whose.is_some_and(|whose| whose.user == ME);
    let moderator =
        actor.role == Some(Role::Moderator) || actor.instance >= InstanceRole::Admin && place.kind != RoomKind::Direct;
    let level = |user: i64, instance: InstanceRole, role: Option<Role>| match (instance, role) {
        (InstanceRole::Owner, _) => 4,
        (InstanceRole::Admin, _) => 3,
        (_, Some(Role::Moderator)) if place.maker == Some(user) && action != Action::RemoveMessage => 2,
        (_, Some(Role::Moderator)) => 1,
        _ => 0,
    };
    let mine = level(ME, actor.instance, actor.role);
    let above = whose.is_some_and(|whose| level(whose.user, whose.instance, whose.role) > mine);
    let guest = actor.instance == InstanceRole::Guest;
    let open = !place.archived;
    let talks = member && open;
    // Whoever is muted reads, takes back, reports, leaves and comes back.
    let quiet = match action {
        Action::See | Action::Enter | Action::Mark | Action::Report | Action::ReadLog => true,
        Action::TakeBack | Action::Remove | Action::Admit => own,
        _ => false,
    };
    if actor.muted && !quiet {
        return false;
    }
    match action {
        Action::See | Action::Enter | Action::Report => true,
        Action::Mark => member,
        Action::Talk | Action::React => talks,
        Action::Edit => talks && own,
        Action::TakeBack => member && open && own,
        Action::MentionHere | Action::MentionRoom => talks && !guest && (moderator || !place.large),
        Action::Admit => open && !place.pair && !guest,
        Action::Remove if own => !place.pair,
        Action::Remove | Action::SetRole => moderator && !above,
        Action::Mute | Action::Ban => moderator && !above && !own,
        Action::RemoveMessage => moderator && !above,
        Action::Archive | Action::ReadLog => moderator,
        Action::DeleteRoom => {
            moderator && (actor.instance >= InstanceRole::Admin || place.maker.is_none_or(|maker| maker == ME))
        }
        Action::Describe | Action::SetRules | Action::InviteTo => moderator && open,
        _ => unreachable!("not of this table"),
    }
}

#[test]
fn every_case_in_a_room_is_as_the_table_says() {
    let mut count = 0;
    for action in IN_A_ROOM {
        for case in cases() {
            let Case { actor, place, .. } = case;
            let sees = actor.role.is_some() || place.kind == RoomKind::Public && actor.instance > InstanceRole::Guest;
            let expected = match () {
                () if actor.excluded => Some(Code::Forbidden),
                () if !sees => Some(Code::NotFound),
                () if actor.banned => Some(Code::Forbidden),
                () => (!row(action, case)).then_some(Code::Forbidden),
            };
            assert_eq!(refusal(action, case), expected, "{action:?} {case:?}");
            count += 1;
        }
    }
    assert!(count > 100_000, "{count}");
}

/// What is told of a room that somebody may not see is what is told of one that was never made, whatever they try.
#[test]
fn a_hidden_room_gives_one_answer() {
    let hidden = |case: &Case| {
        case.actor.role.is_none()
            && !case.actor.excluded
            && (case.place.kind != RoomKind::Public || case.actor.instance == InstanceRole::Guest)
    };
    let mut answers: Vec<String> = cases()
        .filter(hidden)
        .flat_map(|case| {
            IN_A_ROOM.map(|action| may(case.actor, action, Object { place: Some(case.place), whose: case.whose }))
        })
        .map(|answer| format!("{:?}", answer.expect_err("a hidden room")))
        .collect();
    answers.sort_unstable();
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn reports_reach_admins_wherever_they_are() {
    for case in cases().filter(|case| !case.actor.banned && !case.actor.excluded) {
        let admin = case.actor.instance >= InstanceRole::Admin;
        let moderates = case.actor.role == Some(Role::Moderator);
        assert_eq!(refusal(Action::Oversee, case).is_none(), admin || moderates, "{case:?}");
    }
}

#[test]
fn every_case_in_the_whole_chat_is_as_the_table_says() {
    for action in OUTSIDE {
        for actor in actors().into_iter().filter(|actor| !actor.banned && !actor.muted) {
            for whose in persons(&actor) {
                let admin = actor.instance >= InstanceRole::Admin;
                let own = whose.is_some_and(|whose| whose.user == ME);
                let below = whose.is_none_or(|whose| whose.instance < actor.instance);
                let owner = actor.instance == InstanceRole::Owner;
                let allowed = match action {
                    Action::MakeRoom | Action::BeginDirect => actor.instance > InstanceRole::Guest,
                    Action::Invite | Action::SetDefault | Action::Administer => admin,
                    Action::BanFromChat => admin && !own && (owner || below),
                    _ => admin && (own || owner || below),
                };
                let expected = (!allowed || actor.excluded).then_some(Code::Forbidden);
                let refusal = may(actor, action, Object { place: None, whose }).err().map(|refusal| refusal.code);
                assert_eq!(refusal, expected, "{action:?} {actor:?} {whose:?}");
            }
        }
    }
}

/// Every action of a room, by somebody who is muted there, however high they stand: a list, so that a new action has to be
/// thought of.
#[test]
fn whoever_is_muted_may_only_read_take_back_report_and_leave() {
    for case in cases().filter(|case| case.actor.muted && !case.actor.excluded) {
        for action in IN_A_ROOM.into_iter().chain(BEYOND) {
            let own = case.whose.is_some_and(|whose| whose.user == ME);
            let allowed = match action {
                Action::See | Action::Enter | Action::Mark | Action::Report => true,
                // What moderators and admins read.
                Action::ReadLog | Action::Oversee => true,
                Action::TakeBack | Action::Remove | Action::Admit => own,
                Action::Talk | Action::Edit | Action::React | Action::MentionHere | Action::MentionRoom => false,
                Action::Describe | Action::SetRules | Action::RemoveMessage | Action::Mute => false,
                Action::Ban | Action::SetRole | Action::InviteTo | Action::Archive | Action::DeleteRoom => false,
                _ => unreachable!("{action:?} is not of a room"),
            };
            assert!(allowed || refusal(action, case).is_some(), "{action:?} {case:?}");
        }
    }
}

/// Whoever made a room and moderates it is removed, demoted, muted and banned by admins alone, and so it is with the room.
#[test]
fn no_other_moderator_acts_on_the_maker_of_a_room_or_deletes_it() {
    let maker = Person { user: OTHER, instance: InstanceRole::Member, role: Some(Role::Moderator) };
    for case in cases().filter(|case| case.place.maker == Some(OTHER) && case.actor.instance < InstanceRole::Admin) {
        let case = Case { whose: Some(maker), ..case };
        for action in [Action::Remove, Action::Mute, Action::Ban, Action::SetRole] {
            assert!(refusal(action, case).is_some(), "{action:?} {case:?}");
        }
        assert!(refusal(Action::DeleteRoom, case).is_some(), "{case:?}");
    }
}

/// What belongs into a room is refused outside, and the other way round.
#[test]
fn no_action_is_done_where_it_does_not_belong() {
    let owner = Actor::outside(ME, InstanceRole::Owner);
    for action in IN_A_ROOM.into_iter().chain([Action::Oversee]) {
        assert!(may(owner, action, Object::default()).is_err(), "{action:?}");
    }
    let place = PolicyRoom { kind: RoomKind::Public, archived: false, pair: false, large: false, maker: None };
    for action in OUTSIDE.into_iter().filter(|action| *action != Action::Wipe) {
        let object = Object { place: Some(place), whose: None };
        assert!(may(Actor { role: Some(Role::Moderator), ..owner }, action, object).is_err(), "{action:?}");
    }
}
