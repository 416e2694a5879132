//! Where engines listen: what the environment says, the context Docker's client is set to, and the usual sockets.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::environment::Environment;
use super::super::limits::MAX_DOCUMENT;
use super::super::stream::digest_of_bytes;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::image) enum EngineKind {
    Docker,
    Podman,
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
        })
    }
}

/// Where an engine is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image) enum Address {
    /// A socket in the file system; on Windows a named pipe.
    Socket(PathBuf),
    /// `host:port`, with the folder of `ca.pem`, `cert.pem` and `key.pem` when it is to be spoken to with TLS.
    Tcp { host: String, certificates: Option<PathBuf> },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Tcp { host, .. } => write!(f, "tcp://{host}"),
        }
    }
}

/// The part of a context's file that is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: String,
}

/// Where an engine may listen, the likeliest first; why not, when the user's choice cannot be followed. Of the usual
/// sockets only those are given that are there.
pub(super) fn addresses(kind: EngineKind, environment: &Environment) -> Result<Vec<Address>, String> {
    match kind {
        EngineKind::Docker => docker(environment),
        EngineKind::Podman => podman(environment),
    }
}

/// The usual sockets of an engine.
#[cfg(unix)]
pub(super) fn usual(kind: EngineKind, environment: &Environment) -> Vec<PathBuf> {
    let runtime = environment.path("XDG_RUNTIME_DIR").or_else(own_runtime);
    let (system, of_user) = match kind {
        EngineKind::Docker => ("/var/run/docker.sock", "docker.sock"),
        EngineKind::Podman => ("/run/podman/podman.sock", "podman/podman.sock"),
    };
    let mut sockets: Vec<PathBuf> = runtime.into_iter().map(|folder| folder.join(of_user)).collect();
    let desktop = environment.home().filter(|_| kind == EngineKind::Docker);
    sockets.extend(desktop.map(|home| home.join(".docker/run/docker.sock")));
    // Docker's own comes before those of a user, as for its client; Podman's client asks the user's first.
    let at = if kind == EngineKind::Docker { 0 } else { sockets.len() };
    sockets.insert(at, PathBuf::from(system));
    sockets
}

/// The usual pipe of an engine.
#[cfg(windows)]
pub(super) fn usual(kind: EngineKind, _: &Environment) -> Vec<PathBuf> {
    vec![PathBuf::from(match kind {
        EngineKind::Docker => r"\\.\pipe\docker_engine",
        EngineKind::Podman => r"\\.\pipe\podman-machine-default",
    })]
}

fn there(sockets: Vec<PathBuf>) -> Vec<Address> {
    sockets.into_iter().filter(|socket| socket.exists()).map(Address::Socket).collect()
}

fn docker(environment: &Environment) -> Result<Vec<Address>, String> {
    if let Some(host) = environment.get("DOCKER_HOST") {
        let certificates = environment
            .get("DOCKER_TLS_VERIFY")
            .and_then(|_| environment.path("DOCKER_CERT_PATH").or_else(|| environment.docker_config()));
        return parse(host, certificates).map(|address| vec![address]).map_err(|e| format!("DOCKER_HOST: {e}"));
    }
    let folder = environment.docker_config();
    let current = || -> Option<String> {
        let config = json(&folder.as_ref()?.join("config.json")).ok()?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    };
    let name = environment.get("DOCKER_CONTEXT").map(str::to_owned).or_else(current);
    match (name.filter(|name| !name.is_empty() && name != "default"), folder) {
        (Some(name), Some(folder)) => context(&folder, &name).map(|address| vec![address]),
        _ => Ok(there(usual(EngineKind::Docker, environment))),
    }
}

fn podman(environment: &Environment) -> Result<Vec<Address>, String> {
    match environment.get("CONTAINER_HOST") {
        Some(host) => parse(host, None).map(|address| vec![address]).map_err(|e| format!("CONTAINER_HOST: {e}")),
        None => Ok(there(usual(EngineKind::Podman, environment))),
    }
}

/// The endpoint of a context of Docker's client. Its files lie in folders named by the hash of its name.
fn context(folder: &Path, name: &str) -> Result<Address, String> {
    let id = digest_of_bytes(name.as_bytes());
    let id = id.trim_start_matches("sha256:");
    let file = folder.join("contexts/meta").join(id).join("meta.json");
    let unusable = |reason: String| format!("the Docker context `{name}`: {reason}");
    let meta = json(&file).map_err(|reason| unusable(format!("{}: {reason}", file.display())))?;
    let context: Context =
        serde_json::from_value(meta).map_err(|_| unusable("it names no Docker engine".to_owned()))?;
    let certificates = Some(folder.join("contexts/tls").join(id).join("docker")).filter(|folder| folder.is_dir());
    parse(&context.endpoints.docker.host, certificates).map_err(unusable)
}

fn json(file: &Path) -> Result<serde_json::Value, String> {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MAX_DOCUMENT).read_to_end(&mut text));
    read.map_err(|e| format!("it cannot be read: {e}"))?;
    serde_json::from_slice(&text).map_err(|_| "it is not JSON".to_owned())
}

/// `unix:///run/docker.sock` (on Windows `npipe:////./pipe/docker_engine`), `tcp://host:2375`.
fn parse(host: &str, certificates: Option<PathBuf>) -> Result<Address, String> {
    let socket = if cfg!(windows) { "npipe://" } else { "unix://" };
    if let Some(path) = host.strip_prefix(socket) {
        return Ok(Address::Socket(PathBuf::from(path)));
    }
    let tcp = ["tcp://", "http://", "https://"].iter().find_map(|scheme| host.strip_prefix(scheme));
    if let Some(host) = tcp {
        let host = host.trim_end_matches('/');
        let is_plain_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        if host.is_empty() || !is_plain_name {
            return Err("its address is not HOST:PORT".to_owned());
        }
        let port = if certificates.is_some() { 2376 } else { 2375 };
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let host = if has_port { host.to_owned() } else { format!("{host}:{port}") };
        return Ok(Address::Tcp { host, certificates });
    }
    let scheme = host.split(':').next().unwrap_or_default();
    if cfg!(windows) {
        return Err(format!("engines are not spoken to over {scheme} on Windows, but over npipe and tcp"));
    }
    Err(format!(
        "engines are not spoken to over {scheme}; forward its socket (`ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`) \
         and set DOCKER_HOST=unix:///tmp/engine.sock"
    ))
}

/// Where the runtime folder of the user of this process is, when no variable says so. Only Linux has one.
#[cfg(unix)]
fn own_runtime() -> Option<PathBuf> {
    let user = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").ok()?);
    Some(PathBuf::from(format!("/run/user/{user}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_of_the_user_counts_before_the_usual_sockets() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        let of = |variables: &[(&'static str, &str)]| {
            let mut all = vec![("HOME", home.to_str().unwrap()), ("XDG_RUNTIME_DIR", home.to_str().unwrap())];
            all.extend_from_slice(variables);
            let at = |i: usize| all.get(i).copied().unwrap_or(("", ""));
            addresses(EngineKind::Docker, &Environment::of([at(0), at(1), at(2), at(3), at(4)]))
        };
        let socket = |path: &str| Ok(vec![Address::Socket(PathBuf::from(path))]);
        assert_eq!(of(&[("DOCKER_HOST", "unix:///x.sock"), ("DOCKER_CONTEXT", "remote")]), socket("/x.sock"));
        let tcp = |host: &str, certificates: Option<&str>| {
            Ok(vec![Address::Tcp { host: host.to_owned(), certificates: certificates.map(PathBuf::from) }])
        };
        assert_eq!(of(&[("DOCKER_HOST", "tcp://docker")]), tcp("docker:2375", None));
        let secure = [("DOCKER_HOST", "tcp://docker:9"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")];
        assert_eq!(of(&secure), tcp("docker:9", Some("/certs")));
        assert!(of(&[("DOCKER_HOST", "ssh://me:hunter2@host")]).unwrap_err().contains("not spoken to over ssh"));
        assert!(!of(&[("DOCKER_HOST", "ssh://me:hunter2@host")]).unwrap_err().contains("hunter2"));

        std::fs::write(home.join("docker.sock"), "").unwrap();
        let usual = of(&[]).unwrap();
        assert_eq!(usual.last(), Some(&Address::Socket(home.join("docker.sock"))));

        let id = digest_of_bytes(b"remote");
        let meta = home.join(".docker/contexts/meta").join(id.trim_start_matches("sha256:"));
        std::fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name": "remote", "Endpoints": {"docker": {"Host": "unix:///remote.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        assert_eq!(of(&[("DOCKER_CONTEXT", "remote")]), socket("/remote.sock"));
        std::fs::write(home.join(".docker/config.json"), r#"{"currentContext": "remote"}"#).unwrap();
        assert_eq!(of(&[]), socket("/remote.sock"));
        assert_eq!(
            of(&[("DOCKER_CONTEXT", "default")]).unwrap().last(),
            Some(&Address::Socket(home.join("docker.sock")))
        );
        assert!(of(&[("DOCKER_CONTEXT", "gone")]).unwrap_err().contains("`gone`"));
    }

    #[test]
    fn podman_listens_where_its_host_variable_says() {
        let environment =
            Environment::of([("CONTAINER_HOST", "unix:///run/p.sock"), ("DOCKER_HOST", "unix:///d.sock")]);
        let found = addresses(EngineKind::Podman, &environment).unwrap();
        assert_eq!(found, [Address::Socket(PathBuf::from("/run/p.sock"))]);
    }
}
