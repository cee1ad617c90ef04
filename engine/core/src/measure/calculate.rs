use serde_json::{Map, Value, json};

use super::geometry::{Geometry, GeometryError};
use super::polygon;
use super::unit::Unit;
use crate::geom::PxPoint;
use crate::model::{GeometryType, MeasurementType};

/// Cubic feet in a cubic yard.
const CF_PER_CY: f64 = 27.0;

/// What the condition asks of a geometry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    pub measurement_type: MeasurementType,
    /// Of that type.
    pub unit: Unit,
    /// Depth of the condition, inches.
    pub depth: Option<f64>,
    /// Page pixels per real foot.
    pub px_per_foot: f64,
}

/// A measured geometry.
#[derive(Debug, Clone, PartialEq)]
pub struct Calculated {
    /// In the unit asked for.
    pub quantity: f64,
    /// Of lines and polylines.
    pub pixel_length: Option<f64>,
    /// Of polygons, rectangles and circles.
    pub pixel_area: Option<f64>,
    /// Length or perimeter, feet; 0 for a point.
    pub perimeter_ft: f64,
    /// Everything that was computed, under the contract's names; `segment_lengths` are feet.
    pub calculation: Value,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    #[error("a {} has no {}", name(*geometry), wanted(*measurement_type))]
    Incompatible { geometry: GeometryType, measurement_type: MeasurementType },
    #[error("the page's scale must be a finite number of pixels per foot greater than 0, not {}", crate::brief(*.0))]
    Scale(f64),
    #[error("the condition's depth must be a finite number of inches, 0 or more, not {}", crate::brief(*.0))]
    Depth(f64),
    #[error(
        "the quantity is too large for a number: the scale of {} pixels per foot is not plausible",
        crate::brief(*px_per_foot)
    )]
    Overflow { px_per_foot: f64 },
}

fn name(kind: GeometryType) -> &'static str {
    match kind {
        GeometryType::Line => "line",
        GeometryType::Polyline => "polyline",
        GeometryType::Polygon => "polygon",
        GeometryType::Rectangle => "rectangle",
        GeometryType::Circle => "circle",
        GeometryType::Point => "point",
    }
}

fn wanted(kind: MeasurementType) -> &'static str {
    match kind {
        MeasurementType::Linear => "length",
        MeasurementType::Area => "area",
        MeasurementType::Volume => "volume",
        MeasurementType::Count => "count",
    }
}

/// Lengths and areas of a shape before a condition asks for one of them.
struct Sizes {
    pixel_length: Option<f64>,
    pixel_area: Option<f64>,
    perimeter_ft: f64,
    /// What a linear condition takes; `None` where the shape has no length.
    length_ft: Option<f64>,
    area_sf: Option<f64>,
    calculation: Map<String, Value>,
}

/// The quantity of a client's geometry under the condition's terms.
pub fn calculate(kind: GeometryType, data: &Value, terms: &Terms) -> Result<Calculated, MeasureError> {
    Geometry::parse(kind, data)?.calculate(terms)
}

impl Geometry {
    /// The quantity of this shape. A volume without a depth is 0, and the calculation says so.
    pub fn calculate(&self, terms: &Terms) -> Result<Calculated, MeasureError> {
        let p = terms.px_per_foot;
        if !p.is_finite() || p <= 0.0 {
            return Err(MeasureError::Scale(p));
        }
        if let Some(depth) = terms.depth.filter(|d| !d.is_finite() || *d < 0.0) {
            return Err(MeasureError::Depth(depth));
        }
        let mut sizes = self.sizes(p);
        let depth = terms.depth.filter(|d| *d > 0.0);
        let volume_cf = sizes.area_sf.zip(depth).map(|(sf, d)| sf * d / 12.0);
        if let (Some(cf), Some(inches)) = (volume_cf, depth) {
            let details = json!({ "volume_cy": cf / CF_PER_CY, "depth_inches": inches });
            sizes.calculation.extend(object(details));
        }
        let feet = match terms.measurement_type {
            MeasurementType::Linear => sizes.length_ft,
            MeasurementType::Area => sizes.area_sf,
            MeasurementType::Volume => sizes.area_sf.map(|_| volume_cf.unwrap_or(0.0)),
            MeasurementType::Count => Some(1.0),
        };
        let Some(quantity) = feet.map(|feet| terms.unit.from_feet(feet)) else {
            let (geometry, measurement_type) = (self.kind(), terms.measurement_type);
            return Err(MeasureError::Incompatible { geometry, measurement_type });
        };
        let is_closed = sizes.pixel_area.is_some();
        let note = match terms.measurement_type {
            MeasurementType::Volume if depth.is_none() => {
                Some("the condition has no depth, so the volume is 0: set its `depth` in inches")
            }
            MeasurementType::Linear if is_closed => Some(
                "the condition measures lengths: of this closed shape it takes the length of its outline",
            ),
            MeasurementType::Count if self.kind() != GeometryType::Point => {
                Some("the condition counts: this shape is one piece, whatever its size")
            }
            _ => None,
        };
        if let Some(note) = note {
            sizes.calculation.insert("note".to_owned(), note.into());
        }
        let finite = [Some(quantity), Some(sizes.perimeter_ft), sizes.area_sf, volume_cf];
        if finite.into_iter().flatten().any(|v| !v.is_finite()) {
            return Err(MeasureError::Overflow { px_per_foot: p });
        }
        Ok(Calculated {
            quantity,
            pixel_length: sizes.pixel_length,
            pixel_area: sizes.pixel_area,
            perimeter_ft: sizes.perimeter_ft,
            calculation: Value::Object(sizes.calculation),
        })
    }

    fn sizes(&self, p: f64) -> Sizes {
        match self {
            Self::Line { start, end } => {
                let px = start.distance(*end);
                lengths(px, p, json!({ "pixel_length": px, "length_feet": px / p }))
            }
            Self::Polyline(points) => polyline(points, p),
            Self::Polygon(points) => {
                let (area, around) = (polygon::area(points), polygon::perimeter(points));
                areas(area, around, p, json!({ "pixel_perimeter": around, "perimeter_lf": around / p }))
            }
            Self::Rectangle { width, height, .. } => {
                let around = 2.0 * (width + height);
                let details = json!({
                    "pixel_width": width, "pixel_height": height,
                    "width_feet": width / p, "height_feet": height / p,
                    "pixel_perimeter": around, "perimeter_lf": around / p,
                });
                areas(width * height, around, p, details)
            }
            Self::Circle { radius, .. } => {
                let around = 2.0 * std::f64::consts::PI * radius;
                let details = json!({
                    "pixel_radius": radius, "radius_feet": radius / p, "diameter_feet": 2.0 * radius / p,
                    "pixel_circumference": around, "circumference_lf": around / p,
                });
                areas(std::f64::consts::PI * radius * radius, around, p, details)
            }
            Self::Point(at) => Sizes {
                pixel_length: None,
                pixel_area: None,
                perimeter_ft: 0.0,
                length_ft: None,
                area_sf: None,
                calculation: object(json!({ "count": 1, "position": { "x": at.x, "y": at.y } })),
            },
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn lengths(px: f64, p: f64, calculation: Value) -> Sizes {
    let feet = px / p;
    Sizes {
        pixel_length: Some(px),
        pixel_area: None,
        perimeter_ft: feet,
        length_ft: Some(feet),
        area_sf: None,
        calculation: object(calculation),
    }
}

fn areas(pixel_area: f64, around: f64, p: f64, details: Value) -> Sizes {
    let area_sf = pixel_area / (p * p);
    let mut calculation = object(json!({ "pixel_area": pixel_area, "area_sf": area_sf }));
    calculation.extend(object(details));
    Sizes {
        pixel_length: None,
        pixel_area: Some(pixel_area),
        perimeter_ft: around / p,
        length_ft: Some(around / p),
        area_sf: Some(area_sf),
        calculation,
    }
}

fn polyline(points: &[PxPoint], p: f64) -> Sizes {
    let segments: Vec<f64> = points.windows(2).map(|w| w[0].distance(w[1])).collect();
    let px: f64 = segments.iter().sum();
    let feet: Vec<f64> = segments.iter().map(|s| s / p).collect();
    let calculation = json!({
        "pixel_length": px, "length_feet": px / p, "segment_count": segments.len(), "segment_lengths": feet,
    });
    lengths(px, p, calculation)
}
