//! How many of something somebody may make in a day. Counted in the database, so that all instances count together.

use std::time::Duration;

use chrono::{Days, NaiveDate, NaiveTime, Utc};
use diesel::dsl::case_when;
use diesel::prelude::*;

use crate::db::connection::{AnyConnection, on_backend};
use crate::db::schema::daily_counts;
use crate::wire::UserId;
use crate::wire::refusal::Refusal;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Rooms that are made.
    Rooms,
    /// Direct talks that are begun.
    DirectTalks,
    /// Links that are made.
    Invitations,
    /// Messages that are reported.
    Reports,
    /// People who are added to rooms by somebody else.
    Additions,
}

/// Whether the allowances hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caps {
    Hold,
    Lifted,
}

impl Allowance {
    /// Its name in the table.
    fn kind(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::DirectTalks => "direct",
            Self::Invitations => "invitations",
            Self::Reports => "reports",
            Self::Additions => "additions",
        }
    }

    /// How many in a day.
    fn most(self) -> i64 {
        match self {
            Self::Rooms | Self::Invitations => 100,
            Self::DirectTalks => 200,
            Self::Reports => 50,
            Self::Additions => 500,
        }
    }
}

/// Counts one; a day is one of UTC. The row is held until the transaction ends, so that two at once count as two.
///
/// # Errors
/// `rate_limited`, with the time until the next day.
pub fn take(connection: &mut AnyConnection, user: UserId, allowance: Allowance) -> Result<(), Refusal> {
    let now = Utc::now().naive_utc();
    let today = now.date();
    let row = (daily_counts::user_id.eq(user), daily_counts::kind.eq(allowance.kind()));
    let row = (row.0, row.1, daily_counts::day.eq(today), daily_counts::count.eq(0_i64));
    on_backend!(connection, |c| {
        diesel::insert_into(daily_counts::table).values(row).on_conflict_do_nothing().execute(c)
    })?;
    let row = daily_counts::table.find((user, allowance.kind()));
    let count = case_when(daily_counts::day.eq(today), daily_counts::count + 1).otherwise(1_i64);
    diesel::update(row).set((daily_counts::count.eq(count), daily_counts::day.eq(today))).execute(connection)?;
    let count: i64 = row.select(daily_counts::count).first(connection)?;
    if count <= allowance.most() {
        return Ok(());
    }
    let left = tomorrow(today).signed_duration_since(now).to_std().unwrap_or(Duration::ZERO);
    Err(Refusal::rate_limited("that is enough for a day: go on tomorrow", left))
}

fn tomorrow(today: NaiveDate) -> chrono::NaiveDateTime {
    (today + Days::new(1)).and_time(NaiveTime::MIN)
}
