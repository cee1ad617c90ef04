//! Assemblies: from a condition's quantities to priced line items.

mod library;
mod locked;
mod make;
mod money;
mod price;
mod summary;
#[cfg(test)]
mod tests;

pub use library::{ComponentSpec, PLACEHOLDER_PRICES, TemplateSpec, templates};
pub use locked::outdated;
pub use make::{NewAssembly, blank, from_template};
pub use money::{MAX_LINE, cents, decimal_of, unit_price};
pub use price::{ConditionQuantities, MeasuredIn, PriceError, price};
pub use summary::{CostSummary, DoubtedPrice, summarize};
