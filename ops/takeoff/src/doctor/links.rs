//! The files that links between nodes rest on: the cookie and the certificates.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use takeoff_config::LinkConfig;
use takeoff_engine::cluster;

use super::Finding;

pub(super) fn all(links: &LinkConfig) -> Vec<Finding> {
    if links.listen.is_none() {
        return vec![Finding::ok("links", "none: this node is not linked to others")];
    }
    let mut findings = Vec::new();
    let cookie = links.cookie_file.as_deref();
    findings.push(match (links.cookie(), cookie) {
        (Ok(found), _) if found.is_empty() => Finding::fail(
            "links cookie",
            "there is none",
            "set cluster.cookie_file to a file of at least 32 letters and digits, the same on all nodes",
        ),
        (Ok(_), Some(file)) => kept("links cookie", file),
        (Ok(_), None) => Finding::ok("links cookie", "it is in the settings"),
        (Err(why), _) => Finding::fail(
            "links cookie",
            why,
            "give the node's user a file of at least 32 letters and digits, the same on all nodes",
        ),
    });
    match cluster::check_tls(&links.tls) {
        Ok(false) => findings.push(Finding::warn(
            "links TLS",
            "none: what nodes say to each other can be read on the way",
            "set cluster.tls_ca, cluster.tls_cert and cluster.tls_key, unless the network is the nodes' own",
        )),
        Ok(true) => {
            findings.push(Finding::ok("links TLS", "authority, certificate and key can be read and go together"));
            findings.extend(links.tls.key.as_deref().map(|key| kept("links TLS key", key)));
        }
        Err(why) => findings.push(Finding::fail(
            "links TLS",
            why,
            "name files in PEM that the node's user may read: the authority's certificate, the node's own and its key",
        )),
    }
    findings
}

/// Whether a secret's file is the node's alone.
fn kept(check: &'static str, file: &Path) -> Finding {
    let mode = std::fs::metadata(file).map_or(0, |m| m.mode() & 0o777);
    let (what, advice) =
        (format!("{} has mode {mode:03o}", file.display()), format!("chmod 600 {}", file.display()));
    if mode & 0o007 != 0 {
        Finding::fail(check, format!("{what}: everybody may read it"), advice)
    } else if mode & 0o070 != 0 {
        Finding::warn(check, format!("{what}: its group may read it"), advice)
    } else {
        Finding::ok(check, what)
    }
}
