//! The one way to the network: a client whose TLS is rustls with ring, and a runtime of the thread that asks.

use std::future::Future;
use std::io;
use std::sync::Once;
use std::time::Duration;

use thiserror::Error;

/// Seconds without a byte after which a transfer counts as dead.
const IDLE: Duration = Duration::from_secs(60);
/// Seconds a connection may take.
const CONNECT: Duration = Duration::from_secs(30);

/// Why there is no way to the network.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The client cannot be made: no certificates to trust, or a proxy that cannot be understood.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The runtime cannot be made.
    #[error("no network runtime can be made: {0}")]
    Runtime(#[from] io::Error),
}

/// Makes ring the cryptography of every TLS connection of this process. It has to be called before the first client is made,
/// also by a crate that makes its own.
pub fn install_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails only when there is a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A client: proxies as the environment names them, certificates as the system trusts them, at most five redirects.
///
/// # Errors
/// When the system's certificates or proxies cannot be read.
pub fn client() -> Result<reqwest::Client, HttpError> {
    install_cryptography();
    let client = reqwest::Client::builder()
        .user_agent(concat!("dockgate/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::limited(5));
    Ok(client.build()?)
}

/// Runs to its end what goes over the network, on the thread that asks.
///
/// # Errors
/// When no runtime can be made.
pub fn block_on<F: Future>(future: F) -> Result<F::Output, HttpError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}
