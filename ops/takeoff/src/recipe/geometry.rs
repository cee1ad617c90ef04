//! Traced geometry of a recipe, as the engine takes it.

use serde_json::{Value, json};
use takeoff_core::model::GeometryType;

use super::MeasurePart;

impl MeasurePart {
    /// The geometry of each measurement as the engine takes it, or what is missing. Several points are
    /// several measurements, everything else is one.
    pub(crate) fn geometries(&self) -> Result<Vec<Value>, String> {
        match (self.geometry, self.points.as_deref()) {
            (GeometryType::Point, Some([])) => Err("`points` is empty".to_owned()),
            (GeometryType::Point, Some(points)) => {
                Ok(points.iter().map(|[x, y]| json!({"x": x, "y": y})).collect())
            }
            _ => self.geometry().map(|one| vec![one]),
        }
    }

    /// Keys that are given and say nothing to a shape of its type as it is written.
    pub(crate) fn in_vain(&self) -> impl Iterator<Item = &'static str> {
        let by_points = self.points.is_some();
        let takes: &[&str] = match self.geometry {
            GeometryType::Line | GeometryType::Point if by_points => &["points"],
            GeometryType::Line => &["start", "end"],
            GeometryType::Polyline | GeometryType::Polygon => &["points"],
            GeometryType::Rectangle => &["x", "y", "width", "height"],
            GeometryType::Circle => &["center", "radius"],
            GeometryType::Point => &["x", "y"],
        };
        let given = [
            ("points", by_points),
            ("start", self.start.is_some()),
            ("end", self.end.is_some()),
            ("center", self.center.is_some()),
            ("radius", self.radius.is_some()),
            ("x", self.x.is_some()),
            ("y", self.y.is_some()),
            ("width", self.width.is_some()),
            ("height", self.height.is_some()),
        ];
        given.into_iter().filter(|(key, given)| *given && !takes.contains(key)).map(|(key, _)| key)
    }

    fn geometry(&self) -> Result<Value, String> {
        let point = |p: [f64; 2]| json!({"x": p[0], "y": p[1]});
        let need = |what: &str| format!("a {:?} needs `{what}`", self.geometry).to_lowercase();
        Ok(match self.geometry {
            GeometryType::Line => {
                // Two points say the same as start and end.
                let (start, end) = match self.points.as_deref() {
                    Some([start, end]) => (Some(*start), Some(*end)),
                    Some(_) => return Err("a line has two points".to_owned()),
                    None => (self.start, self.end),
                };
                json!({
                    "start": point(start.ok_or_else(|| need("start"))?),
                    "end": point(end.ok_or_else(|| need("end"))?),
                })
            }
            GeometryType::Polyline | GeometryType::Polygon => {
                let points = self.points.as_ref().ok_or_else(|| need("points"))?;
                json!({ "points": points.iter().map(|p| point(*p)).collect::<Vec<_>>() })
            }
            GeometryType::Rectangle => json!({
                "x": self.x.ok_or_else(|| need("x"))?,
                "y": self.y.ok_or_else(|| need("y"))?,
                "width": self.width.ok_or_else(|| need("width"))?,
                "height": self.height.ok_or_else(|| need("height"))?,
            }),
            GeometryType::Circle => json!({
                "center": point(self.center.ok_or_else(|| need("center"))?),
                "radius": self.radius.ok_or_else(|| need("radius"))?,
            }),
            GeometryType::Point => json!({
                "x": self.x.ok_or_else(|| need("points"))?,
                "y": self.y.ok_or_else(|| need("points"))?,
            }),
        })
    }
}
