//! What package managers are asked to do: which of them, what for, with which options, for which packages.

use super::package_manager::{Manager, OptionStyle, Task, Verb, manager_of};
use super::values::{Scope, Value};
use super::{Command, CommandWord, Script};
use crate::dockerfile::Env;
use crate::text::Span;

/// A package manager's command, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageCall {
    /// Which.
    pub manager: Manager,
    /// Its program as it was called, without directory: `apt-get`, `pip3`, `microdnf`; `pip` for `python -m pip`.
    pub program: String,
    /// What it is asked to do; [`Task::Other`] also when that is not known.
    pub task: Task,
    /// The words for that: `install`, `module install`; empty when there are none.
    pub verb: String,
    /// Options, in order, those before the task included.
    pub options: Vec<CallOption>,
    /// What follows the task and is no option.
    pub packages: Vec<PackageArgument>,
    /// A word before the task holds variables whose value is not known: there may be more options.
    pub has_unknown_options: bool,
    /// From the program to the task: `apt-get -y install`.
    pub span: Span,
    /// The command, as an index into [`Script::commands`].
    pub command: usize,
}

/// An option of a call. Clusters of letters (`-qy`) are taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOption {
    /// With its dashes: `-y`, `--virtual`.
    pub name: String,
    /// Behind `=`, the letter or in the next word, when the option takes one.
    pub value: Option<String>,
}

/// A package as a call names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageArgument {
    /// Variables with a known value are replaced; others stay as they are written (`curl=$VERSION`).
    pub text: String,
    /// A variable or command substitution stands for the whole of it: nothing is known.
    pub is_unknown: bool,
    /// The word it comes from.
    pub span: Span,
}

impl PackageCall {
    /// Whether one of the options is given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.count(names) > 0
    }

    /// How often one of the options is given.
    pub fn count(&self, names: &[&str]) -> usize {
        self.options.iter().filter(|option| names.contains(&option.name.as_str())).count()
    }

    /// The values given to one of the options.
    pub fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.options
            .iter()
            .filter(|option| names.contains(&option.name.as_str()))
            .filter_map(|option| option.value.as_deref())
    }
}

/// The package manager calls of each script, in the order of its commands. `environments` are those before each
/// instruction of the Dockerfile; with them, and with what the script itself assigns before, variables are replaced.
pub fn package_calls(scripts: &[Script], environments: &[Env]) -> Vec<Vec<PackageCall>> {
    scripts.iter().map(|script| calls_of(script, environments.get(script.instruction))).collect()
}

fn calls_of(script: &Script, env: Option<&Env>) -> Vec<PackageCall> {
    let mut scope = Scope::new(env);
    let mut calls = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        scope.assign(command);
        if let Some((manager, program, first)) = manager_of(command) {
            calls.push(
                Reader { manager, scope: &scope, options: Vec::new(), operands: Vec::new() }
                    .read(command, index, program, first),
            );
        }
    }
    calls
}

struct Reader<'s> {
    manager: Manager,
    scope: &'s Scope<'s>,
    options: Vec<CallOption>,
    operands: Vec<PackageArgument>,
}

impl Reader<'_> {
    fn read(mut self, command: &Command, index: usize, program: String, first: usize) -> PackageCall {
        let words = command.words.get(first..).unwrap_or_default();
        self.words(words);
        let unknown_before_task = self.operands.iter().take_while(|operand| operand.is_unknown).count();
        let mut operands = self.operands.into_iter().skip(unknown_before_task);
        let start = command.words.first().map_or(command.span, |word| word.span);
        let mut span = command.words.get(first.saturating_sub(1)).map_or(start, |program| start.to(program.span));
        let asks = |option: &CallOption| matches!(option.name.as_str(), "--version" | "-v" | "--help" | "-h");
        let is_about_itself = self.options.iter().any(asks);
        let mut next_word = || operands.next().map(|word: PackageArgument| (word.text, start.to(word.span)));
        let (mut verb, at) = next_word().unwrap_or((String::new(), span));
        span = at;
        let task = match self.manager.verb(&verb) {
            // `yarn --version` is no `yarn`.
            Verb::Is(_) if verb.is_empty() && is_about_itself => Task::Other,
            Verb::Is(task) => task,
            of => {
                let (next, at) = next_word().unwrap_or((String::new(), span));
                span = at;
                verb = format!("{verb} {next}").trim_end().to_owned();
                of.with(&next)
            }
        };
        let mut packages: Vec<PackageArgument> = operands.collect();
        if self.manager == Manager::Go && verb == "run" {
            // What follows is for the program.
            packages.truncate(1);
        }
        PackageCall {
            manager: self.manager,
            program,
            task,
            verb,
            options: self.options,
            packages,
            has_unknown_options: unknown_before_task > 0,
            span,
            command: index,
        }
    }

    fn words(&mut self, words: &[CommandWord]) {
        let mut expects_value = false;
        let mut is_over = false;
        for word in words {
            for value in self.scope.values(word) {
                if std::mem::take(&mut expects_value) {
                    if let Some(option) = self.options.last_mut() {
                        option.value = Some(value.text);
                    }
                } else if !is_over && value.text == "--" {
                    is_over = true;
                } else if is_over && self.manager == Manager::Gem {
                    // What follows is for the build of native extensions.
                } else if !is_over && value.text.len() > 1 && value.text.starts_with('-') {
                    expects_value = self.option(&value.text);
                } else {
                    self.operand(value, word.span);
                }
            }
        }
    }

    /// Takes an option apart; `true` when its value is the next word.
    fn option(&mut self, text: &str) -> bool {
        let takes_value = |name: &str| self.manager.value_options().contains(&name);
        if text.starts_with("--") || self.manager.option_style() == OptionStyle::SingleDash {
            let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            let is_next = value.is_none() && takes_value(name);
            self.options.push(CallOption { name: name.to_owned(), value: value.map(str::to_owned) });
            return is_next;
        }
        for (at, letter) in text.char_indices().skip(1) {
            let name = format!("-{letter}");
            let rest = text.get(at + letter.len_utf8()..).unwrap_or_default();
            let is_valued = takes_value(&name);
            if is_valued || rest.starts_with('=') {
                let value = rest.strip_prefix('=').unwrap_or(rest);
                let is_next = rest.is_empty();
                self.options.push(CallOption { name, value: (!is_next).then(|| value.to_owned()) });
                return is_next;
            }
            self.options.push(CallOption { name, value: None });
        }
        false
    }

    fn operand(&mut self, value: Value, span: Span) {
        // A switch may be followed by its value, and only those two words can be one.
        if matches!(self.manager, Manager::Npm | Manager::Gem) && matches!(value.text.as_str(), "true" | "false") {
            return;
        }
        self.operands.push(PackageArgument { is_unknown: value.is_unknown, text: value.text, span });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dockerfile::{BuildOptions, environments, parse};
    use crate::shell::scripts;
    use crate::text::SourceText;

    fn calls(text: &str) -> Vec<PackageCall> {
        let dockerfile = parse(&SourceText::new("Dockerfile", format!("FROM x\n{text}\n")));
        let environments = environments(&dockerfile, &BuildOptions::default());
        package_calls(&scripts(&dockerfile), &environments).into_iter().flatten().collect()
    }

    /// Program, task, options and packages of the calls of one RUN; what is not known in brackets.
    fn read(text: &str) -> Vec<String> {
        let show = |call: &PackageCall| {
            let mut parts = vec![call.program.clone(), format!("{:?}", call.task).to_lowercase()];
            parts.extend(call.options.iter().map(|o| match &o.value {
                Some(value) => format!("{}={value}", o.name),
                None => o.name.clone(),
            }));
            parts.push("|".into());
            parts.extend(
                call.packages.iter().map(|p| if p.is_unknown { format!("[{}]", p.text) } else { p.text.clone() }),
            );
            parts.join(" ")
        };
        calls(text).iter().map(show).collect()
    }

    #[test]
    fn options_and_packages_are_told_apart() {
        for (run, expected) in [
            (
                "apt-get -qqy -t sid install --no-install-recommends curl git=1",
                "apt-get install -q -q -y -t=sid --no-install-recommends | curl git=1",
            ),
            ("apt-get -q=2 -oA::B=c install x", "apt-get install -q=2 -o=A::B=c | x"),
            (
                "apk add -U --virtual .deps gcc -X http://r musl-dev",
                "apk install -U --virtual=.deps -X=http://r | gcc musl-dev",
            ),
            ("python3 -m pip --no-cache-dir install -Ur a.txt 'b>=1'", "pip install --no-cache-dir -U -r=a.txt | b>=1"),
            ("pip3.11 install --root-user-action ignore x", "pip3.11 install --root-user-action=ignore | x"),
            ("npm i -g --unsafe-perm true a@1", "npm install -g --unsafe-perm | a@1"),
            ("gem install -N x -- --with-y=/z", "gem install -N | x"),
            ("go install -ldflags '-s -w' -v a.b/c@v1", "go install -ldflags=-s -w -v | a.b/c@v1"),
            ("dnf module -y install php:8", "dnf installmodule -y | php:8"),
            ("yum groupinstall -y tools", "yum installgroup -y | tools"),
            ("zypper -n in -t pattern devel", "zypper install -n -t=pattern | devel"),
            ("sudo yarn", "yarn install |"),
            ("npm run install", "npm other | install"),
            ("go run a.b/c@v1 -x d", "go install -x | a.b/c@v1"),
            ("yarn --version", "yarn other --version |"),
        ] {
            assert_eq!(read(&format!("RUN {run}")), [expected], "{run}");
        }
        for none in ["piper install x", "python -m build", "echo apt-get install x", "apt-getx install"] {
            assert_eq!(read(&format!("RUN {none}")), [""; 0], "{none}");
        }
    }

    #[test]
    fn variables_are_replaced_where_they_are_known() {
        assert_eq!(read("ENV V=1.2\nRUN apk add a=$V \"b=${V%.*}\" c=$W"), ["apk install | a=1.2 b=1 c=$W"]);
        assert_eq!(
            read("RUN deps='gcc  make' && export X=-y; apt-get install $X $deps $(cat l) \"$@\""),
            ["apt-get install -y | gcc make [$(cat l)] [$@]"]
        );
        assert_eq!(read("ENV A=b\nRUN A=$(x); apk add $A"), ["apk install | [$A]"]);
        let unknown = &calls("RUN apt-get $OPTIONS install x")[0];
        assert!(unknown.has_unknown_options && unknown.task == Task::Install);
        assert_eq!(unknown.packages.len(), 1);
    }

    #[test]
    fn the_span_goes_from_the_program_to_the_task() {
        let text = "FROM x\nRUN true && python -m pip -q install a";
        let dockerfile = parse(&SourceText::new("Dockerfile", text));
        let calls = package_calls(&scripts(&dockerfile), &[]);
        assert_eq!(dockerfile.source.slice(calls[0][0].span), "python -m pip -q install");
        assert_eq!((calls[0][0].command, dockerfile.source.slice(calls[0][0].packages[0].span)), (1, "a"));
    }
}
