//! Mutual TLS between nodes: whoever shows no certificate of the cluster's own authority is not spoken to.

use std::path::Path;
use std::sync::Arc;

use takeoff_config::TlsFiles;
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// Both sides of a node's TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl Tls {
    /// `None` when no files are named.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub(crate) fn open(files: &TlsFiles) -> Result<Option<Self>, String> {
        let TlsFiles { ca: Some(ca), cert: Some(cert), key: Some(key) } = files else { return Ok(None) };
        let mut roots = RootCertStore::empty();
        for authority in certificates("cluster.tls_ca", ca)? {
            roots.add(authority).map_err(|e| said("cluster.tls_ca", ca, e))?;
        }
        let (roots, chain) = (Arc::new(roots), certificates("cluster.tls_cert", cert)?);
        let key_of = || PrivateKeyDer::from_pem_file(key).map_err(|e| said("cluster.tls_key", key, e));
        // Named, so that whatever else is built in does not choose another.
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .map_err(|e| said("cluster.tls_ca", ca, e))?;
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|e| said("cluster.tls_cert", cert, e))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key_of()?)
            .map_err(|e| said("cluster.tls_cert", cert, e))?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|e| said("cluster.tls_cert", cert, e))?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key_of()?)
            .map_err(|e| said("cluster.tls_cert", cert, e))?;
        Ok(Some(Self {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            connector: TlsConnector::from(Arc::new(client)),
        }))
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<server::TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// `address` is `HOST:PORT`; the other side's certificate is for that host.
    pub(crate) async fn connect(
        &self,
        address: &str,
        stream: TcpStream,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
        self.connector.connect(name, stream).await
    }
}

fn certificates(setting: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|e| said(setting, path, e))?
        .collect::<Result<_, _>>()
        .map_err(|e| said(setting, path, e))?;
    if all.is_empty() { Err(said(setting, path, "it holds no certificate in PEM")) } else { Ok(all) }
}

fn said(setting: &str, path: &Path, why: impl std::fmt::Display) -> String {
    format!("`{setting}` {}: {why}", path.display())
}
