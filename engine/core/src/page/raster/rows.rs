//! Rows on their way from a decoder into the page.

use super::square::Square;
use super::upright::Turn;
use super::{Frame, damaged};
use crate::budget::Budget;
use crate::page::image_out::{ImageSink, RowFormat, luma};
use crate::page::open::{PageFailure, ParseError};

/// Rows between two polls of the budget.
const POLL_ROWS: u32 = 64;

/// Takes rows as a file stores them and gives them upright, and square, to the page.
pub(super) struct Rows<'a, 'w> {
    upright: UprightRows<'a, 'w>,
    turn: Turn,
    stored: (usize, usize),
    channels: usize,
    /// All rows so far, where none can go on before the last has come.
    held: Vec<u8>,
    row: Vec<u8>,
}

impl<'a, 'w> Rows<'a, 'w> {
    pub(super) fn of(frame: &Frame, page: PageRows<'a, 'w>, budget: &'a Budget) -> Self {
        let stored = (frame.stored.0 as usize, frame.stored.1 as usize);
        let channels = frame.format.channels();
        let held = if frame.turn.needs_all() { stored.0 * stored.1 * channels } else { 0 };
        Self {
            upright: UprightRows { page, square: frame.square(), budget, rows: 0 },
            turn: frame.turn,
            stored,
            channels,
            held: Vec::with_capacity(held),
            row: Vec::new(),
        }
    }

    /// One stored row, without alpha, in the frame's format.
    pub(super) fn push(&mut self, row: &[u8]) -> Result<(), ParseError> {
        if self.turn.needs_all() {
            self.held.extend_from_slice(row);
            return Ok(());
        }
        if self.turn == Turn::UPRIGHT {
            return self.upright.push(row);
        }
        self.row.clear();
        self.row.extend_from_slice(row);
        self.turn.row(&mut self.row, self.channels);
        self.upright.push(&self.row)
    }

    /// No more rows come.
    pub(super) fn finish(mut self) -> Result<(), ParseError> {
        if !self.turn.needs_all() {
            return Ok(());
        }
        if self.held.len() != self.stored.0 * self.stored.1 * self.channels {
            return Err(damaged("its pixels do not fill its size").into());
        }
        let upright = &mut self.upright;
        self.turn.rows(&self.held, self.stored.0, self.channels, |row| upright.push(row))
    }
}

/// Upright rows, with the budget polled on the way.
struct UprightRows<'a, 'w> {
    page: PageRows<'a, 'w>,
    square: Option<Square>,
    budget: &'a Budget,
    rows: u32,
}

impl UprightRows<'_, '_> {
    fn push(&mut self, row: &[u8]) -> Result<(), ParseError> {
        self.rows += 1;
        if self.rows.is_multiple_of(POLL_ROWS) {
            self.budget.spend(u64::from(POLL_ROWS)).map_err(PageFailure::from)?;
        }
        match &mut self.square {
            Some(square) => square.push(row, |row| self.page.row(row)),
            None => self.page.row(row),
        }
    }
}

/// Where the page's rows go.
pub(super) struct PageRows<'a, 'w> {
    pub(super) sink: &'a mut ImageSink<'w>,
    /// Where brightness is kept for tracing.
    pub(super) gray: Option<(&'a mut Vec<u8>, RowFormat)>,
}

impl PageRows<'_, '_> {
    fn row(&mut self, row: &[u8]) -> Result<(), ParseError> {
        match &mut self.gray {
            Some((gray, RowFormat::Gray)) => gray.extend_from_slice(row),
            Some((gray, RowFormat::Rgb)) => gray.extend(row.chunks_exact(3).map(|p| luma(p[0], p[1], p[2]))),
            None => {}
        }
        Ok(self.sink.row(row)?)
    }
}
