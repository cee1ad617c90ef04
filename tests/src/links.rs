//! What linked nodes bring: a cookie, an authority of their own, certificates and addresses.

use std::net::SocketAddr;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// The cookie of all nodes of a test.
pub const COOKIE: &str = "a-cookie-of-which-only-tests-know";

/// Signs certificates for nodes of this machine.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

/// Where a node is linked, and with what it proves to be one.
pub struct Place {
    name: String,
    address: String,
    files: [String; 3],
}

impl Authority {
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let ca = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("ca.pem"), ca.pem()).expect("a file");
        Self { issuer: Issuer::new(params, key), folder }
    }

    /// The file of its own certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server's certificate and key (PEM) for this host.
    pub fn certificate(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        let cert = params.signed_by(&key, &self.issuer).expect("a certificate");
        (cert.pem(), key.serialize_pem())
    }

    /// A certificate for 127.0.0.1 and a port that is free.
    pub fn place(&self, name: &str) -> Place {
        // Free until the node takes it: the system gives it to nobody else so soon.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        self.place_at(name, free.local_addr().expect("an address"))
    }

    /// A certificate for the address of a network of the test's own.
    pub fn place_at(&self, name: &str, address: SocketAddr) -> Place {
        let (cert, key) = self.certificate(&address.ip().to_string());
        let file = |name: String, text: Option<String>| {
            let path: PathBuf = self.folder.path().join(name);
            if let Some(text) = text {
                std::fs::write(&path, text).expect("a file");
            }
            path.to_str().expect("a path of text").to_owned()
        };
        let files = [
            file("ca.pem".to_owned(), None),
            file(format!("{name}.pem"), Some(cert)),
            file(format!("{name}.key"), Some(key)),
        ];
        Place { name: name.to_owned(), address: address.to_string(), files }
    }
}

impl Place {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Environment of the node, with the one it is told of: of the others it hears.
    pub fn settings<'a>(&'a self, seed: Option<&'a Place>) -> Vec<(&'static str, &'a str)> {
        let mut settings = vec![
            ("TAKEOFF_CLUSTER_LISTEN", self.address.as_str()),
            ("TAKEOFF_CLUSTER_COOKIE", COOKIE),
            ("TAKEOFF_CLUSTER_TLS_CA", self.files[0].as_str()),
            ("TAKEOFF_CLUSTER_TLS_CERT", self.files[1].as_str()),
            ("TAKEOFF_CLUSTER_TLS_KEY", self.files[2].as_str()),
        ];
        settings.extend(seed.map(|seed| ("TAKEOFF_CLUSTER_SEEDS", seed.address.as_str())));
        settings
    }
}
