//! Which color a condition has: the recipe's own, else one that no other condition has taken.

use image::Rgb;

use crate::recipe::ConditionPart;

/// Distinct from each other, also for most who see red and green alike, and from black ink and grey.
const PALETTE: [&str; 10] = [
    "#D55E00", "#0072B2", "#009E73", "#CC3399", "#7B3FA0", "#E6A000", "#29A8E0", "#A0522D", "#6B8E00",
    "#E03131",
];

/// One for each condition, in their order; past the palette's end it begins anew.
pub(crate) fn of(conditions: &[ConditionPart]) -> Vec<String> {
    let given = |color: &str| {
        let same = |c: &ConditionPart| c.color.as_deref().is_some_and(|g| g.eq_ignore_ascii_case(color));
        conditions.iter().any(same)
    };
    let mut free: Vec<&str> = PALETTE.into_iter().filter(|c| !given(c)).collect();
    if free.is_empty() {
        free = PALETTE.to_vec();
    }
    let mut next = free.iter().cycle();
    let color = |c: &ConditionPart| {
        c.color.clone().unwrap_or_else(|| next.next().copied().unwrap_or(PALETTE[0]).to_owned())
    };
    conditions.iter().map(color).collect()
}

/// `#RGB`, `#RRGGBB` or `#RRGGBBAA` (its opacity is not drawn).
pub(crate) fn parse(hex: &str) -> Option<Rgb<u8>> {
    let digits: Vec<u8> =
        hex.strip_prefix('#')?.chars().map(|c| Some(c.to_digit(16)? as u8)).collect::<Option<_>>()?;
    match digits.as_slice() {
        [r, g, b] => Some(Rgb([r * 17, g * 17, b * 17])),
        [r, s, g, h, b, c, ..] if matches!(digits.len(), 6 | 8) => {
            Some(Rgb([r * 16 + s, g * 16 + h, b * 16 + c]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn conditions(colors: &[Option<&str>]) -> Vec<ConditionPart> {
        let one = |color: &Option<&str>| {
            let color = color.map(|c| format!("color = \"{c}\"")).unwrap_or_default();
            toml::from_str(&format!("id = \"a\"\nname = \"A\"\ntype = \"count\"\n{color}")).unwrap()
        };
        colors.iter().map(one).collect()
    }

    #[test]
    fn a_recipes_own_color_is_kept_and_given_to_no_other() {
        let all = of(&conditions(&[None, Some("#d55e00"), None]));
        assert_eq!(all, ["#0072B2", "#d55e00", "#009E73"]);
        let many = of(&conditions(&[None; 11]));
        assert_eq!(many.iter().collect::<BTreeSet<_>>().len(), PALETTE.len());
        assert_eq!(many[10], many[0]);
    }

    #[test]
    fn every_way_to_write_a_color_is_read() {
        assert_eq!(parse("#f08"), Some(Rgb([255, 0, 136])));
        assert_eq!(parse("#3B82F6"), Some(Rgb([0x3b, 0x82, 0xf6])));
        assert_eq!(parse("#3B82F680"), Some(Rgb([0x3b, 0x82, 0xf6])));
        for none in ["", "#", "red", "#12345", "#3B82FG"] {
            assert_eq!(parse(none), None, "{none}");
        }
        assert!(PALETTE.iter().all(|c| parse(c).is_some()));
    }
}
