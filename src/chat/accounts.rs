//! People: their names and the hashes of their passwords.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use crate::chat::{names, people};
use crate::db::AnyConnection;
use crate::db::connection::transaction;
use crate::db::schema::users;
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{InstanceRole, Profile, User, UserId};

/// A person who has just signed up; the names have been checked.
pub struct NewAccount {
    pub username: String,
    pub display_name: String,
    pub password_hash: String,
}

/// What a login is verified against.
pub struct Account {
    pub user: User,
    pub password_hash: String,
    /// The chat is closed to them: until then, or for ever.
    pub banned: Option<Option<NaiveDateTime>>,
}

/// Makes an account.
///
/// # Errors
/// `taken` when somebody has the username, in whatever case.
pub fn create(c: &mut AnyConnection, account: &NewAccount) -> Result<User, Refusal> {
    let key = key_of(&account.username);
    transaction(c, |c| {
        let row = (
            users::username.eq(&account.username),
            users::username_key.eq(&key),
            users::display_name.eq(&account.display_name),
            users::password_hash.eq(&account.password_hash),
            users::created_at.eq(Utc::now().naive_utc()),
        );
        match diesel::insert_into(users::table).values(row).execute(c) {
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => return Err(taken()),
            inserted => inserted?,
        };
        let user: User = users::table.filter(users::username_key.eq(&key)).select(people::COLUMNS).first(c)?;
        names::note_user(c, user.id)?;
        Ok(user)
    })
}

/// The account with this username, looked up without regard to case.
pub fn find_by_name(c: &mut AnyConnection, username: &str) -> Result<Option<Account>, Refusal> {
    type Row = (User, String, Option<NaiveDateTime>, Option<NaiveDateTime>);
    let found: Option<Row> = users::table
        .filter(users::username_key.eq(key_of(username)).and(users::deleted_at.is_null()))
        .select((people::COLUMNS, users::password_hash, users::banned_at, users::banned_until))
        .first(c)
        .optional()?;
    let now = Utc::now().naive_utc();
    Ok(found.map(|(user, password_hash, banned_at, until)| Account {
        user,
        password_hash,
        banned: banned_at.map(|_| until).filter(|until| until.is_none_or(|until| until > now)),
    }))
}

/// The id of whoever has this username, looked up without regard to case.
pub fn id_by_name(c: &mut AnyConnection, username: &str) -> Result<Option<UserId>, Refusal> {
    // Postgres takes no NUL in a text, and no username has one.
    if username.contains('\0') {
        return Ok(None);
    }
    let key = key_of(username);
    let those = users::table.filter(users::username_key.eq(key).and(users::deleted_at.is_null()));
    Ok(those.select(users::id).first(c).optional()?)
}

/// The person with this id.
pub fn find(c: &mut AnyConnection, id: UserId) -> Result<Option<User>, Refusal> {
    Ok(users::table.find(id).select(people::COLUMNS).first(c).optional()?)
}

/// Somebody's profile, by their id.
///
/// # Errors
/// `not_found`: there is no such account any more.
pub fn profile(c: &mut AnyConnection, id: UserId) -> Result<Profile, Refusal> {
    let found: Option<(User, String, String, String)> = users::table
        .find(id)
        .filter(users::deleted_at.is_null())
        .select((people::COLUMNS, users::about, users::time_zone, users::role))
        .first(c)
        .optional()?;
    let (user, about, time_zone, role) = found.ok_or_else(Refusal::user_not_found)?;
    let avatar = format!("/avatars/{}.svg", user.username);
    let role = InstanceRole::from_column(&role);
    Ok(Profile { user, about, time_zone, avatar, role, looks_like: Vec::new() })
}

pub fn password_hash(c: &mut AnyConnection, user: UserId) -> QueryResult<Option<String>> {
    users::table.find(user).select(users::password_hash).first(c).optional()
}

/// Puts a hash of the same password in the place of another; whether that one was still there.
pub fn replace_password_hash(c: &mut AnyConnection, user: UserId, old: &str, new: &str) -> Result<bool, Refusal> {
    let row = users::table.filter(users::id.eq(user).and(users::password_hash.eq(old)));
    Ok(diesel::update(row).set(users::password_hash.eq(new)).execute(c)? > 0)
}

/// Holds these people's rows for this transaction, in the order of their ids: what they may do stays as it is. SQLite has
/// one writer, and this is it.
pub fn lock_users(c: &mut AnyConnection, ids: &[UserId]) -> QueryResult<()> {
    if let AnyConnection::Postgres(postgres) = c {
        let those = users::table.filter(users::id.eq_any(ids)).order(users::id).select(users::id);
        let _: Vec<UserId> = those.for_no_key_update().load(postgres)?;
    }
    Ok(())
}

/// Whether somebody can make others admins; nobody needs to before there are people.
pub fn lacks_owner(c: &mut AnyConnection) -> QueryResult<bool> {
    let people = users::table.filter(users::deleted_at.is_null());
    let usable = people.filter(users::role.eq(InstanceRole::Owner.as_str()).and(users::banned_at.is_null()));
    let owner: Option<UserId> = usable.select(users::id).first(c).optional()?;
    let anybody: Option<UserId> = people.select(users::id).first(c).optional()?;
    Ok(owner.is_none() && anybody.is_some())
}

/// The owners whose accounts can be used, their rows held for this transaction.
pub fn owners(c: &mut AnyConnection) -> QueryResult<Vec<UserId>> {
    let all = users::table.filter(users::role.eq(InstanceRole::Owner.as_str()));
    let owners: Vec<UserId> = all.select(users::id).load(c)?;
    lock_users(c, &owners)?;
    // Again, since some may have changed before they were held.
    all.filter(users::banned_at.is_null().and(users::deleted_at.is_null())).select(users::id).load(c)
}

/// The answer to whoever wants a name that somebody has.
pub fn taken() -> Refusal {
    Refusal::new(Code::Taken, "username: somebody has this name already")
}

/// Usernames are ASCII, so this is all there is to their case.
fn key_of(username: &str) -> String {
    username.to_ascii_lowercase()
}
