//! `book`: the manual as an mdBook. What is written by hand lies in `docs/`; the pages of the rules and of the commands
//! are made from what the program itself knows, so that they cannot be out of date.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::CommandFactory;

use super::CliError;
use super::args::Cli;
use crate::rule::{self, FixKind, Phase, Rule};

/// The parts of the rule index, in the book's order.
const PHASES: [(Phase, &str, &str); 4] = [
    (Phase::Lint, "lint", "Dockerfile"),
    (Phase::Context, "context", "Build context"),
    (Phase::Image, "image", "Image"),
    (Phase::Run, "run", "The run itself"),
];

/// Makes a book in the folder `to` of the pages by hand in `from` and the generated ones.
///
/// # Errors
/// When `from` has no `SUMMARY.md`, or a file cannot be read or written.
pub(super) fn write(from: &Path, to: &Path) -> Result<(), CliError> {
    let src = to.join("src");
    for folder in ["rules", "commands"] {
        let path = src.join(folder);
        fs::create_dir_all(&path).map_err(|e| unwritten(&path, &e))?;
    }
    copy(&from.join("book.toml"), &to.join("book.toml"))?;
    let hand = from.join("src");
    let entries = fs::read_dir(&hand).map_err(|e| CliError::read(&hand, &e))?;
    for entry in entries {
        let path = entry.map_err(|e| CliError::read(&hand, &e))?.path();
        if path.is_file() {
            copy(&path, &src.join(path.file_name().unwrap_or_default()))?;
        }
    }
    let summary = hand.join("SUMMARY.md");
    let mut summary = fs::read_to_string(&summary).map_err(|e| CliError::read(&summary, &e))?;
    commands(&src, &mut summary)?;
    rules(&src, &mut summary)?;
    put(&src.join("SUMMARY.md"), &summary)
}

fn unwritten(path: &Path, error: &std::io::Error) -> CliError {
    CliError::WriteFile { path: path.display().to_string(), reason: error.to_string() }
}

fn put(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|e| unwritten(path, &e))
}

fn copy(from: &Path, to: &Path) -> Result<(), CliError> {
    fs::copy(from, to).map(drop).map_err(|e| CliError::Read {
        path: from.display().to_string(),
        reason: format!("it cannot be copied to {}: {e}", to.display()),
    })
}

/// A page a command, with its help as it prints it.
fn commands(src: &Path, summary: &mut String) -> Result<(), CliError> {
    summary.push_str("\n# Commands\n\n");
    let mut cli = Cli::command().term_width(96);
    cli.build();
    for command in cli.get_subcommands_mut().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        let name = command.get_name().to_owned();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let mut page = format!(
            "# dockgate {name}\n\n{about}\n\n```text\n{}\n```\n",
            command.render_long_help().to_string().trim()
        );
        let below =
            command.get_subcommands_mut().filter(|command| !command.is_hide_set() && command.get_name() != "help");
        for command in below {
            let help = command.render_long_help().to_string();
            // Writing to a string cannot fail.
            let _ = write!(page, "\n## dockgate {name} {}\n\n```text\n{}\n```\n", command.get_name(), help.trim());
        }
        put(&src.join("commands").join(format!("{name}.md")), &page)?;
        let _ = writeln!(summary, "- [{name}](commands/{name}.md)");
    }
    Ok(())
}

/// A page a rule, and the list of all.
fn rules(src: &Path, summary: &mut String) -> Result<(), CliError> {
    let mut index = format!(
        "# Rules\n\nThere are {} rules. Every name in the last column is accepted wherever a rule can be named.\n",
        rule::all().len()
    );
    summary.push_str("\n# Rules\n\n- [All rules](rules/index.md)\n");
    for (phase, _, title) in PHASES {
        let _ =
            write!(index, "\n## {title}\n\n| rule | severity | what | also known as |\n| --- | --- | --- | --- |\n");
        for rule in rule::all().iter().filter(|rule| rule.phase == phase) {
            let names: Vec<String> = rule.other_names().map(|name| format!("`{name}`")).collect();
            let summary_cell = rule.summary.replace('|', "\\|");
            let _ = writeln!(
                index,
                "| [{0}]({0}.md) | {1} | {summary_cell} | {2} |",
                rule.id,
                rule.severity,
                names.join(" ")
            );
            let _ = writeln!(summary, "  - [{0}](rules/{0}.md)", rule.id);
            put(&src.join("rules").join(format!("{}.md", rule.id)), &page(rule))?;
        }
    }
    put(&src.join("rules").join("index.md"), &index)
}

fn page(rule: &Rule) -> String {
    let mut out = format!("# {}\n\n{}.\n\n", rule.id, rule.summary);
    let fix = match rule.fix {
        FixKind::None => "none",
        FixKind::Safe => "`dockgate fix`",
        FixKind::Unsafe => "`dockgate fix --unsafe`",
    };
    let confidence = match rule.confidence {
        rule::Confidence::High => "high",
        rule::Confidence::Medium => "medium",
        rule::Confidence::Low => "low",
    };
    let _ = write!(
        out,
        "| severity | confidence | fix | since |\n| --- | --- | --- | --- |\n| {} | {confidence} | {fix} | {} |\n\n",
        rule.severity, rule.since
    );
    let names: Vec<String> = rule.other_names().map(|name| format!("`{name}`")).collect();
    if !names.is_empty() {
        let _ = write!(out, "Also known as {}.\n\n", names.join(", "));
    }
    if rule.is_opt_in() {
        out.push_str("It runs only where a policy names it.\n\n");
    }
    for param in rule.params {
        let anchore = param.anchore.map(|name| format!(" (Anchore's `{name}`)")).unwrap_or_default();
        let _ = writeln!(out, "- `{}`{anchore}: {}", param.name, param.help);
    }
    let page = rule.page.text();
    let text = page.trim_start();
    let text = text.strip_prefix("# ").and_then(|rest| rest.split_once('\n')).map_or(text, |(_, rest)| rest);
    out.push('\n');
    for line in text.trim().lines() {
        out.push_str(&shown(line));
        out.push('\n');
    }
    out
}

/// A line of a page as the book has it: what a block of an example shows is told above it.
fn shown(line: &str) -> String {
    let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { return line.to_owned() };
    let mut words = info.split_whitespace();
    let (language, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let told = match (language, kind) {
        ("dockerfile", "bad") => "Reported, on the lines marked `# <-`:",
        ("dockerfile", "good") => "Fine:",
        ("dockerfile", "fixed") => "What the fix makes of it:",
        ("context", _) => "In a build context with these files:",
        _ => return line.to_owned(),
    };
    let parameters: Vec<&str> = words.collect();
    let with = if parameters.is_empty() { String::new() } else { format!(" With `{}`:", parameters.join(" ")) };
    let language = if language == "context" { "text" } else { language };
    format!("{told}{with}\n\n```{language}")
}
