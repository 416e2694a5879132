use super::{Facts, Reporter};
use crate::dockerfile::{Flag, Instruction, Keyword};
use crate::text::Span;

/// Builders besides BuildKit. Podman builds with Buildah.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Buildah,
    Kaniko,
}

use Engine::{Buildah, Kaniko};

/// A flag of an instruction that an engine does not do as BuildKit does.
struct Gap {
    engine: Engine,
    keywords: &'static [Keyword],
    flag: &'static str,
    /// What the engine does, after its name.
    outcome: &'static str,
}

const COPIES: &[Keyword] = &[Keyword::Copy, Keyword::Add];
const RUN: &[Keyword] = &[Keyword::Run];

#[rustfmt::skip]
const GAPS: &[Gap] = &[
    Gap { engine: Buildah, keywords: RUN, flag: "security", outcome: "refuses the flag" },
    Gap { engine: Buildah, keywords: RUN, flag: "device", outcome: "refuses the flag" },
    Gap { engine: Buildah, keywords: &[Keyword::Add], flag: "unpack", outcome: "refuses the flag" },
    Gap { engine: Buildah, keywords: COPIES, flag: "link", outcome: "refuses the flag in releases before Buildah 1.41 and Podman 5.6" },
    Gap { engine: Buildah, keywords: COPIES, flag: "parents", outcome: "refuses the flag in older versions" },
    Gap { engine: Buildah, keywords: COPIES, flag: "exclude", outcome: "refuses the flag in older versions" },
    Gap { engine: Buildah, keywords: &[Keyword::Add], flag: "keep-git-dir", outcome: "refuses the flag in older versions" },
    Gap { engine: Kaniko, keywords: RUN, flag: "security", outcome: "runs the command without it" },
    Gap { engine: Kaniko, keywords: RUN, flag: "network", outcome: "runs the command without it" },
    Gap { engine: Kaniko, keywords: RUN, flag: "device", outcome: "refuses the flag" },
    Gap { engine: Kaniko, keywords: RUN, flag: "mount", outcome: "runs the command without the mount" },
    Gap { engine: Kaniko, keywords: COPIES, flag: "parents", outcome: "refuses the flag" },
    Gap { engine: Kaniko, keywords: COPIES, flag: "exclude", outcome: "refuses the flag" },
];

/// Reports what another builder than BuildKit refuses, ignores or does in another way.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let engines: Vec<(Engine, &str)> = report.params().list("engines").iter().filter_map(|name| engine(name)).collect();
    for (engine, name) in engines {
        if let Some(syntax) = facts.dockerfile.syntax().filter(|syntax| !is_stock_frontend(&syntax.value)) {
            tell(report, syntax.value_span, name, "does not run another frontend: it reads the file itself");
        }
        for instruction in facts.dockerfile.instructions.iter().map(Instruction::innermost) {
            for flag in &instruction.flags {
                let is_gap = |gap: &&Gap| {
                    gap.engine == engine && gap.flag == flag.name && gap.keywords.contains(&instruction.keyword)
                };
                if let Some(gap) = GAPS.iter().find(is_gap) {
                    tell(report, flag_name(flag), name, gap.outcome);
                }
                if engine == Buildah && flag.name == "chmod" && is_symbolic(flag) {
                    tell(report, flag.span, name, "takes a mode in digits only");
                }
            }
            if engine == Kaniko {
                for document in &instruction.heredocs {
                    tell(
                        report,
                        document.marker_span,
                        name,
                        "leaves here-documents out, and what stands in them does not happen",
                    );
                }
            }
        }
        if engine == Buildah {
            not_in_oci(facts, report, name);
        }
    }
}

/// The engine of that name, and the name as messages have it.
fn engine(name: &str) -> Option<(Engine, &'static str)> {
    match name.to_ascii_lowercase().as_str() {
        "buildah" => Some((Buildah, "Buildah")),
        "podman" => Some((Buildah, "Podman")),
        "kaniko" => Some((Kaniko, "kaniko")),
        _ => None,
    }
}

fn tell(report: &mut Reporter<'_>, span: Span, engine: &str, outcome: &str) {
    let finding = report.at(span, format!("{engine} {outcome}")).subject(engine.to_ascii_lowercase());
    report.push(finding.help("write it so that every builder you use does the same, or build with BuildKit alone"));
}

/// What the image format that Buildah writes by itself has no place for.
fn not_in_oci(facts: &Facts<'_>, report: &mut Reporter<'_>, engine: &str) {
    for (_, instruction) in facts.final_instructions() {
        if matches!(instruction.keyword, Keyword::Healthcheck | Keyword::Onbuild) {
            let outcome =
                format!("leaves {} out of the image unless it is told `--format docker`", instruction.keyword.name());
            tell(report, instruction.keyword_word.span, engine, &outcome);
        }
    }
}

fn is_stock_frontend(image: &str) -> bool {
    let name = image.split(['@', ' ']).next().unwrap_or_default();
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    matches!(name.split(':').next(), Some("docker/dockerfile" | "docker/dockerfile-upstream"))
}

fn is_symbolic(flag: &Flag) -> bool {
    let mode = flag.value.as_ref().map_or("", |value| value.text.as_str());
    mode.contains(['u', 'g', 'o', 'a', '+', '=']) && !mode.contains('$')
}

/// The flag without its value.
fn flag_name(flag: &Flag) -> Span {
    Span::new(flag.span.start, flag.span.start + "--".len() + flag.name.len())
}
