//! The client's geometry objects, read and checked.

use serde_json::Value;

use super::polygon;
use crate::geom::{PxPoint, PxRect};
use crate::model::GeometryType;

/// Points of one polyline or polygon.
pub const MAX_POINTS: usize = 10_000;
/// Farthest coordinate, pixels; no page is a hundredth as large.
pub const MAX_COORDINATE_PX: f64 = 10_000_000.0;

/// Smallest length, width or radius, pixels: less than what rounding makes of coordinates on the largest page.
pub const MIN_SIZE_PX: f64 = 1e-6;

/// A shape on the page, page pixels.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    Line {
        start: PxPoint,
        end: PxPoint,
    },
    Polyline(Vec<PxPoint>),
    /// A ring without its closing point; it does not cross itself.
    Polygon(Vec<PxPoint>),
    /// Upper left corner and positive size.
    Rectangle {
        corner: PxPoint,
        width: f64,
        height: f64,
    },
    Circle {
        center: PxPoint,
        radius: f64,
    },
    Point(PxPoint),
}

/// What is wrong with a geometry object, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("geometry_data{}{path}: {message}", if .path.is_empty() { "" } else { "." })]
pub struct GeometryError {
    /// Place in the object, e.g. `points[3].x`; empty for the object as a whole.
    pub path: String,
    pub message: String,
}

impl GeometryError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl Geometry {
    /// Reads `geometry_data` of the given type. Unknown keys are ignored; numbers must be finite.
    /// A rectangle dragged to the left or upwards (negative size) is the same rectangle.
    pub fn parse(kind: GeometryType, data: &Value) -> Result<Self, GeometryError> {
        if !data.is_object() {
            return Err(GeometryError::new("", format!("must be an object, not {}", kind_of(data))));
        }
        match kind {
            GeometryType::Line => {
                let (start, end) = (point(data, "start")?, point(data, "end")?);
                if start == end {
                    return Err(GeometryError::new(
                        "",
                        "the line has no length: start and end are the same point",
                    ));
                }
                Ok(Self::Line { start, end })
            }
            GeometryType::Polyline => {
                let points = points(data, 2)?;
                if points.windows(2).all(|p| p[0] == p[1]) {
                    return Err(GeometryError::new(
                        "points",
                        "the polyline has no length: all points are the same",
                    ));
                }
                Ok(Self::Polyline(points))
            }
            GeometryType::Polygon => ring(points(data, 3)?).map(Self::Polygon),
            GeometryType::Rectangle => rectangle(data),
            GeometryType::Circle => {
                let (center, radius) = (point(data, "center")?, number(data, "", "radius")?);
                if radius <= 0.0 {
                    return Err(GeometryError::new(
                        "radius",
                        format!("must be greater than 0, not {radius}"),
                    ));
                }
                Ok(Self::Circle { center, radius })
            }
            GeometryType::Point => {
                Ok(Self::Point(PxPoint::new(number(data, "", "x")?, number(data, "", "y")?)))
            }
        }
    }

    /// The keys that a shape of this type has. `rotation` turns a rectangle about itself for those who draw it: no
    /// length and no area depends on it.
    pub const fn keys(kind: GeometryType) -> &'static [&'static str] {
        match kind {
            GeometryType::Line => &["start", "end"],
            GeometryType::Polyline | GeometryType::Polygon => &["points"],
            GeometryType::Rectangle => &["x", "y", "width", "height", "rotation"],
            GeometryType::Circle => &["center", "radius"],
            GeometryType::Point => &["x", "y"],
        }
    }

    /// Refuses what a client means to be left out of the shape. It would be measured with the rest, and the quantity
    /// would look right.
    pub fn has_no_holes(data: &Value) -> Result<(), GeometryError> {
        let is_hole = |key: &str| HOLES.iter().any(|hole| hole.eq_ignore_ascii_case(key));
        let all = data.as_object().into_iter().flatten();
        let mut holes = all.filter(|(key, value)| is_hole(key) && says_something(value)).map(|(key, _)| key);
        holes.next().map_or(Ok(()), |key| {
            Err(GeometryError::new(
                key,
                "no hole is taken off a quantity: measure the parts around it as shapes of their own, or draw one \
                 polygon around what is left",
            ))
        })
    }

    /// Refuses what is smaller than any page can show: no hand drew it, and its quantity would look like one. It is not
    /// part of [`Self::parse`], so that what was stored before this was checked can still be recalculated.
    pub fn has_size(&self) -> Result<(), GeometryError> {
        let (path, size) = match self {
            Self::Line { start, end } => ("", start.distance(*end)),
            Self::Polyline(points) => ("points", points.windows(2).map(|p| p[0].distance(p[1])).sum()),
            // The width of a long and narrow ring.
            Self::Polygon(points) => ("points", 2.0 * polygon::area(points) / polygon::perimeter(points)),
            Self::Rectangle { width, height, .. } if width < height => ("width", *width),
            Self::Rectangle { height, .. } => ("height", *height),
            Self::Circle { radius, .. } => ("radius", *radius),
            Self::Point(_) => return Ok(()),
        };
        if size >= MIN_SIZE_PX {
            return Ok(());
        }
        let (is, least) = (crate::brief(size), format!("no page shows less than {MIN_SIZE_PX} px"));
        let message = match self {
            Self::Line { .. } => format!("the line is {is} px long, and {least}"),
            Self::Polyline(_) => format!("the polyline is {is} px long, and {least}"),
            Self::Polygon(_) => format!("the polygon is {is} px wide, and {least}"),
            _ => format!("is {is} px, and {least}"),
        };
        Err(GeometryError::new(path, message))
    }

    /// The object as it is kept. A rectangle of negative size, dragged to the left or upwards, gets its upper left
    /// corner and positive size, as whoever draws it expects; all else stays as it came.
    pub fn kept(kind: GeometryType, mut data: Value) -> Value {
        if let (GeometryType::Rectangle, Ok(Self::Rectangle { corner, width, height })) =
            (kind, Self::parse(kind, &data))
        {
            for (side, place, size, from) in
                [("width", "x", width, corner.x), ("height", "y", height, corner.y)]
            {
                if data[side].as_f64().is_some_and(|s| s < 0.0) {
                    (data[side], data[place]) = (size.into(), from.into());
                }
            }
        }
        data
    }

    /// The smallest upright box around it, page pixels; without size for a point.
    pub fn bounds(&self) -> PxRect {
        let around = |points: &[PxPoint]| {
            let (mut low, mut high) = (points[0], points[0]);
            for p in points {
                (low.x, low.y) = (low.x.min(p.x), low.y.min(p.y));
                (high.x, high.y) = (high.x.max(p.x), high.y.max(p.y));
            }
            PxRect::from_corners(low, high)
        };
        match self {
            Self::Line { start, end } => around(&[*start, *end]),
            Self::Polyline(points) | Self::Polygon(points) => around(points),
            Self::Rectangle { corner, width, height } => PxRect::new(corner.x, corner.y, *width, *height),
            Self::Circle { center, radius: r } => PxRect::new(center.x - r, center.y - r, 2.0 * r, 2.0 * r),
            Self::Point(at) => around(&[*at]),
        }
    }

    pub const fn kind(&self) -> GeometryType {
        match self {
            Self::Line { .. } => GeometryType::Line,
            Self::Polyline(_) => GeometryType::Polyline,
            Self::Polygon(_) => GeometryType::Polygon,
            Self::Rectangle { .. } => GeometryType::Rectangle,
            Self::Circle { .. } => GeometryType::Circle,
            Self::Point(_) => GeometryType::Point,
        }
    }
}

/// Keys under which clients write parts that are cut out of a shape.
const HOLES: [&str; 3] = ["holes", "cutouts", "interiors"];

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn number(object: &Value, path: &str, key: &str) -> Result<f64, GeometryError> {
    let at = joined(path, key);
    let value = object.get(key).ok_or_else(|| GeometryError::new(&at, "is missing"))?;
    let number = value
        .as_f64()
        .ok_or_else(|| GeometryError::new(&at, format!("must be a number, not {}", kind_of(value))))?;
    if !number.is_finite() || number.abs() > MAX_COORDINATE_PX {
        let message = format!("must be within {MAX_COORDINATE_PX} px, not {}", crate::brief(number));
        return Err(GeometryError::new(at, message));
    }
    Ok(number)
}

fn point_of(value: &Value, path: &str) -> Result<PxPoint, GeometryError> {
    if !value.is_object() {
        return Err(GeometryError::new(path, format!("must be a point {{x, y}}, not {}", kind_of(value))));
    }
    Ok(PxPoint::new(number(value, path, "x")?, number(value, path, "y")?))
}

fn point(object: &Value, key: &str) -> Result<PxPoint, GeometryError> {
    let value = object.get(key).ok_or_else(|| GeometryError::new(key, "is missing"))?;
    point_of(value, key)
}

fn points(object: &Value, at_least: usize) -> Result<Vec<PxPoint>, GeometryError> {
    let value = object.get("points").ok_or_else(|| GeometryError::new("points", "is missing"))?;
    let array = value.as_array().ok_or_else(|| {
        GeometryError::new("points", format!("must be an array of points, not {}", kind_of(value)))
    })?;
    if array.len() < at_least {
        let message = format!("needs at least {at_least} points, has {}", array.len());
        return Err(GeometryError::new("points", message));
    }
    if array.len() > MAX_POINTS {
        let message = format!("has {} points, at most {MAX_POINTS} are allowed", array.len());
        return Err(GeometryError::new("points", message));
    }
    array.iter().enumerate().map(|(i, v)| point_of(v, &format!("points[{i}]"))).collect()
}

/// A ring without repeated neighbours that encloses an area once.
fn ring(points: Vec<PxPoint>) -> Result<Vec<PxPoint>, GeometryError> {
    let mut numbered: Vec<(usize, PxPoint)> = (1..).zip(points).collect();
    numbered.dedup_by_key(|(_, point)| *point);
    while numbered.len() > 1 && numbered.first().map(|n| n.1) == numbered.last().map(|n| n.1) {
        numbered.pop();
    }
    let points: Vec<PxPoint> = numbered.iter().map(|(_, point)| *point).collect();
    if points.len() < 3 {
        let message = format!("needs at least 3 different points, has {}", points.len());
        return Err(GeometryError::new("points", message));
    }
    if let Some(crossing) = polygon::first_crossing(&points) {
        let (a, b) = (numbered[crossing.edges.0].0, numbered[crossing.edges.1].0);
        let message = format!(
            "the polygon crosses itself near ({:.1}, {:.1}): the edges that begin at its points {a} and {b}",
            crossing.at.x, crossing.at.y
        );
        return Err(GeometryError::new("points", message));
    }
    if polygon::area(&points) == 0.0 {
        return Err(GeometryError::new("points", "the polygon encloses no area"));
    }
    if polygon::touches_itself(&points) && !polygon::encloses_once(&points) {
        return Err(GeometryError::new("points", "the polygon crosses itself where it touches itself"));
    }
    Ok(points)
}

fn rectangle(data: &Value) -> Result<Geometry, GeometryError> {
    let side = |key: &str| {
        let value = number(data, "", key)?;
        if value == 0.0 { Err(GeometryError::new(key, "must not be 0")) } else { Ok(value) }
    };
    let (x, y) = (number(data, "", "x")?, number(data, "", "y")?);
    let (width, height) = (side("width")?, side("height")?);
    let corner = PxPoint::new(x + width.min(0.0), y + height.min(0.0));
    Ok(Geometry::Rectangle { corner, width: width.abs(), height: height.abs() })
}
