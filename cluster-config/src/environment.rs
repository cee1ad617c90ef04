//! The only reader of environment variables.

/// The process's variables, or a test's.
#[derive(Debug, Clone, Default)]
pub struct Variables(pub std::collections::BTreeMap<String, String>);

impl Variables {
    #[expect(clippy::disallowed_methods, reason = "the one door through which the environment comes in")]
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// A variable that is set and not blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
    }
}
