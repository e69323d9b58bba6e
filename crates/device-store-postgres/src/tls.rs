//! Encrypted connections, checked like those of a browser: with the certificates of the system or with those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::Address;
use crate::error::OpenError;

/// What makes connections to the address encrypted, if they may be. A server whose certificate does not fit is not talked to, whatever `sslmode` says.
pub(crate) fn connector(
    address: &Address,
    ca_file: Option<&Path>,
) -> Result<MakeRustlsConnect, OpenError> {
    let roots = if address.may_use_tls() { roots(ca_file)? } else { RootCertStore::empty() };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Certificates(error.to_string().into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = ca_file else {
        // A system without certificates, or with odd ones, is no reason not to talk to a server that needs none of them.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let unread = |reason: &dyn std::fmt::Display| {
        OpenError::Certificates(format!("`{}`: {reason}", file.display()).into())
    };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unread(&error))?;
        roots.add(certificate).map_err(|error| unread(&error))?;
    }
    if roots.is_empty() {
        return Err(unread(&"there is no certificate in it"));
    }
    Ok(roots)
}
