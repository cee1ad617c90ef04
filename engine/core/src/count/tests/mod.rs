//! Counting on sheets with known truth, and on real drawings.

mod anchors;
mod apart;
mod asking;
mod clutter;
mod cut;
mod drawings;
mod families;
mod inputs;
mod kinds;
mod nearby;
mod parts;
mod scans;
mod sheet;
mod suggestions;
mod surroundings;
mod under;
