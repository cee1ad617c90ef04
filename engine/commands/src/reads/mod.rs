//! Reads that several callers need, in the order in which people expect them.

mod cost;
mod looks;
mod measured;
mod records;
mod sheets;
mod tasks;

pub use cost::{cost_summary, price_doubt};
pub use looks::{Suggested, SuggestedPages, drawn_page, page_crop, suggestions};
pub use measured::{
    Again, again, geometry_type, measurement, measurements_of_condition, measurements_of_page,
};
pub use records::{
    CountView, ProjectView, assembly, assembly_of, condition, conditions, counted, detection, detections,
    document, documents, page, pages_by_number, pages_by_sheet, project, projects, same_file, session,
    sessions_of_page, template, templates,
};
pub use sheets::{SheetGroup, SheetView, natural_order, sheets};
pub use takeoff_core::assembly::CostSummary;
pub use tasks::{TaskFilter, TaskList, TaskStatus, task, tasks};
