//! Floor plans: rooms between walls, drawn at any scale, and devices placed in them.

mod draw;
mod floor;
mod furnish;
mod hatch;
mod walls;

pub(crate) use draw::{Look, Setting, draw_floor};
pub(crate) use floor::{DoorSpec, Floor, Room, Side, WindowSpec};
pub(crate) use furnish::{Taken, ceiling_grid, place_grid, wall_device};
pub(crate) use hatch::{diagonals, dots, tiles};
