//! A certificate for the loopback, and the authority that vouches for it.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Both made anew; keys and certificates as DER.
pub(crate) struct LoopbackCertificate {
    pub authority: Vec<u8>,
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

impl LoopbackCertificate {
    pub(crate) fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name of its own: OpenSSL takes a certificate whose issuer has the same name for one that signed itself.
        authority.distinguished_name.push(DnType::CommonName, "Loopback authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        Self {
            authority: authority.der().to_vec(),
            certificate: certificate.der().to_vec(),
            key: key.serialized_der().to_vec(),
        }
    }

    /// Writes certificate and key as PEM; answers their paths.
    pub(crate) fn write_to(&self, directory: &Path) -> [PathBuf; 2] {
        let paths = ["tls.crt", "tls.key"].map(|name| directory.join(name));
        std::fs::write(&paths[0], pem("CERTIFICATE", &self.certificate)).unwrap();
        std::fs::write(&paths[1], pem("PRIVATE KEY", &self.key)).unwrap();
        paths
    }

    pub(crate) fn authority_pem(&self) -> String {
        pem("CERTIFICATE", &self.authority)
    }
}

/// DER as PEM (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    let body = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}
