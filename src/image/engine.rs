//! Images in the store of a Docker or Podman engine, which gives them out as one Docker archive: a stream that is read once,
//! from its start to its end.

mod address;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity as ClientIdentity, StatusCode, Url};
use serde::Deserialize;

pub(super) use address::{Address, EngineKind};

use super::docker::familiar;
use super::environment::Environment;
use super::error::ImageError;
use super::limits::MAX_DOCUMENT;
use super::network::{Body, Network};
use super::platform::Platform;
use super::registry::{Failure, FailureKind};

const CONNECT: Duration = Duration::from_secs(10);
/// How long an engine may take to tell of an image. An export may take its time to begin.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest an engine may be silent: older ones pack the whole image before they send its first byte.
const SILENCE: Duration = Duration::from_secs(900);

/// An engine that has the image.
#[derive(Debug)]
pub(super) struct Engine {
    kind: EngineKind,
    address: Address,
    network: Arc<Network>,
    http: Client,
    root: Url,
    name: String,
    /// What it tells of the image.
    pub(super) told: Told,
}

/// What an engine tells of an image.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Told {
    /// Digest of its config, or of its manifest where the engine keeps images in containerd.
    pub(super) id: String,
    pub(super) repo_tags: Option<Vec<String>>,
    pub(super) repo_digests: Option<Vec<String>>,
    /// Bytes of its layers.
    pub(super) size: u64,
    #[serde(rename = "RootFS")]
    root_fs: Option<ToldLayers>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ToldLayers {
    layers: Option<Vec<String>>,
}

impl Told {
    /// Diff ids of its layers, lowest first; none where the engine does not tell.
    pub(super) fn diff_ids(&self) -> &[String] {
        self.root_fs.as_ref().and_then(|layers| layers.layers.as_deref()).unwrap_or_default()
    }
}

impl Engine {
    /// Finds the engine of a kind that has the image `name`.
    pub(super) fn find(kind: EngineKind, name: &str, environment: &Environment) -> Result<Self, ImageError> {
        let place = place(kind, name);
        let failed = |failure: Failure| match failure.kind {
            FailureKind::Absent => ImageError::Absent { place: place.clone(), reason: failure.reason },
            _ => ImageError::Remote { place: place.clone(), reason: failure.reason, hint: failure.hint },
        };
        if !is_name(name) {
            return Err(failed(Failure::lasting("this is no name of an image")));
        }
        let addresses = address::addresses(kind, environment).map_err(|reason| failed(Failure::lasting(reason)))?;
        if addresses.is_empty() {
            let usual = address::usual(kind, environment);
            let usual: Vec<String> = usual.iter().map(|socket| socket.display().to_string()).collect();
            let variable = if kind == EngineKind::Docker { "DOCKER_HOST" } else { "CONTAINER_HOST" };
            let example = if cfg!(windows) { "npipe:////./pipe/NAME" } else { "unix:///PATH" };
            let failure = Failure::lasting(format!("no engine listens at {}", usual.join(", ")))
                .hint(format!("start the engine, or say where it listens: {variable}={example}"));
            return Err(failed(failure));
        }
        let network =
            Network::start().map_err(|e| failed(Failure::lasting(format!("the network cannot be used: {e}"))))?;
        let mut first = None;
        for address in &addresses {
            match Self::at(kind, address, &network, name) {
                Ok(engine) => return Ok(engine),
                Err(failure) => {
                    let reason = format!("{address}: {}", failure.reason);
                    first.get_or_insert(Failure { reason, ..failure });
                }
            }
        }
        Err(failed(first.unwrap_or_else(|| Failure::lasting("no engine answers"))))
    }

    fn at(kind: EngineKind, address: &Address, network: &Arc<Network>, name: &str) -> Result<Self, Failure> {
        let (http, root) = client(address)?;
        let url = join(&root, &format!("images/{name}/json"))?;
        let ask = http.clone();
        let told = network.wait(async move { tell(&ask, url).await });
        let told = told.unwrap_or_else(|e| Err(Failure::lasting(e.to_string())))?;
        let (network, address, name) = (Arc::clone(network), address.clone(), name.to_owned());
        Ok(Self { kind, address, network, http, root, name, told })
    }

    /// What it is called in messages.
    pub(super) fn place(&self) -> String {
        place(self.kind, &self.name)
    }

    /// The engine itself, for messages.
    pub(super) fn shown(&self) -> String {
        format!("the {} engine at {}", self.kind, self.address)
    }

    /// The image as a Docker archive.
    pub(super) fn export(&self, platform: Option<&Platform>) -> Result<Body, ImageError> {
        let url = join(&self.root, &format!("images/{}/get", self.name));
        let mut url = url.map_err(|f| ImageError::Remote { place: self.place(), reason: f.reason, hint: f.hint })?;
        if let Some(Platform { os, architecture, variant }) = platform {
            // Engines that keep one platform of an image do not look at it.
            let platform = serde_json::json!({"os": os, "architecture": architecture, "variant": variant});
            url.query_pairs_mut().append_pair("platform", &platform.to_string());
        }
        let http = self.http.clone();
        Ok(self.network.body(move |sink| async move {
            let other = |failure: Failure| std::io::Error::other(failure.reason);
            let mut response = http.get(url).send().await.map_err(|e| other(e.into()))?;
            if response.status() != StatusCode::OK {
                return Err(other(refusal(response).await));
            }
            while let Some(bytes) = response.chunk().await.map_err(|e| other(e.into()))? {
                if sink.send(&bytes).await.is_err() {
                    break;
                }
            }
            Ok(())
        }))
    }

    /// What the image is called: the names the engine has for it.
    pub(super) fn tags(&self) -> Vec<String> {
        self.told.repo_tags.iter().flatten().map(|tag| familiar(tag)).collect()
    }
}

fn place(kind: EngineKind, name: &str) -> String {
    format!("{name} in {kind}")
}

/// Whether a text can be the name, digest or id of an image, so that it can stand in an address as it is.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b));
    let is_path = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    !name.is_empty() && name.len() <= 512 && is_plain && is_path
}

fn join(root: &Url, path: &str) -> Result<Url, Failure> {
    root.join(path).map_err(|_| Failure::lasting("its address cannot be understood"))
}

fn client(address: &Address) -> Result<(Client, Url), Failure> {
    let mut builder = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE).no_proxy();
    let root = match address {
        Address::Socket(path) => {
            // Without TLS nobody's certificates are asked for, which not every machine has.
            builder = at_socket(builder, path).tls_certs_only(Vec::new());
            "http://localhost/".to_owned()
        }
        Address::Tcp { host, certificates: None } => {
            builder = builder.tls_certs_only(Vec::new());
            format!("http://{host}/")
        }
        Address::Tcp { host, certificates: Some(folder) } => {
            let (ca, certificate, key) = (pem(folder, "ca.pem")?, pem(folder, "cert.pem")?, pem(folder, "key.pem")?);
            let bad = |_| Failure::lasting(format!("{} does not hold certificates in PEM form", folder.display()));
            builder = builder
                .tls_certs_only(Certificate::from_pem_bundle(&ca).map_err(bad)?)
                .identity(ClientIdentity::from_pem(&[certificate, key].join(&b'\n')).map_err(bad)?);
            format!("https://{host}/")
        }
    };
    let root = Url::parse(&root).map_err(|_| Failure::lasting("its address cannot be understood"))?;
    Ok((builder.build()?, root))
}

#[cfg(unix)]
fn at_socket(builder: ClientBuilder, path: &Path) -> ClientBuilder {
    builder.unix_socket(path)
}

#[cfg(windows)]
fn at_socket(builder: ClientBuilder, path: &Path) -> ClientBuilder {
    builder.windows_named_pipe(path.as_os_str())
}

fn pem(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let file = folder.join(name);
    std::fs::read(&file).map_err(|e| Failure::lasting(format!("{} cannot be read: {e}", file.display())))
}

async fn tell(http: &Client, url: Url) -> Result<Told, Failure> {
    let response = http.get(url).timeout(ANSWER).send().await.map_err(|error| {
        let failure = Failure::from(error);
        match failure.reason.contains("Permission denied") {
            true => {
                failure.hint("run as a user who may use the engine's socket, or save the image and name the archive")
            }
            false => failure,
        }
    })?;
    if response.status() != StatusCode::OK {
        return Err(refusal(response).await);
    }
    let told = body(response).await?;
    serde_json::from_slice(&told).map_err(|_| Failure::lasting("what answers is not an engine"))
}

async fn refusal(response: reqwest::Response) -> Failure {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    let status = response.status();
    let said = body(response).await.ok().and_then(|said| serde_json::from_slice::<Said>(&said).ok());
    let words = said.map_or_else(|| format!("it answers {status}"), |said| said.message.chars().take(300).collect());
    let kind = if status == StatusCode::NOT_FOUND { FailureKind::Absent } else { FailureKind::Lasting };
    Failure::new(kind, words)
}

async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(run) = response.chunk().await? {
        if (bytes.len() + run.len()) as u64 > MAX_DOCUMENT {
            return Err(Failure::lasting("its answer is too long"));
        }
        bytes.extend_from_slice(&run);
    }
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
