//! The implementation of TLS that every client of this program speaks with.

/// Makes ring the one of this process; what was chosen before it stays.
pub(crate) fn install() {
    // An error says that one is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
