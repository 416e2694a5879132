//! Images in registries: the distribution specification's pull, with its manifests read whole and its layers streamed.

mod challenge;
mod credentials;
mod failure;
mod session;
mod trust;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use oci_spec::distribution::Reference;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};
use tokio::sync::Mutex;
use tokio::time::timeout;

pub(super) use failure::{Failure, FailureKind};

use super::docker::familiar;
use super::environment::Environment;
use super::error::ImageError;
use super::holder::{Blob, Holder};
use super::network::Network;
use super::oci::{self, Variants};
use super::store::Section;
use super::stream::digest_of_bytes;
use credentials::Credentials;
use session::Session;

const CONNECT: Duration = Duration::from_secs(10);
/// The longest a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// The longest a registry may take to say what a name stands for, attempts and all.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_REDIRECTS: usize = 5;

/// How registries are spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryAccess {
    /// Registries, as `host` or `host:port`, that may be spoken to over plain http. This machine always may.
    pub insecure: Vec<String>,
    /// Files with certificates, in PEM form, of authorities to trust beside the system's.
    pub authorities: Vec<PathBuf>,
}

/// A repository, and the image that is meant in it.
#[derive(Debug)]
pub(super) struct Registry {
    reference: Reference,
    network: Arc<Network>,
    session: Arc<Session>,
    /// The manifest or index of the image.
    top: Vec<u8>,
}

impl Registry {
    /// Finds an image in its registry.
    pub(super) fn open(
        reference: &Reference,
        access: &RegistryAccess,
        environment: &Environment,
    ) -> Result<Self, ImageError> {
        let open = || {
            let mut found = Self::connect(reference, access, environment)?;
            let wanted = found.wanted();
            found.top = found.ask(|session| async move { session.manifest(&wanted).await })?;
            Ok(found)
        };
        open().map_err(|failure| failed(reference, failure))
    }

    /// The digest of what a tag stands for: of the index, where the image is there for several platforms. It is that of the bytes the
    /// registry sends. A registry that has not sent them after [`PATIENCE`] is given up.
    pub(super) fn digest(
        reference: &Reference,
        access: &RegistryAccess,
        environment: &Environment,
    ) -> Result<String, Failure> {
        let found = Self::connect(reference, access, environment)?;
        let wanted = found.wanted();
        let top = found.ask(|session| async move {
            let late = |_| Err(Failure::new(FailureKind::Unreachable, "it does not answer in time"));
            timeout(PATIENCE, session.manifest(&wanted)).await.unwrap_or_else(late)
        })?;
        // What is no manifest has a digest all the same.
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&top)
            .ok()
            .filter(|document| document.contains_key("schemaVersion"))
            .ok_or_else(|| Failure::lasting("it sends no manifest"))?;
        Ok(digest_of_bytes(&top))
    }

    /// Gets ready to ask a registry for an image.
    fn connect(reference: &Reference, access: &RegistryAccess, environment: &Environment) -> Result<Self, Failure> {
        let unable = |e: std::io::Error| Failure::lasting(format!("the network cannot be used: {e}"));
        let network = Network::start().map_err(unable)?;
        let registry = reference.registry();
        let credentials = Credentials::find(registry, reference.repository(), environment);
        let is_plain_allowed = is_this_machine(registry) || access.insecure.iter().any(|name| name == registry);
        let http = client(registry, access, environment, is_plain_allowed)?;
        let address = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let session = |scheme: &str| -> Result<Session, Failure> {
            let root = Url::parse(&format!("{scheme}://{address}/"));
            Ok(Session {
                http: http.clone(),
                root: root.map_err(|_| Failure::lasting("its address cannot be understood"))?,
                repository: reference.repository().to_owned(),
                credentials: credentials.clone(),
                authorization: Mutex::new(None),
            })
        };
        let mut chosen = Arc::new(session("https")?);
        if is_plain_allowed {
            // A server without TLS answers the greeting with garbage; one with a bad certificate is not spoken to in plain.
            let asked = Arc::clone(&chosen);
            let answer = network.wait(async move { timeout(PATIENCE, asked.ping()).await });
            // One that says nothing at all is asked the real question, and fails with that.
            let answer = answer.map_err(unable)?.unwrap_or(Ok(()));
            if answer.is_err_and(|failure| failure.kind != FailureKind::Certificate) {
                chosen = Arc::new(session("http")?);
            }
        }
        Ok(Self { reference: reference.clone(), network, session: chosen, top: Vec::new() })
    }

    /// The digest or tag that is meant.
    fn wanted(&self) -> String {
        self.reference.digest().or(self.reference.tag()).unwrap_or("latest").to_owned()
    }

    /// The image that the reference means.
    pub(super) fn variants(&self) -> Result<Variants<'_>, ImageError> {
        let digest = self.reference.digest().map_or_else(|| digest_of_bytes(&self.top), str::to_owned);
        oci::behind(self, &self.top, &digest, vec![self.tag()])
    }

    /// `name:tag` as the image would be called once pulled.
    fn tag(&self) -> String {
        let (registry, repository) = (self.reference.registry(), self.reference.repository());
        let tag = self.reference.tag().map_or_else(String::new, |tag| format!(":{tag}"));
        let digest = self.reference.digest().filter(|_| tag.is_empty()).map_or_else(String::new, |d| format!("@{d}"));
        familiar(&format!("{registry}/{repository}{tag}{digest}"))
    }

    fn fetch<F>(&self, ask: impl FnOnce(Arc<Session>) -> F) -> Result<Vec<u8>, ImageError>
    where
        F: Future<Output = Result<Vec<u8>, Failure>> + Send + 'static,
    {
        self.ask(ask).map_err(|failure| failed(&self.reference, failure))
    }

    fn ask<F>(&self, ask: impl FnOnce(Arc<Session>) -> F) -> Result<Vec<u8>, Failure>
    where
        F: Future<Output = Result<Vec<u8>, Failure>> + Send + 'static,
    {
        let answer = self.network.wait(ask(Arc::clone(&self.session)));
        answer.unwrap_or_else(|e| Err(Failure::lasting(e.to_string())))
    }
}

impl Holder for Registry {
    fn place(&self) -> String {
        self.reference.to_string()
    }

    fn manifest(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let digest = digest.to_owned();
        absent(self.fetch(|session| async move { session.manifest(&digest).await }))
    }

    fn document(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let digest = digest.to_owned();
        absent(self.fetch(|session| async move { session.blob(&digest).await }))
    }

    fn layer(&self, blob: &Blob) -> Result<Option<Section>, ImageError> {
        let (Some(digest), Some(size)) = (blob.digest.clone(), blob.size) else { return Ok(None) };
        let (session, is_foreign) = (Arc::clone(&self.session), blob.is_foreign);
        let body = self.network.body(move |sink| async move {
            session.download(&digest, size, &sink).await.map_err(|failure| {
                let reason = match failure.kind {
                    FailureKind::Absent if is_foreign => {
                        "its licence keeps it out of registries, and the registry does not have it".to_owned()
                    }
                    FailureKind::Absent => format!("the registry does not have the blob {digest}"),
                    _ => failure.reason,
                };
                std::io::Error::other(reason)
            })
        });
        Ok(Some(Section::addressed(size, body)))
    }
}

fn absent(answer: Result<Vec<u8>, ImageError>) -> Result<Option<Vec<u8>>, ImageError> {
    match answer {
        Err(ImageError::Absent { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

fn failed(reference: &Reference, failure: Failure) -> ImageError {
    let registry = reference.registry();
    let place = reference.to_string();
    let hint = failure.hint.or_else(|| match failure.kind {
        FailureKind::Certificate => Some(format!(
            "if the registry's certificate is from an authority of your own, name it: --registry-ca FILE, or \
             /etc/docker/certs.d/{registry}/ca.crt"
        )),
        _ if failure.reason.contains("InvalidContentType") => {
            Some(format!("the registry seems to speak plain http; if that is meant: --insecure-registry {registry}"))
        }
        _ => None,
    });
    match failure.kind {
        FailureKind::Absent => ImageError::Absent { place, reason: failure.reason },
        _ => ImageError::Remote { place, reason: failure.reason, hint },
    }
}

fn client(
    registry: &str,
    access: &RegistryAccess,
    environment: &Environment,
    is_plain_allowed: bool,
) -> Result<Client, Failure> {
    let mut builder = Client::builder()
        .user_agent(concat!("dockgate/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(Policy::custom(move |attempt| follow(attempt, is_plain_allowed)));
    if is_this_machine(registry) {
        builder = builder.no_proxy();
    }
    let builder = trust::extend(builder, registry, &access.authorities, environment)?;
    builder.build().map_err(Failure::from)
}

/// Blobs are mostly fetched from somewhere else; never from where others read along, unless that is allowed anyway.
fn follow(attempt: Attempt<'_>, is_plain_allowed: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("the registry sends the request around in circles");
    }
    if attempt.url().scheme() != "https" && !is_plain_allowed {
        return attempt.error("the registry sends the request on to where it would be readable by others");
    }
    attempt.follow()
}

/// Whether `host[:port]` is this machine, as engines see it.
fn is_this_machine(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
