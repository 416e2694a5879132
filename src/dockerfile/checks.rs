//! What a Dockerfile asks of BuildKit's checks: the `# check=…` directive at its top, and the comments of that form above
//! instructions.

use super::ast::{Comment, Dockerfile, ErrorKind, SyntaxError};
use super::directive;
use crate::text::Span;

/// The build argument that replaces the directive of the file.
const BUILD_ARGUMENT: &str = "BUILDKIT_DOCKERFILE_CHECK";

/// Names of checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckNames {
    /// `all`.
    All,
    /// These, as written; names of checks have a case.
    Only(Vec<String>),
}

impl Default for CheckNames {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl CheckNames {
    fn read(text: &str) -> Self {
        match text.trim() {
            "all" => Self::All,
            names => Self::Only(names.split(',').map(|name| name.trim().to_owned()).collect()),
        }
    }

    /// Whether a name is among them.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|known| known == name),
        }
    }
}

/// `skip=…;error=…;experimental=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Checks that are not run.
    pub skip: CheckNames,
    /// Checks that are run only where they are asked for.
    pub experimental: CheckNames,
    /// A finding fails the build.
    pub is_error: bool,
    /// Where it stands, from the `#` to the end of the line; `None` for what was not read from the file.
    pub span: Option<Span>,
}

impl CheckOptions {
    /// Reads options as BuildKit does: at most three, the last of the same name wins, names have a case.
    ///
    /// # Errors
    /// On an option that BuildKit does not know, or has no value, or the wrong one: what is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        if text.trim().is_empty() {
            return Ok(options);
        }
        for option in text.trim().splitn(3, ';') {
            let (name, value) = option
                .split_once('=')
                .ok_or_else(|| format!("the check option `{option}` has no value: name=value"))?;
            match name.trim() {
                "skip" => options.skip = CheckNames::read(value),
                "experimental" => options.experimental = CheckNames::read(value),
                "error" => {
                    options.is_error = match value.trim() {
                        "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
                        "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
                        other => return Err(format!("the check option `error` takes true or false, not `{other}`")),
                    }
                }
                other => return Err(format!("there is no check option `{other}`: it is skip, error or experimental")),
            }
        }
        Ok(options)
    }
}

impl Dockerfile {
    /// What the file asks of the checks as a whole: its directive, or the build argument in its place.
    ///
    /// # Errors
    /// When BuildKit would refuse the options, and the file with them. The place is the file's start for options of the
    /// build argument.
    pub fn check_options(&self, options: &super::BuildOptions) -> Result<CheckOptions, SyntaxError> {
        let refused = |message: String, span: Span| SyntaxError { kind: ErrorKind::Parser, message, span };
        if let Some(given) = options.build_args.get(BUILD_ARGUMENT) {
            let why = |message| refused(format!("in the build argument {BUILD_ARGUMENT}, {message}"), Span::default());
            return CheckOptions::parse(given).map_err(why);
        }
        let Some(found) = self.frontend_directive("check") else { return Ok(CheckOptions::default()) };
        let mut read = CheckOptions::parse(first_word(&found.value)).map_err(|m| refused(m, found.value_span))?;
        read.span = Some(found.span);
        Ok(read)
    }

    /// What a comment above an instruction asks of the checks of that instruction: the first such comment counts, it
    /// starts in the first column, and what BuildKit would refuse counts for nothing.
    pub fn check_options_of(&self, instruction: usize) -> Option<CheckOptions> {
        let is_at_start = |comment: &&Comment| {
            let before = self.source.text().get(..comment.span.start).unwrap_or_default();
            before.is_empty() || before.ends_with(['\n', '\u{FEFF}'])
        };
        let read = |comment: &Comment| Some((directive::read(self.source.text(), comment.span, "#")?, comment.span));
        let comments = self.description_of(instruction).iter().filter(|c| !c.in_continuation).filter(is_at_start);
        let (found, span) = comments.filter_map(read).find(|(directive, _)| directive.name == "check")?;
        let options = CheckOptions::parse(first_word(&found.value)).ok()?;
        Some(CheckOptions { span: Some(span), ..options })
    }
}

/// BuildKit cuts the value of a directive at its first blank.
fn first_word(value: &str) -> &str {
    value.split(char::is_whitespace).next().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dockerfile::{BuildOptions, parse};
    use crate::text::SourceText;

    #[test]
    fn options_are_read_as_buildkit_reads_them() {
        let options = CheckOptions::parse(" skip = A, B ;error=T; experimental=all").unwrap();
        assert!(options.is_error && options.experimental == CheckNames::All);
        assert!(options.skip.contains("B") && !options.skip.contains("b"));
        assert_eq!(CheckOptions::parse("skip=A;skip=all").unwrap().skip, CheckNames::All);
        assert_eq!(CheckOptions::parse(" ").unwrap(), CheckOptions::default());
        for bad in ["skip", "Skip=A", "error=yes", "skip=A;;error=1"] {
            assert!(CheckOptions::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_directive_is_cut_at_a_blank_and_replaced_by_the_build_argument() {
        let dockerfile = parse(&SourceText::new("Dockerfile", "# check=skip=A,B and more\nFROM x\n"));
        let mut build = BuildOptions::default();
        let options = dockerfile.check_options(&build).unwrap();
        assert!(options.skip.contains("B") && !options.skip.contains("and"));
        build.build_args.insert(BUILD_ARGUMENT.into(), String::new());
        assert_eq!(dockerfile.check_options(&build).unwrap(), CheckOptions::default());
        let broken = parse(&SourceText::new("Dockerfile", "# check=skip\nFROM x\n"));
        assert_eq!(broken.source.slice(broken.check_options(&BuildOptions::default()).unwrap_err().span), "skip");
    }

    #[test]
    fn a_comment_speaks_for_the_next_instruction() {
        let text = "FROM x\n# check=skip=A\n\n# why\n# check=skip=B\nRUN a \\\n# check=skip=C\n b\n  # check=skip=D\nRUN c\n\
                    # check=skip=E\n#\nRUN d\n# check=broken\nRUN e\n";
        let dockerfile = parse(&SourceText::new("Dockerfile", text));
        let skipped = |i| dockerfile.check_options_of(i).map(|options| options.skip);
        let only = |name: &str| Some(CheckNames::Only(vec![name.into()]));
        assert_eq!([skipped(1), skipped(2), skipped(3), skipped(4)], [only("A"), None, None, None]);
    }
}
