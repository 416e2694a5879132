//! Which digests the names of images have in their registries today: each name is asked for once a run, several side by side, and a
//! registry that cannot be reached is not waited for again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use oci_spec::distribution::Reference;

use super::environment::Environment;
use super::registry::{FailureKind, Registry, RegistryAccess};

/// Names that are asked for at one time.
const SIDE_BY_SIDE: usize = 8;
/// Names that are asked for in a run.
const MAX_NAMES: usize = 500;

/// The digest of a name, or why there is none, as the end of a sentence.
pub type Answer = Result<String, String>;

/// Asks registries for digests, and remembers what they said.
#[derive(Debug)]
pub struct Digests {
    /// `None`: nobody is asked.
    access: Option<RegistryAccess>,
    environment: Environment,
    known: Mutex<BTreeMap<String, Answer>>,
}

impl Digests {
    /// Nothing is asked yet.
    pub fn new(access: RegistryAccess) -> Self {
        Self { access: Some(access), environment: Environment::of_process(), known: Mutex::default() }
    }

    /// Nobody is asked: these names have these digests, and others none.
    pub fn known(names: impl IntoIterator<Item = (String, String)>) -> Self {
        let known = names.into_iter().map(|(name, digest)| (name, Ok(digest))).collect();
        Self { access: None, environment: Environment::default(), known: Mutex::new(known) }
    }

    /// What the registries say of names as [`whole_name`] gives them: the digest of the manifest, or of the index where an image is there
    /// for several platforms. It is computed from what the registry sends, and not taken from its word.
    pub fn of(&self, names: &BTreeSet<String>) -> BTreeMap<String, Answer> {
        let known = || self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let asked = known().len();
        let new: Vec<&String> = names.iter().filter(|name| !known().contains_key(*name)).collect();
        let (new, beyond) = new.split_at(new.len().min(MAX_NAMES.saturating_sub(asked)));
        let answers = self.ask(new);
        let mut known = known();
        known.extend(new.iter().map(|name| (*name).clone()).zip(answers));
        let too_many = || Err(format!("more than {MAX_NAMES} images are not looked up in one run"));
        known.extend(beyond.iter().map(|name| ((*name).clone(), too_many())));
        names.iter().filter_map(|name| Some((name.clone(), known.get(name)?.clone()))).collect()
    }

    fn ask(&self, names: &[&String]) -> Vec<Answer> {
        let next = AtomicUsize::new(0);
        let answers: Mutex<HashMap<usize, Answer>> = Mutex::default();
        // Why a registry cannot be reached, by its host.
        let silent: Mutex<HashMap<String, String>> = Mutex::default();
        let open = |mutex| Mutex::lock(mutex).unwrap_or_else(std::sync::PoisonError::into_inner);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(index) else { break };
                let answer = self.ask_for(name, &silent);
                open(&answers).insert(index, answer);
            }
        };
        thread::scope(|scope| {
            for _ in 0..SIDE_BY_SIDE.min(names.len()) {
                scope.spawn(work);
            }
        });
        let mut answers = answers.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unasked = || Err("it was not asked for".to_owned());
        (0..names.len()).map(|index| answers.remove(&index).unwrap_or_else(unasked)).collect()
    }

    fn ask_for(&self, name: &str, silent: &Mutex<HashMap<String, String>>) -> Answer {
        let access = self.access.as_ref().ok_or_else(|| "nobody is asked".to_owned())?;
        let reference = Reference::try_from(name).map_err(|_| "this is no name of an image".to_owned())?;
        let host = reference.registry().to_owned();
        let silent = || silent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(reason) = silent().get(&host) {
            return Err(reason.clone());
        }
        Registry::digest(&reference, access, &self.environment).map_err(|failure| {
            let reason = format!("the registry {host}: {}", failure.reason);
            if matches!(failure.kind, FailureKind::Unreachable | FailureKind::Passing | FailureKind::Certificate) {
                silent().insert(host, reason.clone());
            }
            reason
        })
    }
}

/// A name in full, so that two spellings of one image are equal: `docker.io/library/debian:12` for `debian:12`, without a digest.
/// `None` when it is the name of no image.
pub fn whole_name(name: &str) -> Option<String> {
    let reference = Reference::try_from(name.split('@').next()?).ok()?;
    let tag = reference.tag().unwrap_or("latest");
    Some(format!("{}/{}:{tag}", reference.registry(), reference.repository()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_in_full_are_equal_when_the_images_are() {
        for name in ["debian", "library/debian:latest", "docker.io/debian", "index.docker.io/library/debian"] {
            assert_eq!(whole_name(name).as_deref(), Some("docker.io/library/debian:latest"), "{name}");
        }
        let digest = format!("localhost:5000/a:1@sha256:{}", "0".repeat(64));
        assert_eq!(whole_name(&digest).as_deref(), Some("localhost:5000/a:1"));
        assert_eq!(whole_name("A b"), None);
    }

    #[test]
    fn a_registry_that_is_not_there_is_told_and_asked_once() {
        let digests = Digests::new(RegistryAccess::default());
        let names: BTreeSet<String> = (0..20).map(|n| format!("127.0.0.1:1/a:{n}")).collect();
        let answers = digests.of(&names);
        assert_eq!(answers.len(), 20);
        assert!(answers.values().all(|answer| answer.as_ref().unwrap_err().contains("127.0.0.1:1")), "{answers:?}");
        assert_eq!(digests.of(&names), answers);
    }
}
