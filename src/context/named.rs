//! What Dockerfiles say of single paths of the context they are built from: what they cannot do without.

use std::collections::BTreeSet;

use crate::dockerfile::{Dockerfile, Env, Keyword, expand_word};

use super::{Copied, path};

/// Paths of a context that some instruction names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedPaths {
    /// Sources of COPY and ADD, and of bind mounts, without wildcards, cleaned; the build stops where one is not there.
    pub paths: BTreeSet<String>,
    /// Folders, cleaned, that a RUN has in front of it as a bind mount: what it reads in there is not known. Empty for the
    /// context itself.
    pub mounted: BTreeSet<String>,
    /// A variable without a value stands in one of them, so that it may be any path.
    pub is_open: bool,
}

impl NamedPaths {
    /// What one Dockerfile names in the context called `name`, or in the main one. `copied` is what it copies from there.
    pub fn of(dockerfile: &Dockerfile, environments: &[Env], copied: &[Copied], name: Option<&str>) -> Self {
        let mut named = Self::default();
        for source in copied.iter().flat_map(|copied| &copied.sources) {
            named.is_open |= source.pattern.is_none();
            named.paths.extend(source.path().filter(|path| !path.is_empty()));
        }
        let no_variables = Env::default();
        for (index, instruction) in dockerfile.instructions.iter().enumerate() {
            if instruction.keyword != Keyword::Run {
                continue;
            }
            let env = environments.get(index).unwrap_or(&no_variables);
            for mount in instruction.flags_named("mount") {
                let option = |names: &[&str]| {
                    let is_meant = |(key, _): &(&str, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name));
                    mount.options().find(is_meant).and_then(|(_, value)| value)
                };
                let is_bind = option(&["type"]).is_none_or(|kind| kind.eq_ignore_ascii_case("bind"));
                let is_here = match (option(&["from"]), name) {
                    (None, None) => true,
                    (Some(from), Some(name)) => from.eq_ignore_ascii_case(name),
                    _ => false,
                };
                if !is_bind || !is_here {
                    continue;
                }
                let source = option(&["source", "src"]).unwrap_or_default();
                match expand_word(source, env, dockerfile.escape).ok().filter(|expanded| expanded.missing.is_empty()) {
                    Some(expanded) => {
                        let path = path::inside(&expanded.text);
                        named.paths.extend(Some(path.clone()).filter(|path| !path.is_empty()));
                        named.mounted.insert(path);
                    }
                    None => named.is_open = true,
                }
            }
        }
        named
    }

    /// Takes in what another Dockerfile names.
    pub fn extend(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.mounted.extend(other.mounted);
        self.is_open |= other.is_open;
    }

    /// Whether a path, or something in it, is named.
    pub fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|named| is_in(named, path))
    }

    /// Whether a command may have a path in front of it without being told so.
    pub fn may_show(&self, path: &str) -> bool {
        self.is_open || self.mounted.iter().any(|folder| is_in(path, folder))
    }
}

/// Whether a path is a folder, or lies in it.
fn is_in(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::context::{Context, copied_from};
    use crate::dockerfile::{BuildOptions, environments, parse};
    use crate::text::SourceText;

    fn named(instructions: &str, name: Option<&str>) -> NamedPaths {
        let context = Context::of_paths(["a/b", "c", "d/e"], None).unwrap();
        let dockerfile = parse(&SourceText::new("Dockerfile", format!("FROM x\n{instructions}\n")));
        let environments = environments(&dockerfile, &BuildOptions::default());
        let copied = copied_from(&dockerfile, &environments, &context, name);
        NamedPaths::of(&dockerfile, &environments, &copied, name)
    }

    #[test]
    fn sources_and_mounts_name_paths() {
        let found = named("COPY a/b ./c /x/\nCOPY *.d . /x/\nRUN --mount=type=bind,src=/d,target=/d true", None);
        assert_eq!(found.paths.iter().map(String::as_str).collect::<Vec<_>>(), ["a/b", "c", "d"]);
        assert!(found.has("a") && found.has("c") && found.has("d") && !found.has("d/e") && !found.has("b"));
        assert!(found.may_show("d/e") && !found.may_show("a/b") && !found.is_open);
        assert!(named("RUN --mount=target=. make", None).may_show("a/b"));
        assert!(!named("RUN --mount=type=cache,target=/x make", None).may_show("a/b"));
        assert!(named("ARG F\nCOPY $F /x/", None).is_open);
        assert_eq!(named("COPY --from=other c /x/\nRUN --mount=from=y,target=/x true", None), NamedPaths::default());
        assert!(named("COPY --from=other c /x/\nRUN --mount=from=other,target=/x true", Some("other")).may_show("a"));
    }
}
