//! TLS to the database, by the cryptography that the rest of the node uses.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_rustls::{TlsConnector, client};

use crate::error::StoreError;

/// By the name that it has in addresses.
const PROTOCOL: &[u8] = b"postgresql";

/// What is asked of the server, as `sslmode` of an address names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// `disable`, and `prefer`, which would give way to whoever says that there is no TLS.
    Off,
    /// `require`: TLS, with whoever answers; with certificates of authorities as `verify-ca`.
    Require,
    /// `verify-ca`: a certificate of an authority that is trusted, for whatever host.
    VerifyCa,
    /// `verify-full`: one for the host of the address.
    VerifyFull,
}

impl Mode {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "disable" | "prefer" => Some(Self::Off),
            "require" => Some(Self::Require),
            "verify-ca" => Some(Self::VerifyCa),
            "verify-full" => Some(Self::VerifyFull),
            _ => None,
        }
    }
}

/// How connections are encrypted, if they are.
#[derive(Clone)]
pub(super) struct Tls(Option<TlsConnector>);

impl Tls {
    /// `ca` is a file of the authorities that are trusted.
    ///
    /// # Errors
    /// `Unusable` when the file is none, or there is none and the mode needs it.
    pub(super) fn open(mode: Mode, ca: Option<&Path>) -> Result<Self, StoreError> {
        let mode = match (mode, ca) {
            (Mode::Off, _) => return Ok(Self(None)),
            (Mode::Require, Some(_)) => Mode::VerifyCa,
            (mode, _) => mode,
        };
        // Named, so that whatever else is built in does not choose another.
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| StoreError::Unusable(format!("TLS to the database cannot be set up: {e}")))?;
        let known = match (mode, ca) {
            (Mode::Require, _) => None,
            (_, Some(ca)) => Some(Arc::new(authorities(ca)?)),
            (_, None) => {
                let why = "the database address asks that the server's certificate is verified; set \
                           `database.tls_ca` to a file with the certificates (PEM) of its authority";
                return Err(StoreError::Unusable(why.to_owned()));
            }
        };
        let verifier = known.clone().map(|roots| {
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                .build()
                .map_err(|e| StoreError::Unusable(format!("`database.tls_ca`: {e}")))
        });
        let verifier = verifier.transpose()?;
        let mut config = match (mode, known) {
            (Mode::VerifyFull, Some(roots)) => builder.with_root_certificates(roots),
            _ => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(OfAnyHost { verifier, provider })),
        }
        .with_no_client_auth();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self(Some(TlsConnector::from(Arc::new(config)))))
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, StoreError> {
    let wrong = |why: String| StoreError::Unusable(format!("`database.tls_ca` {}: {why}", path.display()));
    let all = CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for authority in all {
        let authority = authority.map_err(|e| wrong(e.to_string()))?;
        roots.add(authority).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

/// Takes a certificate for whatever host; of whatever authority, too, where there is nothing to verify it by.
#[derive(Debug)]
struct OfAnyHost {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OfAnyHost {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(verifier) = &self.verifier else { return Ok(ServerCertVerified::assertion()) };
        match verifier.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last: all else is as it should be.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, io::Error> {
        Ok(Handshake { connector: self.0.clone(), host: host.to_owned() })
    }
}

/// With one server.
pub(super) struct Handshake {
    connector: Option<TlsConnector>,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            // Never so: nobody asks for TLS then.
            let connector = self.connector.ok_or_else(|| io::Error::other("no TLS is set up"))?;
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            connector.connect(name, stream).await.map(Box::new).map(Encrypted)
        })
    }
}

/// A connection under TLS. Boxed: what is as large would be part of every future that connects.
pub(super) struct Encrypted(Box<client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Why the server and this node do not come to terms, where it is that and no trouble of the network: somebody has to
/// change one of the two.
pub(super) fn refusal(e: &tokio_postgres::Error) -> Option<String> {
    // The error's kind is not told otherwise.
    if !e.to_string().starts_with("error performing TLS handshake") {
        return None;
    }
    let cause = std::error::Error::source(e)?;
    let Some(failed) = cause.downcast_ref::<io::Error>() else {
        // The server has said that it has none.
        return Some("it does not offer TLS, which the address asks for (sslmode)".to_owned());
    };
    let said = failed.get_ref()?.downcast_ref::<Error>()?;
    Some(match said {
        Error::InvalidCertificate(_) => {
            format!("its certificate is not trusted ({said}); `database.tls_ca` names whose are")
        }
        _ => format!("TLS with it does not come about ({said})"),
    })
}
