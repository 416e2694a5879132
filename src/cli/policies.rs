//! Which policy is in force: the one that the options name, as the work tree or a git ref has it, for the image at hand.

use std::fs::File;
use std::io::{self, Read};

use super::CliError;
use super::args::PolicyArgs;
use super::git::{self, Commit};
use crate::check::{CheckError, ImageRequest};
use crate::image;
use crate::policy::{
    Baseline, BaselineError, ImageNames, Policies, Policy, PolicyError, ReadFile, from_disk, is_url, proposed,
};

/// Bytes of a baseline that are read.
const LARGEST_BASELINE: u64 = 256 << 20;

/// The policy for a run, with the image when it has one.
pub(super) fn in_force(
    args: &PolicyArgs,
    image: Option<&ImageRequest>,
    platform: Option<&str>,
) -> Result<Policy, CliError> {
    let Some(reference) = &args.policy_from else {
        let policies = load(args, &from_disk)?;
        return Ok(policies.for_image(&names(&policies, args, image, platform)?)?);
    };
    let commit = Commit::find("--policy-from", reference)?;
    let of_commit = |path: &str| if is_url(path) { from_disk(path) } else { commit.read(path) };
    let policies = load(args, &of_commit).map_err(|error| match error {
        CliError::Policy(PolicyError::NotFound { name }) => {
            CliError::NotInCommit { name, reference: reference.clone() }
        }
        error => error,
    })?;
    if policies.have_surroundings() {
        return Err(CliError::Argument {
            what: "--policy-from",
            value: reference.clone(),
            wanted:
                "of use with this policy, whose configuration lies in the work tree; write a policy that extends it"
                    .to_owned(),
        });
    }
    let names = names(&policies, args, image, platform)?;
    let mut policy = policies.for_image(&names)?;
    // What the work tree says is told, and nothing more: it may be broken, or hostile, and lead to addresses that only this
    // machine can reach.
    let unfetched = || io::Error::other("what a change leads to is not fetched");
    let of_change = |path: &str| if is_url(path) { Err(unfetched()) } else { from_disk(path) };
    let wished = load(args, &of_change).and_then(|wished| wished.for_image(&names).map_err(CliError::from));
    match wished {
        Ok(wished) => policy.notes.extend(proposed(&policy, &wished)),
        Err(error) => policy.notes.push(format!("proposed, not in force: a policy that cannot be read: {error}")),
    }
    policy.notes.push(format!("the policy in force is that of {reference}"));
    Ok(policy)
}

/// The baseline. Where the policy is read from a ref, one that the repository holds is read from there too; one that it does
/// not hold, as an artifact of an earlier run, is taken from the disk.
pub(super) fn baseline(args: &PolicyArgs, path: &str) -> Result<Baseline, CliError> {
    let unread = |error: io::Error| BaselineError::Read { path: path.to_owned(), reason: error.to_string() };
    let of_commit = match &args.policy_from {
        Some(reference) => match Commit::find("--policy-from", reference)?.read(path) {
            Ok(bytes) => Some(bytes),
            Err(_) if git::is_tracked(path) => {
                return Err(CliError::OwnBaseline { path: path.to_owned(), reference: reference.clone() });
            }
            Err(_) => None,
        },
        None => None,
    };
    let bytes = match of_commit {
        Some(bytes) => bytes,
        None => read_baseline(path).map_err(unread)?,
    };
    Ok(Baseline::parse(path, &bytes)?)
}

fn read_baseline(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_BASELINE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_BASELINE {
        let told = format!("it has more than {} MiB", LARGEST_BASELINE >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, told));
    }
    Ok(bytes)
}

fn load(args: &PolicyArgs, read: &ReadFile<'_>) -> Result<Policies, CliError> {
    let name = args.bundle.as_ref().unwrap_or(&args.policy);
    let whitelists: Vec<String> = args.whitelists.iter().chain(&args.global_whitelists).cloned().collect();
    Ok(Policies::load(name, &whitelists, read)?.with_vex(&args.vex, read)?)
}

/// What the image is called. It is opened only when the policy depends on it.
fn names(
    policies: &Policies,
    args: &PolicyArgs,
    image: Option<&ImageRequest>,
    platform: Option<&str>,
) -> Result<ImageNames, CliError> {
    let mut names = ImageNames { names: args.image_names.clone(), ..ImageNames::default() };
    if let Some(wanted) = image.filter(|_| policies.depend_on_image()) {
        let identity = image::identify(&wanted.reference, platform).map_err(CheckError::Image)?;
        if names.names.is_empty() {
            names.names = identity.tags;
        }
        names.digests.extend(identity.digest);
        names.id = Some(identity.id);
    }
    Ok(names)
}
