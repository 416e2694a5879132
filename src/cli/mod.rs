//! The command line: arguments, progress, exit codes.

mod args;
mod before;
mod book;
mod builds;
mod cache;
mod catalogue;
mod debug;
mod discover;
mod error;
mod feeds;
mod fix;
mod fix_command;
mod gate;
mod git;
mod inspect;
mod options;
mod plugin;
mod policies;
mod policy;
mod progress;
mod publish;
mod repository;
mod sarif;
mod shellcheck;
mod sink;

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::policy::Policy;
use crate::shell::is_guarded;
use args::{Cli, Color, Command};
use error::CliError;
use sink::Terminal;

/// The verdict fails the run.
const FAILED: u8 = 1;
/// The run could not do what was asked.
const UNABLE: u8 = 2;

/// Runs the command line of this process. Exit status: 0 passed, 1 the verdict fails the run, 2 it could not do what was
/// asked.
pub fn main() -> ExitCode {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !is_guarded() {
            print(info);
        }
    }));
    let args = match plugin::called() {
        plugin::Call::Own(args) => args,
        plugin::Call::Metadata => return plugin::describe(),
    };
    let cli = Cli::parse_from(args);
    let terminal = Terminal::new(&cli);
    match run(cli.command, &terminal) {
        Ok(code) => ExitCode::from(code),
        Err(CliError::Write(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(UNABLE),
        Err(error) => {
            error.report(&terminal);
            ExitCode::from(UNABLE)
        }
    }
}

fn run(command: Command, terminal: &Terminal) -> Result<u8, CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let code = match command {
        Command::Check(args) => gate::check(args, terminal, &mut out)?,
        Command::Lint(args) => gate::lint(args, terminal, &mut out)?,
        Command::Gate(args) => gate::gate(args, terminal, &mut out)?,
        Command::Fix(args) => fix::run(args, terminal, &mut out)?,
        Command::Inspect(args) => inspect::run(args, terminal, &mut out)?,
        Command::Cache(command) => cache::run(&command, &mut out)?,
        Command::Feeds(command) => feeds::run(command, terminal, &mut out)?,
        Command::Publish(args) => publish::run(&args, terminal, &mut out)?,
        Command::Policy(command) => policy::run(&command, &mut out)?,
        Command::Sarif(command) => sarif::run(&command, &mut out)?,
        Command::Rules(args) => {
            catalogue::rules(args.format, &mut out).map_err(CliError::Write)?;
            0
        }
        Command::Explain { rule, policy } => {
            catalogue::explain(&rule, &Policy::load(&policy)?, &mut out)?;
            0
        }
        Command::Book { from, to } => {
            book::write(&from, &to)?;
            0
        }
        Command::Debug(command) => {
            debug::run(&command, &mut io::stdin().lock(), &mut out)?;
            0
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "dockgate", &mut out);
            0
        }
        Command::Man { command } => {
            man(command.as_deref(), &mut out)?;
            0
        }
    };
    out.flush().map_err(CliError::Write)?;
    Ok(code)
}

/// The manual page of the program, or of one of its commands.
fn man(command: Option<&str>, out: &mut dyn Write) -> Result<(), CliError> {
    let mut cli = Cli::command();
    cli.build();
    let page = match command {
        None => clap_mangen::Man::new(cli),
        Some(name) => {
            let known = |c: &clap::Command| c.get_name().to_owned();
            let names: Vec<String> = cli.get_subcommands().map(known).collect();
            let found = cli.find_subcommand(name).cloned().ok_or_else(|| CliError::Argument {
                what: "the command",
                value: name.to_owned(),
                wanted: format!("one of {}", names.join(", ")),
            })?;
            clap_mangen::Man::new(found)
        }
    };
    page.render(out).map_err(CliError::Write)
}

/// Whether colours are wanted: as asked, else on a terminal where `NO_COLOR` is not set.
fn wants_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}
