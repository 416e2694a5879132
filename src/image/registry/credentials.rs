//! Who the user is to a registry: what `docker login` and `podman login` have left in their files, or in the helpers and
//! stores these name.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use super::super::environment::Environment;
use super::super::limits::MAX_DOCUMENT;
use crate::text::Masked;

/// A name and its password, or a token that stands for both.
#[derive(Clone)]
pub(super) enum Credential {
    Password { user: String, password: String },
    IdentityToken(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { password, .. } => f.debug_tuple("Password").field(&Masked::new(password)).finish(),
            Self::IdentityToken(token) => f.debug_tuple("IdentityToken").field(&Masked::new(token)).finish(),
        }
    }
}

/// What was found in the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    pub(super) credential: Option<Credential>,
    /// Where it comes from, or where one was looked for in vain.
    pub(super) origin: String,
    /// Why a file or helper gave none though it should have.
    pub(super) problem: Option<String>,
}

/// The content of a file of logins, as jobs of GitLab are given it.
const VARIABLE: &str = "DOCKER_AUTH_CONFIG";
/// Docker Hub's key in Docker's files.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl Credentials {
    /// Looks for those of a repository: in the variable that jobs are given a file's content in, then in the files. The
    /// first that has any for its registry counts.
    pub(super) fn find(registry: &str, repository: &str, environment: &Environment) -> Self {
        let given = environment.get(VARIABLE).map(|config| (VARIABLE.to_owned(), Ok(config.as_bytes().to_vec())));
        let files = files(environment).into_iter().map(|file| (file.display().to_string(), content(&file)));
        let (mut found, mut looked) = (Self::default(), Vec::new());
        for (origin, config) in given.into_iter().chain(files) {
            match config.and_then(|config| in_config(&config, registry, repository)) {
                Ok(None) => {}
                Ok(Some(credential)) => return Self { credential: Some(credential), origin, problem: None },
                Err(reason) => {
                    found.problem.get_or_insert(format!("{origin}: {reason}"));
                }
            }
            looked.push(origin);
        }
        Self { origin: looked.join(", "), ..found }
    }
}

/// The files that are there, as the tools look for them.
fn files(environment: &Environment) -> Vec<PathBuf> {
    if let Some(file) = environment.path("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let docker = environment.docker_config().map(|folder| folder.join("config.json"));
    let runtime = environment.path("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
    let home = environment.home().map(|home| home.join(".config/containers/auth.json"));
    [docker, runtime, home].into_iter().flatten().filter(|file| file.is_file()).collect()
}

fn content(file: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MAX_DOCUMENT).read_to_end(&mut text));
    read.map(|_| text).map_err(|e| format!("it cannot be read: {e}"))
}

fn in_config(text: &[u8], registry: &str, repository: &str) -> Result<Option<Credential>, String> {
    let config: serde_json::Value = serde_json::from_slice(text).map_err(|_| "it is not JSON".to_owned())?;
    let server = server(&config, registry, repository);
    let helper =
        config.get("credHelpers").and_then(|helpers| helpers.get(&server)).or_else(|| config.get("credsStore"));
    let helper = helper.and_then(|helper| helper.as_str()).unwrap_or("?");
    match get_credential_from_reader(text, &server) {
        Ok(DockerCredential::UsernamePassword(user, password)) if user.is_empty() && password.is_empty() => Ok(None),
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Credential::Password { user, password })),
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credential::IdentityToken(token))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // What a helper says can hold anything; that it has none is the one thing looked for.
        Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
            if stdout.contains("credentials not found") || stderr.contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(CredentialRetrievalError::HelperFailure { .. }) => Err(format!("docker-credential-{helper} fails")),
        Err(CredentialRetrievalError::HelperCommunicationError) => {
            Err(format!("docker-credential-{helper} cannot be run"))
        }
        Err(CredentialRetrievalError::MalformedHelperResponse) => {
            Err(format!("docker-credential-{helper} does not answer as helpers do"))
        }
        Err(_) => Err(format!("its entry for {server} cannot be understood")),
    }
}

/// The name the file has for the registry. Podman's may be of a part of the registry: the closest one counts.
fn server(config: &serde_json::Value, registry: &str, repository: &str) -> String {
    let has = |name: &str| {
        ["auths", "credHelpers"].iter().any(|list| config.get(list).is_some_and(|l| l.get(name).is_some()))
    };
    let mut scope = format!("{registry}/{repository}");
    while !has(&scope) {
        match scope.rfind('/') {
            Some(slash) => scope.truncate(slash),
            None => break,
        }
    }
    match registry {
        _ if has(&scope) => scope,
        "docker.io" => DOCKER_HUB.to_owned(),
        registry => registry.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    fn shown(credentials: &Credentials) -> Option<(String, String)> {
        credentials.credential.as_ref().map(|credential| match credential {
            Credential::Password { user, password } => (user.clone(), password.clone()),
            Credential::IdentityToken(token) => ("<token>".to_owned(), token.clone()),
        })
    }

    fn auth(user: &str) -> serde_json::Value {
        json!({"auth": STANDARD.encode(format!("{user}:of {user}"))})
    }

    #[test]
    fn the_closest_entry_of_the_first_file_counts() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_owned();
        let docker = json!({"auths": {"https://index.docker.io/v1/": auth("hub"), "https://host:5000": auth("host")}});
        let podman = json!({"auths": {"quay.io": auth("all"), "quay.io/team": auth("team"), "host:5000": auth("late"),
            "id.example": {"identitytoken": "long lived"}}});
        std::fs::create_dir_all(home.join(".docker")).unwrap();
        std::fs::create_dir_all(home.join(".config/containers")).unwrap();
        std::fs::write(home.join(".docker/config.json"), docker.to_string()).unwrap();
        std::fs::write(home.join(".config/containers/auth.json"), podman.to_string()).unwrap();
        let environment = Environment::of([("HOME", home.to_str().unwrap())]);
        let find = |registry: &str, repository: &str| shown(&Credentials::find(registry, repository, &environment));
        let pair = |user: &str| Some((user.to_owned(), format!("of {user}")));
        assert_eq!(find("docker.io", "library/debian"), pair("hub"));
        assert_eq!(find("host:5000", "a/b"), pair("host"));
        assert_eq!(find("quay.io", "team/app"), pair("team"));
        assert_eq!(find("quay.io", "teams/app"), pair("all"));
        assert_eq!(find("id.example", "a"), Some(("<token>".to_owned(), "long lived".to_owned())));
        assert_eq!(find("other.example", "a"), None);
        let file = home.join(".config/containers/auth.json");
        let environment =
            Environment::of([("HOME", home.to_str().unwrap()), ("REGISTRY_AUTH_FILE", file.to_str().unwrap())]);
        assert_eq!(shown(&Credentials::find("host:5000", "a", &environment)), pair("late"));
        let given = json!({"auths": {"host:5000": auth("job")}}).to_string();
        let environment = Environment::of([("HOME", home.to_str().unwrap()), ("DOCKER_AUTH_CONFIG", &given)]);
        assert_eq!(shown(&Credentials::find("host:5000", "a", &environment)), pair("job"));
        assert_eq!(shown(&Credentials::find("docker.io", "library/a", &environment)), pair("hub"));
        assert!(!format!("{environment:?}").contains("auths"), "{environment:?}");
    }

    #[test]
    fn what_gives_no_credential_is_told_without_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("auth.json");
        let environment = Environment::of([("REGISTRY_AUTH_FILE", file.to_str().unwrap())]);
        let problem = |content: &str| {
            std::fs::write(&file, content).unwrap();
            let found = Credentials::find("host", "a", &environment);
            assert!(found.credential.is_none());
            found.problem.unwrap_or_default()
        };
        assert!(problem("{").contains("not JSON"));
        assert!(
            problem(r#"{"credHelpers": {"host": "not-there"}}"#).contains("docker-credential-not-there cannot be run")
        );
        let text = problem(r#"{"auths": {"host": {"auth": "hunter2!"}}}"#);
        assert!(text.contains("entry for host cannot be understood") && !text.contains("hunter2"), "{text}");
        assert_eq!(problem(r#"{"auths": {"host": {}}}"#), "");
        let secret = Credential::Password { user: "u".into(), password: "hunter2".into() };
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
