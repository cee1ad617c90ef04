/// The variables of the language; each is written in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Variable {
    Qty,
    Depth,
    Thickness,
    Perimeter,
    Count,
    Height,
    Width,
    Length,
    DepthFt,
    ThicknessFt,
    VolumeCf,
    VolumeCy,
}

impl Variable {
    pub const ALL: [Self; 12] = [
        Self::Qty,
        Self::Depth,
        Self::Thickness,
        Self::Perimeter,
        Self::Count,
        Self::Height,
        Self::Width,
        Self::Length,
        Self::DepthFt,
        Self::ThicknessFt,
        Self::VolumeCf,
        Self::VolumeCy,
    ];

    /// As written between the braces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qty => "qty",
            Self::Depth => "depth",
            Self::Thickness => "thickness",
            Self::Perimeter => "perimeter",
            Self::Count => "count",
            Self::Height => "height",
            Self::Width => "width",
            Self::Length => "length",
            Self::DepthFt => "depth_ft",
            Self::ThicknessFt => "thickness_ft",
            Self::VolumeCf => "volume_cf",
            Self::VolumeCy => "volume_cy",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.name() == name)
    }
}

/// What a condition gives to its formulas. What it does not know is 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Inputs {
    /// In the condition's unit.
    pub qty: f64,
    /// Inches.
    pub depth: f64,
    /// Inches.
    pub thickness: f64,
    /// Feet.
    pub perimeter: f64,
    pub count: f64,
    /// Feet.
    pub height: f64,
    /// Feet.
    pub width: f64,
    /// Feet.
    pub length: f64,
    /// Cubic feet, where the quantity alone does not give them: a quantity in square yards, or one that
    /// is a volume already. `None` takes quantity times depth.
    pub volume_cf: Option<f64>,
}

/// Values of all variables, the derived ones included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variables {
    values: [f64; Variable::ALL.len()],
}

impl Variables {
    pub fn new(inputs: &Inputs) -> Self {
        let volume_cf = inputs.volume_cf.unwrap_or(inputs.qty * inputs.depth / 12.0);
        let values = [
            inputs.qty,
            inputs.depth,
            inputs.thickness,
            inputs.perimeter,
            inputs.count,
            inputs.height,
            inputs.width,
            inputs.length,
            inputs.depth / 12.0,
            inputs.thickness / 12.0,
            volume_cf,
            volume_cf / 27.0,
        ];
        Self { values }
    }

    pub fn get(&self, variable: Variable) -> f64 {
        self.values[variable as usize]
    }
}
