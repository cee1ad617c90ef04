//! How a node is linked to the others. Links carry hints: without them everything still happens, later.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::node::NodeConfig;
use crate::object_store::Secret;
use crate::settings::Setting;

/// Shortest cookie that is taken, characters.
const COOKIE_MIN: usize = 32;

/// Most seeds that are taken.
const SEEDS_MAX: usize = 64;

/// Files in PEM that prove who a node is; all or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the cluster's own authority.
    pub ca: Option<PathBuf>,
    /// The node's certificate, signed by it, for client and server use.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkConfig {
    /// Nodes of another cluster are refused.
    pub cluster: String,
    /// `None`: no links.
    pub listen: Option<SocketAddr>,
    /// `HOST:PORT` that the others are told; `None` tells where it listens, or the node's name where that is every
    /// address of the machine.
    pub advertise: Option<String>,
    /// `HOST:PORT` of nodes that are asked first.
    pub seeds: Vec<String>,
    /// What all nodes of the cluster know.
    pub cookie: Secret,
    /// Where it is read from at the start.
    pub cookie_file: Option<PathBuf>,
    pub tls: TlsFiles,
    /// A linked node that is silent for so long is no member until it is heard of again.
    pub suspect_ms: u64,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            cluster: "takeoff".to_owned(),
            listen: None,
            advertise: None,
            seeds: Vec::new(),
            cookie: Secret::default(),
            cookie_file: None,
            tls: TlsFiles::default(),
            suspect_ms: 3_000,
        }
    }
}

impl LinkConfig {
    /// The cookie, out of its file if it is in one.
    ///
    /// # Errors
    /// What is wrong with the file, without anything that is in it.
    pub fn cookie(&self) -> Result<Secret, String> {
        let Some(path) = &self.cookie_file else { return Ok(self.cookie.clone()) };
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("`cluster.cookie_file` {shown}: {e}"))?;
        secret_cookie(&text).map_err(|why| format!("`cluster.cookie_file` {shown}: {why}"))
    }

    /// What does not go together, by setting.
    pub(crate) fn conflicts(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut wrong = |key, why: &str| found.push((key, why.to_owned()));
        let (in_text, in_file) = (!self.cookie.is_empty(), self.cookie_file.is_some());
        let TlsFiles { ca, cert, key } = &self.tls;
        let tls = [("cluster.tls_ca", ca), ("cluster.tls_cert", cert), ("cluster.tls_key", key)];
        let given = tls.iter().filter(|(_, file)| file.is_some()).count();
        if (1..3).contains(&given) {
            for (key, _) in tls.into_iter().filter(|(_, file)| file.is_none()) {
                wrong(
                    key,
                    "is wanting: of `cluster.tls_ca`, `cluster.tls_cert` and `cluster.tls_key` all are set or none",
                );
            }
        }
        if in_text && in_file {
            wrong("cluster.cookie_file", "is set beside `cluster.cookie`: the cookie is in one place");
        }
        if self.listen.is_none() {
            let unused = [
                ("cluster.cookie", in_text),
                ("cluster.cookie_file", in_file),
                ("cluster.advertise", self.advertise.is_some()),
                ("cluster.seeds", !self.seeds.is_empty()),
                ("cluster.tls_ca", given == 3),
            ];
            for (key, _) in unused.into_iter().filter(|(_, set)| *set) {
                wrong(key, "is set without `cluster.listen`: the node would have no links");
            }
        }
        if self.listen.is_some() && !in_text && !in_file {
            wrong(
                "cluster.listen",
                "is set without `cluster.cookie` or `cluster.cookie_file`: anybody could join",
            );
        }
        found
    }
}

fn secret_cookie(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    if !text.is_empty() && (text.len() < COOKIE_MIN || !plain) {
        // The value itself never appears in a message.
        return Err(format!("a cookie has at least {COOKIE_MIN} characters, none of them a space"));
    }
    Ok(Secret::new(text))
}

/// `HOST:PORT`, as other nodes name it.
fn reachable(text: &str) -> Result<String, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` must be HOST:PORT, such as node-2.internal:7400");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fits = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= 253 && host.chars().all(name),
    };
    if fits && port.parse::<u16>().is_ok_and(|port| port > 0) { Ok(text.to_owned()) } else { Err(wrong()) }
}

pub(crate) fn path(text: &str) -> Option<PathBuf> {
    Some(text.trim()).filter(|t| !t.is_empty()).map(PathBuf::from)
}

pub(crate) fn shown(path: &Option<PathBuf>) -> String {
    path.as_ref().map(|p| p.display().to_string()).unwrap_or_default()
}

macro_rules! file {
    ($key:literal, $($field:ident).+, $doc:literal) => {
        Setting {
            key: $key,
            alias: None,
            unit: "",
            bounds: "a path",
            doc: $doc,
            set: |c: &mut NodeConfig, raw| {
                c.cluster.links.$($field).+ = path(&raw.text()?);
                Ok(())
            },
            show: |c| shown(&c.cluster.links.$($field).+),
        }
    };
}

pub(crate) fn settings() -> Vec<Setting> {
    let mut all = addresses();
    all.extend(proofs());
    all.push(Setting {
        key: "cluster.suspect_ms",
        alias: None,
        unit: "ms",
        bounds: "500 to 8000",
        doc: "A linked node that is silent for so long is no member until it is heard of again; after three times that the \
              link is made anew.",
        set: |c, raw| {
            c.cluster.links.suspect_ms = raw.integer(500, 8_000)?;
            Ok(())
        },
        show: |c| c.cluster.links.suspect_ms.to_string(),
    });
    all
}

fn addresses() -> Vec<Setting> {
    vec![
        Setting {
            key: "cluster.name",
            alias: None,
            unit: "",
            bounds: "1 to 64 characters",
            doc: "Name of the cluster; letters, digits, `-` and `_`. A node of another one is refused by the links.",
            set: |c, raw| {
                let name = raw.text()?;
                let fits = |ch: char| ch.is_ascii_alphanumeric() || ch == '-' || ch == '_';
                if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
                    return Err("must be 1 to 64 letters, digits, `-` or `_`".to_owned());
                }
                c.cluster.links.cluster = name;
                Ok(())
            },
            show: |c| c.cluster.links.cluster.clone(),
        },
        Setting {
            key: "cluster.listen",
            alias: None,
            unit: "",
            bounds: "ADDRESS:PORT",
            doc: "Where the node listens for links of other nodes; empty has none, and the nodes meet in the store alone.",
            set: |c, raw| {
                let text = raw.text()?;
                let wrong = |_| "must be ADDRESS:PORT, such as 10.0.0.5:7400".to_owned();
                let text = text.trim();
                c.cluster.links.listen =
                    if text.is_empty() { None } else { Some(text.parse().map_err(wrong)?) };
                Ok(())
            },
            show: |c| c.cluster.links.listen.map(|a| a.to_string()).unwrap_or_default(),
        },
        Setting {
            key: "cluster.advertise",
            alias: None,
            unit: "",
            bounds: "HOST:PORT",
            doc: "Where the other nodes reach `cluster.listen`; empty tells them that address itself, or `node.name` as \
                  the host where that is every address of the machine. With TLS the certificate is for this host.",
            set: |c, raw| {
                let text = raw.text()?;
                c.cluster.links.advertise =
                    if text.trim().is_empty() { None } else { Some(reachable(&text)?) };
                Ok(())
            },
            show: |c| c.cluster.links.advertise.clone().unwrap_or_default(),
        },
        Setting {
            key: "cluster.seeds",
            alias: None,
            unit: "",
            bounds: "HOST:PORT, at most 64",
            doc: "Nodes that this one asks first; the others it hears of from them. Comma-separated in the environment; \
                  this node's own address does no harm.",
            set: |c, raw| {
                let seeds = raw.list()?.iter().map(|s| reachable(s)).collect::<Result<Vec<_>, _>>()?;
                if seeds.len() > SEEDS_MAX {
                    return Err(format!("must be at most {SEEDS_MAX}"));
                }
                c.cluster.links.seeds = seeds;
                Ok(())
            },
            show: |c| c.cluster.links.seeds.join(","),
        },
    ]
}

fn proofs() -> Vec<Setting> {
    vec![
        Setting {
            key: "cluster.cookie",
            alias: None,
            unit: "",
            bounds: "at least 32 characters",
            doc: "What every node of the cluster knows and proves to know before it is linked; never shown.",
            set: |c, raw| {
                c.cluster.links.cookie = secret_cookie(&raw.text()?)?;
                Ok(())
            },
            show: |c| c.cluster.links.cookie.shown().to_owned(),
        },
        file!("cluster.cookie_file", cookie_file, "File that holds the cookie instead, read at the start."),
        file!(
            "cluster.tls_ca",
            tls.ca,
            "Certificates (PEM) of the cluster's own authority. With it links are encrypted and both ends have to show a \
             certificate that it signed; without, the network between the nodes has to be private."
        ),
        file!("cluster.tls_cert", tls.cert, "This node's certificate (PEM), for client and server use."),
        file!("cluster.tls_key", tls.key, "Its private key (PEM)."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Raw;

    const COOKIE: &str = "geheim-und-wirklich-lang-genug-ja";

    fn given(pairs: &[(&str, &str)]) -> LinkConfig {
        let mut config = NodeConfig::solo("d");
        for (key, value) in pairs {
            let setting = settings().into_iter().find(|s| s.key == format!("cluster.{key}")).unwrap();
            (setting.set)(&mut config, &Raw::Text((*value).to_owned())).unwrap();
        }
        config.cluster.links
    }

    fn keys(found: &[(&'static str, String)]) -> Vec<&'static str> {
        found.iter().map(|(key, _)| *key).collect()
    }

    #[test]
    fn what_belongs_together_is_asked_for_together() {
        assert_eq!(LinkConfig::default().conflicts(), []);
        let listens = [("listen", "10.0.0.1:7400"), ("cookie", COOKIE)];
        assert_eq!(given(&listens).conflicts(), []);
        assert_eq!(keys(&given(&listens[..1]).conflicts()), ["cluster.listen"]);
        assert_eq!(keys(&given(&listens[1..]).conflicts()), ["cluster.cookie"]);
        let twice = [listens[0], listens[1], ("cookie_file", "/c")];
        assert_eq!(keys(&given(&twice).conflicts()), ["cluster.cookie_file"]);
        let half = [listens[0], listens[1], ("tls_ca", "/ca.pem")];
        assert_eq!(keys(&given(&half).conflicts()), ["cluster.tls_cert", "cluster.tls_key"]);
        assert_eq!(keys(&given(&[("seeds", "a:1,b:2")]).conflicts()), ["cluster.seeds"]);
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for right in ["node-1:7400", "10.0.0.1:1", "[::1]:7400", "a.example.com:65535"] {
            assert_eq!(reachable(right).as_deref(), Ok(right));
        }
        for wrong in ["node-1", ":7400", "node 1:7400", "node:0", "node:70000", "http://node:7400", "[::g]:1"]
        {
            assert!(reachable(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cookie_is_long_and_not_shown_wherever_it_is() {
        assert!(!secret_cookie("geheim").unwrap_err().contains("geheim"));
        let links = given(&[("cookie", COOKIE)]);
        assert!(!format!("{links:?}").contains("geheim"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cookie");
        let from = given(&[("cookie_file", path.to_str().unwrap())]);
        assert!(from.cookie().unwrap_err().contains("cluster.cookie_file"));
        std::fs::write(&path, "geheim\n").unwrap();
        let why = from.cookie().unwrap_err();
        assert!(why.contains("at least 32") && !why.contains("geheim"), "{why}");
        std::fs::write(&path, format!("{COOKIE}\n")).unwrap();
        assert_eq!(from.cookie().unwrap(), links.cookie);
    }
}
