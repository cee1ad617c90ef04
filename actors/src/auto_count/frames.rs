//! Places that are left out for the frame around them.

use takeoff_core::count::Answer;
use takeoff_core::model::CountProgress;

use super::tally::{list, named};

pub(super) fn add(progress: &mut CountProgress, page: u32, answer: &Answer) {
    let framed = answer.near_misses.iter().map(|m| &m.place).filter(|p| p.framed);
    let at: Vec<_> = framed.map(|p| p.center).collect();
    progress.framed += at.len() as u64;
    list(&mut progress.framed_at, page, &at);
}

/// That what is framed alike is taken for another symbol, and may be this one on a counter or in a box.
pub(super) fn note(progress: &CountProgress) -> Option<String> {
    let show = match progress.framed {
        0 => return None,
        1 => "1 place shows the symbol in a frame".to_owned(),
        n => format!("{n} places show the symbol in frames that are alike"),
    };
    Some(format!(
        "{show}, as the example is not: taken for another symbol and not counted: {}; if it is the same, give one of them \
         as another example",
        named(progress.framed, &progress.framed_at, "")
    ))
}

#[cfg(test)]
mod tests {
    use takeoff_core::geom::PxPoint;

    use super::*;

    #[test]
    fn frames_are_told_where_they_decide() {
        assert_eq!(note(&CountProgress::default()), None);
        let framed_at = vec![(2, PxPoint::new(10.0, 20.0)), (2, PxPoint::new(30.0, 20.0))];
        let said = note(&CountProgress { framed: 2, framed_at, ..CountProgress::default() }).unwrap();
        assert!(
            said.starts_with("2 places show the symbol in frames") && said.contains("page 2 at x 10, y 20"),
            "{said}"
        );
    }
}
