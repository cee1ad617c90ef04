//! Times of the calendar: the five fields of a crontab, in UTC. Pure; what is due by them, `schedule` decides.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::model::Timestamp;

const MINUTE_US: i64 = 60_000_000;
const DAY_MINUTES: i64 = 24 * 60;

/// Days in which each expression comes at least once: a 29th of February, eight years after the one before where a
/// century has none.
const MOST_DAYS: i64 = 8 * 366;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Of a year that has a 29th of February.
const MONTH_DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Minutes at which something is due: a bit for each value of a field, the lowest for 0.
///
/// As in a crontab: where both fields of days are other than `*`, either of them will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {column}: {why}")]
pub struct CronError {
    /// The first character is 1.
    pub column: usize,
    pub why: String,
}

/// One of the five fields.
struct Field {
    name: &'static str,
    values: RangeInclusive<u32>,
    /// Names of the first values, from the lowest.
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", values: 0..=59, words: &[] },
    Field { name: "hour", values: 0..=23, words: &[] },
    Field { name: "day of the month", values: 1..=31, words: &[] },
    Field { name: "month", values: 1..=12, words: &MONTHS },
    // 7 is Sunday, too.
    Field { name: "day of the week", values: 0..=7, words: &WEEKDAYS },
];

fn wrong<T>(column: usize, why: impl Into<String>) -> Result<T, CronError> {
    Err(CronError { column, why: why.into() })
}

fn bits(values: RangeInclusive<u32>) -> u64 {
    values.fold(0, |bits, value| bits | 1 << value)
}

/// Pieces of a text with the number of the first character of each.
fn split(text: &str, at: usize, separator: char) -> impl Iterator<Item = (usize, &str)> {
    text.split(separator).scan(at, |next, piece| {
        let at = *next;
        *next += piece.chars().count() + 1;
        Some((at, piece))
    })
}

impl Field {
    fn value(&self, column: usize, text: &str) -> Result<u32, CronError> {
        let word = self.words.iter().position(|word| text.eq_ignore_ascii_case(word));
        let word = word.and_then(|at| u32::try_from(at).ok()).map(|at| self.values.start() + at);
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { text.parse().ok() } else { None };
        match word.or(number).filter(|value| self.values.contains(value)) {
            Some(value) => Ok(value),
            None => {
                let (low, high) = (self.values.start(), self.values.end());
                wrong(column, format!("`{text}` is no {} ({low} to {high}, or `*`)", self.name))
            }
        }
    }

    /// `*`, `3`, `1-5`, and the ranges with a step: `*/10`, `8-17/2`.
    fn part(&self, column: usize, text: &str) -> Result<u64, CronError> {
        let (range, step) = match text.split_once('/') {
            None => (text, None),
            Some((range, step)) => {
                let at = column + range.chars().count() + 1;
                let is_number = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
                match step.parse().ok().filter(|step: &usize| is_number && (1..=60).contains(step)) {
                    Some(step) => (range, Some(step)),
                    None => return wrong(at, format!("`{step}` is no step (1 to 60)")),
                }
            }
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (*self.values.start(), *self.values.end()),
            None if step.is_some() => {
                return wrong(column, "a step is of `*` or of a range, such as `0-59/10`");
            }
            None => {
                let value = self.value(column, range)?;
                (value, value)
            }
            Some((low, high)) => {
                let low_value = self.value(column, low)?;
                let at = column + low.chars().count() + 1;
                match self.value(at, high)? {
                    // Until Sunday.
                    0 if self.words.len() == WEEKDAYS.len() && low_value > 0 => (low_value, 7),
                    high_value if high_value < low_value => {
                        return wrong(at, "the range ends before it begins");
                    }
                    high_value => (low_value, high_value),
                }
            }
        };
        Ok((low..=high).step_by(step.unwrap_or(1)).fold(0, |bits, value| bits | 1 << value))
    }

    fn parse(&self, column: usize, text: &str) -> Result<u64, CronError> {
        split(text, column, ',').try_fold(0, |bits, (at, part)| Ok(bits | self.part(at, part)?))
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields: Vec<(usize, &str)> = split(text, 1, ' ').filter(|(_, field)| !field.is_empty()).collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            let column = fields.get(FIELDS.len()).map_or(text.chars().count() + 1, |(at, _)| *at);
            let wanted = "minute, hour, day of the month, month, day of the week";
            return wrong(column, format!("five fields are wanted ({wanted}), not {}", fields.len()));
        };
        let [minute, hour, day, month, weekday] = FIELDS;
        let sundays = weekday.parse(weekdays.0, weekdays.1)?;
        let cron = Self {
            minutes: minute.parse(minutes.0, minutes.1)?,
            hours: hour.parse(hours.0, hours.1)?,
            days: day.parse(days.0, days.1)?,
            months: month.parse(months.0, months.1)?,
            weekdays: (sundays | sundays >> 7) & bits(0..=6),
        };
        let comes =
            |(month, most): (u32, &u32)| cron.months >> month & 1 == 1 && cron.days & bits(1..=*most) != 0;
        if !cron.names_weekdays() && !(1..).zip(&MONTH_DAYS).any(comes) {
            return wrong(days.0, "none of these months has such a day");
        }
        Ok(cron)
    }
}

/// In its shortest form; what is read from it is the same.
impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [self.minutes, self.hours, self.days, self.months, self.weekdays];
        for (n, (field, set)) in FIELDS.iter().zip(all).enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            let values = *field.values.start()..=(*field.values.end()).min(if n == 4 { 6 } else { 59 });
            if set == bits(values.clone()) {
                f.write_str("*")?;
                continue;
            }
            let named: Vec<String> =
                values.filter(|value| set >> value & 1 == 1).map(|value| value.to_string()).collect();
            f.write_str(&named.join(","))?;
        }
        Ok(())
    }
}

/// Month and day of a day since 1970 (the days from civil of H. Hinnant, the other way round).
fn month_and_day(day: i64) -> (i64, i64) {
    let day_of_era = (day + 719_468).rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_is_0 = (5 * day_of_year + 2) / 153;
    let month = if march_is_0 < 10 { march_is_0 + 3 } else { march_is_0 - 9 };
    (month, day_of_year - (153 * march_is_0 + 2) / 5 + 1)
}

impl Cron {
    fn names_days(&self) -> bool {
        self.days != bits(1..=31)
    }

    fn names_weekdays(&self) -> bool {
        self.weekdays != bits(0..=6)
    }

    fn is_on(&self, day: i64) -> bool {
        let (month, of_month) = month_and_day(day);
        let (by_day, by_weekday) =
            (self.days >> of_month & 1 == 1, self.weekdays >> (day + 4).rem_euclid(7) & 1 == 1);
        let on = match (self.names_days(), self.names_weekdays()) {
            (true, true) => by_day || by_weekday,
            _ => by_day && by_weekday,
        };
        on && self.months >> month & 1 == 1
    }

    fn is_at(&self, minute_of_day: i64) -> bool {
        self.hours >> (minute_of_day / 60) & 1 == 1 && self.minutes >> (minute_of_day % 60) & 1 == 1
    }

    /// Whether this is one of its times.
    pub fn is_time(&self, at: Timestamp) -> bool {
        let minute = at.0.div_euclid(MINUTE_US);
        at.0.rem_euclid(MINUTE_US) == 0
            && self.is_on(minute.div_euclid(DAY_MINUTES))
            && self.is_at(minute.rem_euclid(DAY_MINUTES))
    }

    /// The first time after `after`.
    pub fn next(&self, after: Timestamp) -> Timestamp {
        let from = after.0.div_euclid(MINUTE_US) + 1;
        let (first, minute) = (from.div_euclid(DAY_MINUTES), from.rem_euclid(DAY_MINUTES));
        let on = |day: &i64| self.is_on(*day);
        for day in (first..=first + MOST_DAYS).filter(on) {
            let start = if day == first { minute } else { 0 };
            if let Some(minute) = (start..DAY_MINUTES).find(|minute| self.is_at(*minute)) {
                return Timestamp((day * DAY_MINUTES + minute).saturating_mul(MINUTE_US));
            }
        }
        // Each expression comes within so many days, or it would not have been read.
        Timestamp(i64::MAX)
    }

    /// Times after `at` and up to `now`, counted up to `most`.
    pub fn times_between(&self, at: Timestamp, now: Timestamp, most: u64) -> u64 {
        let (mut count, mut next) = (0, self.next(at));
        while next <= now && count < most {
            count += 1;
            next = self.next(next);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(text: &str) -> Cron {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// Seconds since 1970 of the next times after `after_s`.
    fn times<const N: usize>(text: &str, after_s: i64) -> [i64; N] {
        let (cron, mut at) = (cron(text), Timestamp(after_s * 1_000_000));
        [(); N].map(|()| {
            at = cron.next(at);
            assert!(cron.is_time(at) && !cron.is_time(Timestamp(at.0 + 1)));
            at.0 / 1_000_000
        })
    }

    /// Of `date -u -d ... +%s`.
    const MONDAY_2026_03_02: i64 = 1_772_409_600;
    const DAY: i64 = 86_400;

    #[test]
    fn times_are_those_of_the_calendar() {
        let monday = MONDAY_2026_03_02;
        assert_eq!(times("* * * * *", monday), [monday + 60, monday + 120]);
        assert_eq!(
            times("*/20 6 * * *", monday + 6 * 3_600),
            [20, 40, 1_440].map(|m| monday + 6 * 3_600 + m * 60)
        );
        assert_eq!(times("0 3 * * *", monday - 1), [monday + 3 * 3_600, monday + 27 * 3_600]);
        assert_eq!(times("30 22 * * MON-FRI/2", monday), [0, 2, 4, 7].map(|d| monday + d * DAY + 81_000));
        assert_eq!(times("0 0 * * sat-sun", monday), [5, 6, 12].map(|d| monday + d * DAY));
        assert_eq!(times("0 0 * * 7", monday), times::<2>("0 0 * * 0", monday));
        assert_eq!(
            times("0 0 1,31 * *", monday),
            [29, 30, 60].map(|d| monday + d * DAY),
            "April has no 31st"
        );
        assert_eq!(
            times("0 0 4 * 3", monday),
            [2, 9, 16].map(|d| monday + d * DAY),
            "the 4th is a Wednesday, too"
        );
        assert_eq!(times("0 0 5 * 3", monday), [2, 3, 9].map(|d| monday + d * DAY), "either day will do");
        assert_eq!(times("0 0 5 */12 *", -1), [4 * DAY, 369 * DAY]);
        assert_eq!(times("0 0 * * *", -3 * DAY - 1), [-3 * DAY, -2 * DAY], "before 1970");
    }

    #[test]
    fn a_leap_day_comes_over_a_century_that_has_none() {
        // 2096-02-29 and 2104-02-29.
        assert_eq!(times("0 0 29 2 *", 3_981_311_999), [3_981_312_000, 4_233_686_400]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, column, says) in [
            ("", 1, "five fields"),
            ("* * * *", 8, "five fields"),
            ("* * * * * *", 11, "five fields"),
            ("60 * * * *", 1, "`60` is no minute (0 to 59"),
            ("0 24 * * *", 3, "no hour"),
            ("0  x * * *", 4, "`x` is no hour"),
            ("0 0 0 * *", 5, "no day of the month"),
            ("0 0 1,32 * *", 7, "`32`"),
            ("0 0 * 13 *", 7, "no month"),
            ("0 0 * * 8", 9, "no day of the week"),
            ("0 0 * * mon-fry", 13, "`fry`"),
            ("5-1 * * * *", 3, "ends before"),
            ("*/0 * * * *", 3, "no step"),
            ("*/ * * * *", 3, "no step"),
            ("5/10 * * * *", 1, "a step is of"),
            ("1,,2 * * * *", 3, "`` is no minute"),
            ("+1 * * * *", 1, "`+1`"),
            ("0 0 30 2 *", 5, "none of these months"),
            ("0 0 31 2,4,6 *", 5, "none of these months"),
            ("99999999999999999999 * * * *", 1, "no minute"),
        ] {
            let e = text.parse::<Cron>().expect_err(text);
            assert!(e.column == column && e.why.contains(says), "{text:?}: {e}");
        }
        assert!("0 0 31 2 mon".parse::<Cron>().is_ok(), "Mondays come");
    }

    #[test]
    fn what_is_shown_means_the_same() {
        for (text, shown) in [
            ("*  * * * *", "* * * * *"),
            ("0-59 0-23 1-31 JAN-DEC 0-7", "* * * * *"),
            ("*/30 8-10 1 feb mon,7", "0,30 8,9,10 1 2 0,1"),
        ] {
            assert_eq!(cron(text).to_string(), shown);
            assert_eq!(cron(shown), cron(text));
        }
    }

    #[test]
    fn times_in_between_are_counted_up_to_a_bound() {
        let (from, to) = (Timestamp(0), Timestamp(10 * MINUTE_US));
        assert_eq!(cron("* * * * *").times_between(from, to, 100), 10);
        assert_eq!(cron("* * * * *").times_between(from, to, 7), 7);
        assert_eq!(cron("0 1 * * *").times_between(from, to, 7), 0);
        assert_eq!(cron("* * * * *").times_between(to, from, 7), 0);
    }
}
