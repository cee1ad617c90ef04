//! Who may speak to a node's admin API.

use crate::node::NodeConfig;
use crate::object_store::Secret;
use crate::settings::Setting;

/// Shortest token that is taken, characters.
const TOKEN_MIN: usize = 16;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdminConfig {
    /// What requests to `/api/v1/admin` have to bring; empty lets in callers from the node's own machine alone.
    pub token: Secret,
}

pub(crate) fn settings() -> Vec<Setting> {
    vec![Setting {
        key: "admin.token",
        alias: None,
        unit: "",
        bounds: "at least 16 characters",
        doc: "What requests to `/api/v1/admin` bring as `Authorization: Bearer TOKEN`, never shown; empty answers \
              callers on the node's own machine only, by its name.",
        set: |c: &mut NodeConfig, raw| {
            let token = raw.text()?;
            let token = token.trim();
            let plain = token.bytes().all(|b| b.is_ascii_graphic());
            if !token.is_empty() && (token.len() < TOKEN_MIN || !plain) {
                // The value itself never appears in a message.
                return Err(format!("must have at least {TOKEN_MIN} characters, none of them a space"));
            }
            c.admin.token = Secret::new(token);
            Ok(())
        },
        show: |c| c.admin.token.shown().to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Raw;

    #[test]
    fn a_token_is_long_and_not_shown() {
        let mut config = NodeConfig::solo("d");
        let setting = settings().remove(0);
        let refused = (setting.set)(&mut config, &Raw::Text("geheim".to_owned())).unwrap_err();
        assert!(!refused.contains("geheim"));
        (setting.set)(&mut config, &Raw::Text("geheim-und-lang-genug".to_owned())).unwrap();
        assert!(!format!("{config:?} {}", (setting.show)(&config)).contains("geheim"));
        (setting.set)(&mut config, &Raw::Text(String::new())).unwrap();
        assert!(config.admin.token.is_empty());
    }
}
