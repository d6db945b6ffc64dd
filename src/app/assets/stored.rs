//! The files that pages of each build need. While a deployment rolls, a page of one build may ask an instance of another
//! for them.

use std::collections::{HashMap, HashSet};

use actix_web::web::Bytes;
use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use crate::db::AnyConnection;
use crate::db::connection::{on_backend, transaction};
use crate::db::schema::assets;
use crate::wire::refusal::Refusal;

/// How long a build that runs nowhere is kept, for pages that are still open.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Stores a build's files, by path, unless they are there, and writes down that it runs. Forgets builds that have not run
/// for long.
pub fn keep(c: &mut AnyConnection, build: &str, files: &[(String, Bytes)]) -> Result<(), Refusal> {
    let now = Utc::now().naive_utc();
    let stored = transaction(c, |c| {
        let seen = diesel::update(assets::table.filter(assets::build.eq(build))).set(assets::seen_at.eq(now));
        if seen.execute(c)? == 0 {
            let build = assets::build.eq(build);
            let rows = files.iter().map(|(path, content)| {
                (build, assets::path.eq(path), assets::content.eq(&content[..]), assets::seen_at.eq(now))
            });
            let rows: Vec<_> = rows.collect();
            on_backend!(c, |c| diesel::insert_into(assets::table).values(&rows).execute(c))?;
        }
        diesel::delete(assets::table.filter(assets::seen_at.lt(now - KEPT))).execute(c)
    });
    match stored {
        // Another instance of the build stores them at the same time.
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(()),
        stored => Ok(stored.map(drop)?),
    }
}

/// The builds that have files here.
pub fn builds(c: &mut AnyConnection) -> Result<HashSet<String>, Refusal> {
    let builds: Vec<String> = assets::table.select(assets::build).distinct().load(c)?;
    Ok(builds.into_iter().collect())
}

/// All files of a build, by path; none where it is unknown.
pub fn of_build(c: &mut AnyConnection, build: &str) -> Result<HashMap<String, Vec<u8>>, Refusal> {
    let files = assets::table.filter(assets::build.eq(build)).select((assets::path, assets::content));
    Ok(files.load::<(String, Vec<u8>)>(c)?.into_iter().collect())
}
