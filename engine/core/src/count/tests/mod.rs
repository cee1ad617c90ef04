//! Counting on sheets with known truth, and on real drawings.

mod drawings;
mod families;
mod inputs;
mod sheet;
mod surroundings;
