//! When work is done for the whole store, where that is not at an interval.

use takeoff_core::cron::Cron;

use crate::settings::Setting;

/// Times of the calendar, in UTC, for entries of the schedule; `None` leaves an entry its interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScheduleSettings {
    pub blob_sweep: Option<Cron>,
    pub page_cache: Option<Cron>,
    pub retention: Option<Cron>,
    pub statistics: Option<Cron>,
}

macro_rules! cron {
    ($key:literal, $field:ident, $doc:literal) => {
        Setting {
            key: $key,
            alias: None,
            unit: "",
            bounds: "minute hour day-of-month month day-of-week, or nothing",
            doc: $doc,
            set: |c, raw| {
                let text = raw.text()?;
                c.schedule.$field = match text.trim() {
                    "" => None,
                    _ => Some(text.parse::<Cron>().map_err(|e| format!("is no time of the calendar: {e}"))?),
                };
                Ok(())
            },
            show: |c| c.schedule.$field.map_or_else(String::new, |cron| cron.to_string()),
        }
    };
}

pub(crate) fn settings() -> Vec<Setting> {
    vec![
        cron!(
            "schedule.blob_sweep",
            blob_sweep,
            "When files that nothing refers to are deleted, in UTC, such as `0 3 * * *`; empty is once a day. Times that \
             no node ran at are made up for by one run."
        ),
        cron!(
            "schedule.page_cache",
            page_cache,
            "When pages that are kept in case they come again are forgotten, in UTC; empty is once an hour. Times that \
             no node ran at are made up for by one run."
        ),
        cron!(
            "schedule.retention",
            retention,
            "When ended jobs and old events are deleted, in UTC; empty is often enough for `jobs.retention_ms`. Times \
             that no node ran at are made up for by one run."
        ),
        cron!(
            "schedule.statistics",
            statistics,
            "When the state of the queues is written down, in UTC; empty is every five minutes. Times that no node ran \
             at are let go."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeConfig;
    use crate::raw::Raw;

    #[test]
    fn times_are_taken_shown_and_refused_with_their_place() {
        let mut config = NodeConfig::solo("d");
        for setting in settings() {
            let mut set = |text: &str| (setting.set)(&mut config, &Raw::Text(text.to_owned()));
            let e = set("0 25 * * *").unwrap_err();
            assert!(e.contains("at character 3") && e.contains("no hour (0 to 23"), "{e}");
            set("*/30 3 * * sun").unwrap();
            assert_eq!((setting.show)(&config), "0,30 3 * * 0", "{}", setting.key);
            (setting.set)(&mut config, &Raw::Text(" ".to_owned())).unwrap();
            assert_eq!((setting.show)(&config), "");
            assert!((setting.set)(&mut config, &Raw::Integer(5)).is_err());
        }
        assert_eq!(config.schedule, ScheduleSettings::default());
    }
}
