//! Values as they were given, before a setting takes them.

/// A raw value, from the file with its type or from the environment as text.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    List(Vec<String>),
}

impl Raw {
    pub fn from_toml(value: &toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(s) => Ok(Self::Text(s.clone())),
            toml::Value::Integer(i) => Ok(Self::Integer(*i)),
            toml::Value::Float(f) => Ok(Self::Float(*f)),
            toml::Value::Boolean(b) => Ok(Self::Bool(*b)),
            toml::Value::Array(items) => items
                .iter()
                .map(|i| i.as_str().map(str::to_owned).ok_or_else(|| "is a list of text only".to_owned()))
                .collect::<Result<_, _>>()
                .map(Self::List),
            toml::Value::Datetime(_) | toml::Value::Table(_) => Err("is not a plain value".to_owned()),
        }
    }

    pub(crate) fn text(&self) -> Result<String, String> {
        match self {
            Self::Text(s) => Ok(s.clone()),
            _ => Err("must be text".to_owned()),
        }
    }

    pub(crate) fn list(&self) -> Result<Vec<String>, String> {
        match self {
            Self::List(items) => Ok(items.clone()),
            Self::Text(s) => {
                Ok(s.split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect())
            }
            _ => Err("must be a list of text".to_owned()),
        }
    }

    pub(crate) fn integer(&self, low: u64, high: u64) -> Result<u64, String> {
        let wrong = || format!("must be a whole number from {low} to {high}");
        let value = match self {
            Self::Integer(i) => u64::try_from(*i).map_err(|_| wrong())?,
            Self::Text(s) => s.trim().parse::<u64>().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if (low..=high).contains(&value) { Ok(value) } else { Err(wrong()) }
    }

    pub(crate) fn number(&self, low: f64, high: f64) -> Result<f64, String> {
        let wrong = || format!("must be a number from {low} to {high}");
        let value = match self {
            Self::Integer(i) => *i as f64,
            Self::Float(f) => *f,
            Self::Text(s) => s.trim().parse::<f64>().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if (low..=high).contains(&value) { Ok(value) } else { Err(wrong()) }
    }

    pub(crate) fn boolean(&self) -> Result<bool, String> {
        match self {
            Self::Bool(b) => Ok(*b),
            Self::Text(s) => match s.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err("must be true or false".to_owned()),
            },
            _ => Err("must be true or false".to_owned()),
        }
    }
}
