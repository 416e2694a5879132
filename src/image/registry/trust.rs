//! Whom to trust when a registry shows its certificate: the system's authorities, those the user names, and those that
//! Docker's and Podman's folders have for the registry.

use std::path::{Path, PathBuf};

use reqwest::{Certificate, ClientBuilder, Identity};

use super::super::environment::Environment;
use super::failure::Failure;

/// Folders that have a folder for each registry, as `host` or `host:port`.
fn folders(environment: &Environment) -> Vec<PathBuf> {
    let system = ["/etc/docker/certs.d", "/etc/containers/certs.d"].map(PathBuf::from);
    let docker = environment.docker_config().map(|folder| folder.join("certs.d"));
    let podman = environment.home().map(|home| home.join(".config/containers/certs.d"));
    system.into_iter().chain(docker).chain(podman).collect()
}

/// Adds authorities and the client's own certificate, where there is one for the registry.
pub(super) fn extend(
    mut client: ClientBuilder,
    registry: &str,
    authorities: &[PathBuf],
    environment: &Environment,
) -> Result<ClientBuilder, Failure> {
    let mut files: Vec<PathBuf> = authorities.to_vec();
    for folder in folders(environment) {
        let Ok(entries) = std::fs::read_dir(folder.join(registry)) else { continue };
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        found.sort();
        for file in found {
            match file.extension().and_then(|e| e.to_str()) {
                Some("crt") => files.push(file),
                Some("cert") => client = client.identity(identity(&file)?),
                _ => {}
            }
        }
    }
    for file in files {
        let certificates = Certificate::from_pem_bundle(&read(&file)?).map_err(|_| bad(&file, "certificates"))?;
        if certificates.is_empty() {
            return Err(bad(&file, "certificates"));
        }
        client = client.tls_certs_merge(certificates);
    }
    Ok(client)
}

/// The client certificate in `x.cert`, with its key beside it in `x.key`.
fn identity(file: &Path) -> Result<Identity, Failure> {
    let key = file.with_extension("key");
    let pem = [read(file)?, read(&key)?].join(&b'\n');
    Identity::from_pem(&pem).map_err(|_| bad(file, "a client certificate and its key"))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|e| Failure::lasting(format!("{} cannot be read: {e}", file.display())))
}

fn bad(file: &Path, wanted: &str) -> Failure {
    Failure::lasting(format!("{} does not hold {wanted} in PEM form", file.display()))
}
