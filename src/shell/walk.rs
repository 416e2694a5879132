//! From code to commands: a walk over the shell grammar's tree.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use shuck_ast as ast;
use shuck_ast::{BinaryOp, CompoundCommand, ConditionalExpr, PatternPart, StmtSeq, WordPart, WordPartNode};
use shuck_parser::parser::{ParseResult, Parser, ShellDialect};

use super::code::Code;
use super::command::{Assignment, Command, CommandWord, PipelinePosition, Redirect, RedirectKind};
use super::quoting;
use super::scan;
use super::script::{Dialect, ScriptError};
use super::wrapper::{self, Wrapped};

/// Longest code that is read, in bytes.
const MAX_CODE: usize = 512 * 1024;
/// Wrappers and scripts within scripts that are looked through.
const MAX_DEPTH: usize = 8;

/// Collects the commands of one script.
#[derive(Default)]
pub(super) struct Collector {
    commands: Vec<Command>,
    pipelines: usize,
    error: Option<ScriptError>,
}

/// What surrounds a command.
#[derive(Clone, Copy, Default)]
struct Around {
    pipeline: Option<PipelinePosition>,
    wrapper: Option<usize>,
    depth: usize,
}

impl Collector {
    /// The commands in source order, and what is wrong with the code.
    pub(super) fn finish(self) -> (Vec<Command>, Option<ScriptError>) {
        let mut order: Vec<usize> = (0..self.commands.len()).collect();
        // A wrapper starts before what it wraps, a command before the substitutions in its words.
        order.sort_by_key(|i| self.commands.get(*i).map(|command| command.span.start));
        let mut rank = vec![0; order.len()];
        for (new, old) in order.into_iter().enumerate() {
            if let Some(slot) = rank.get_mut(old) {
                *slot = new;
            }
        }
        let mut sorted: Vec<(usize, Command)> = rank.iter().copied().zip(self.commands).collect();
        sorted.sort_by_key(|(rank, _)| *rank);
        let mut commands: Vec<Command> = sorted.into_iter().map(|(_, command)| command).collect();
        for command in &mut commands {
            command.wrapper = command.wrapper.and_then(|old| rank.get(old).copied());
        }
        (commands, self.error)
    }

    /// Reads a whole script.
    pub(super) fn script(&mut self, code: &Code, dialect: Dialect) {
        self.shell(code, dialect, Around::default());
    }

    /// Adds the command of an exec form; each word is its decoded value.
    pub(super) fn exec(&mut self, words: Vec<(CommandWord, Code)>) {
        let (words, codes): (Vec<_>, Vec<_>) = words.into_iter().unzip();
        let span = words.iter().map(|word| word.span).reduce(|a, b| a.to(b)).unwrap_or_default();
        let command = Command { words, span, ..Command::default() };
        let script = |index: usize| codes.get(index).cloned();
        self.push(command, &script, None, Around::default());
    }

    fn shell(&mut self, code: &Code, dialect: Dialect, around: Around) {
        let text = code.text();
        if dialect == Dialect::Other || around.depth > MAX_DEPTH {
            return;
        }
        if text.len() > MAX_CODE {
            self.fail(format!("the code is longer than {MAX_CODE} bytes and was not read"), code.place(0..0));
            return;
        }
        // The grammar's own limits (depth, operations, stack) turn hostile code into errors; a panic in it must not end
        // the run either.
        let parsed = catch_unwind(AssertUnwindSafe(|| Parser::with_dialect(text, grammar(dialect)).parse())).ok();
        let problem = parsed.as_ref().map_or_else(|| Some(("the code could not be read".to_owned(), 0)), problem);
        let is_whole = parsed.as_ref().is_some_and(|parsed| parsed.terminal_error.is_none());
        if let Some((message, at)) = problem {
            self.fail(message, code.place(at..at));
        }
        match parsed.filter(|_| is_whole) {
            Some(parsed) => Walk { code, collector: self }.sequence(&parsed.file.body, around),
            None => {
                for words in scan::commands(text) {
                    Walk { code, collector: self }.words(words, Vec::new(), Vec::new(), None, around);
                }
            }
        }
    }

    fn fail(&mut self, message: String, span: crate::text::Span) {
        self.error.get_or_insert(ScriptError { message, span });
    }

    /// Adds a command and what it wraps. `script` gives the code of a word that is a script, `input` what standard input
    /// is when that is known. Tells whether a shell reads the input as its script.
    fn push(
        &mut self,
        command: Command,
        script: &dyn Fn(usize) -> Option<Code>,
        input: Option<&Code>,
        around: Around,
    ) -> bool {
        let mut is_input_read = false;
        let index = self.commands.len();
        let command = Command { pipeline: around.pipeline, wrapper: around.wrapper, ..command };
        let within = Around { wrapper: Some(index), depth: around.depth + 1, ..around };
        let wrapped = if within.depth > MAX_DEPTH { Vec::new() } else { wrapper::wrapped(&command.words) };
        self.commands.push(command.clone());
        for inner in wrapped {
            match inner {
                Wrapped::Words { assignments, words } => {
                    let first = words.start;
                    let inner = inner_command(&command, assignments, words);
                    is_input_read |= self.push(inner, &|i| script(i + first), input, within);
                }
                Wrapped::Script { word, dialect } => {
                    if let Some(code) = script(word) {
                        self.shell(&code, dialect, within);
                    }
                }
                Wrapped::Input { dialect } => {
                    if let Some(code) = input {
                        self.shell(code, dialect, within);
                        is_input_read = true;
                    }
                }
            }
        }
        is_input_read
    }
}

fn inner_command(outer: &Command, assignments: Range<usize>, words: Range<usize>) -> Command {
    let assigned = outer.words.get(assignments).unwrap_or_default().iter().filter_map(|word| {
        let name = wrapper::assigned_name(&word.text)?.to_owned();
        let value = word.literal.as_deref().and_then(|text| text.split_once('=')).map(|(_, value)| value.to_owned());
        Some(Assignment { name, value, span: word.span })
    });
    let words = words_of(outer, words);
    let span = words.iter().map(|word| word.span).reduce(|a, b| a.to(b)).unwrap_or(outer.span);
    let assignments = outer.assignments.iter().cloned().chain(assigned).collect();
    Command { words, span, assignments, redirects: outer.redirects.clone(), ..Command::default() }
}

fn words_of(command: &Command, range: Range<usize>) -> Vec<CommandWord> {
    command.words.get(range).unwrap_or_default().to_vec()
}

/// Scripts for `sh` are read by the larger grammar too: `sh` is bash in many images, and what it does not know is then
/// an ordinary word or an error at run time, not of the grammar.
fn grammar(dialect: Dialect) -> ShellDialect {
    match dialect {
        Dialect::Zsh => ShellDialect::Zsh,
        Dialect::Mksh => ShellDialect::Mksh,
        Dialect::Posix | Dialect::Bash | Dialect::Other => ShellDialect::Bash,
    }
}

/// The first thing wrong with the code, and its byte.
fn problem(parsed: &ParseResult) -> Option<(String, usize)> {
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Some((diagnostic.message.clone(), diagnostic.span.start.offset()));
    }
    parsed.terminal_error.as_ref().map(|error| (error.to_string(), 0))
}

struct Walk<'a> {
    code: &'a Code,
    collector: &'a mut Collector,
}

impl Walk<'_> {
    fn sequence(&mut self, sequence: &StmtSeq, around: Around) {
        for statement in &sequence.stmts {
            self.statement(statement, around);
        }
    }

    fn statement(&mut self, statement: &ast::Stmt, around: Around) {
        let redirects = &statement.redirects;
        match &statement.command {
            ast::Command::Simple(command) => {
                let words = std::iter::once(&command.name).chain(&command.args);
                self.simple(words.map(|word| (range(word.span), Some(word))), &command.assignments, redirects, around);
            }
            ast::Command::Builtin(command) => {
                let (name, args, assignments, span) = builtin(command);
                let name = self.builtin_name(name, assignments, span);
                let words = name.into_iter().map(|name| (name, None));
                let args = args.into_iter().map(|word| (range(word.span), Some(word)));
                self.simple(words.chain(args), assignments, redirects, around);
            }
            ast::Command::Decl(command) => {
                let name = (range(command.variant_span), None);
                let operands = command.operands.iter().map(|operand| match operand {
                    ast::DeclOperand::Flag(word) | ast::DeclOperand::Dynamic(word) => (range(word.span), Some(word)),
                    ast::DeclOperand::Name(name) => (range(name.span), None),
                    ast::DeclOperand::Assignment(assignment) => (range(assignment.span), None),
                });
                self.simple(std::iter::once(name).chain(operands), &command.assignments, redirects, around);
                for operand in &command.operands {
                    if let ast::DeclOperand::Assignment(assignment) = operand {
                        self.assigned(assignment, around);
                    }
                }
            }
            ast::Command::Binary(binary) => {
                self.binary(binary, around);
                self.redirected(redirects, around);
            }
            ast::Command::Compound(compound) => {
                self.compound(compound, around);
                self.redirected(redirects, around);
            }
            // A function's commands run where it is called.
            ast::Command::Function(function) => self.statement(&function.body, Around { pipeline: None, ..around }),
            ast::Command::AnonymousFunction(function) => {
                self.statement(&function.body, around);
                self.substitutions(&function.args, around);
            }
        }
    }

    /// Chains lean to the left and can be long, so they are walked in a loop.
    fn binary(&mut self, binary: &ast::BinaryCommand, around: Around) {
        let is_pipe = |op: BinaryOp| matches!(op, BinaryOp::Pipe | BinaryOp::PipeAll);
        let mut elements = vec![&*binary.right];
        let mut left = &*binary.left;
        while let ast::Command::Binary(inner) = &left.command
            && is_pipe(inner.op) == is_pipe(binary.op)
            && left.redirects.is_empty()
        {
            elements.push(&inner.right);
            left = &inner.left;
        }
        elements.push(left);
        elements.reverse();
        if !is_pipe(binary.op) {
            elements.into_iter().for_each(|element| self.statement(element, around));
            return;
        }
        let (pipeline, count) = (self.collector.pipelines, elements.len());
        self.collector.pipelines += 1;
        for (element, statement) in elements.into_iter().enumerate() {
            let position = PipelinePosition { pipeline, element, elements: count };
            self.statement(statement, Around { pipeline: Some(position), ..around });
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, around: Around) {
        match compound {
            CompoundCommand::If(command) => {
                self.sequence(&command.condition, around);
                self.sequence(&command.then_branch, around);
                for (condition, branch) in &command.elif_branches {
                    self.sequence(condition, around);
                    self.sequence(branch, around);
                }
                command.else_branch.iter().for_each(|branch| self.sequence(branch, around));
            }
            CompoundCommand::For(command) => {
                self.substitutions(command.words.iter().flatten(), around);
                self.sequence(&command.body, around);
            }
            CompoundCommand::Repeat(command) => {
                self.substitution(&command.count, around);
                self.sequence(&command.body, around);
            }
            CompoundCommand::Foreach(command) => {
                self.substitutions(&command.words, around);
                self.sequence(&command.body, around);
            }
            CompoundCommand::ArithmeticFor(command) => self.sequence(&command.body, around),
            CompoundCommand::While(command) => {
                self.sequence(&command.condition, around);
                self.sequence(&command.body, around);
            }
            CompoundCommand::Until(command) => {
                self.sequence(&command.condition, around);
                self.sequence(&command.body, around);
            }
            CompoundCommand::Case(command) => {
                self.substitution(&command.word, around);
                for item in &command.cases {
                    item.patterns.iter().for_each(|pattern| self.pattern(pattern, around));
                    self.sequence(&item.body, around);
                }
            }
            CompoundCommand::Select(command) => {
                self.substitutions(&command.words, around);
                self.sequence(&command.body, around);
            }
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => self.sequence(body, around),
            CompoundCommand::Arithmetic(_) => {}
            CompoundCommand::Time(command) => {
                command.command.iter().for_each(|statement| self.statement(statement, around));
            }
            CompoundCommand::Conditional(command) => self.condition(&command.expression, around),
            CompoundCommand::Coproc(command) => self.statement(&command.body, around),
            CompoundCommand::Always(command) => {
                self.sequence(&command.body, around);
                self.sequence(&command.always_body, around);
            }
        }
    }

    fn condition(&mut self, expression: &ConditionalExpr, around: Around) {
        let mut open = vec![expression];
        while let Some(expression) = open.pop() {
            match expression {
                ConditionalExpr::Binary(binary) => open.extend([&*binary.right, &*binary.left]),
                ConditionalExpr::Unary(unary) => open.push(&unary.expr),
                ConditionalExpr::Parenthesized(inner) => open.push(&inner.expr),
                ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => self.substitution(word, around),
                ConditionalExpr::Pattern(pattern) => self.pattern(pattern, around),
                ConditionalExpr::VarRef(_) => {}
            }
        }
    }

    fn simple<'w>(
        &mut self,
        words: impl Iterator<Item = (Range<usize>, Option<&'w ast::Word>)>,
        assignments: &[ast::Assignment],
        redirects: &[ast::Redirect],
        around: Around,
    ) {
        let mut ranges = Vec::new();
        let mut parsed = Vec::new();
        for (range, word) in words {
            // The grammar gives a command without a name an empty one.
            if !range.is_empty() {
                ranges.push(self.trimmed(range));
                parsed.extend(word);
            }
        }
        let input = redirects.iter().rev().find_map(|redirect| self.input(redirect));
        let assigned = assignments.iter().map(|assignment| self.assignment(assignment)).collect();
        let redirected = redirects.iter().filter_map(|redirect| self.redirect(redirect)).collect();
        let is_input_read = self.words(ranges, assigned, redirected, input.as_ref(), around);
        assignments.iter().for_each(|assignment| self.assigned(assignment, around));
        self.substitutions(parsed, around);
        // The substitutions of a script that was read are among its commands already.
        if !is_input_read {
            self.redirected(redirects, around);
        }
    }

    /// Adds the command that stands in these parts of the code.
    fn words(
        &mut self,
        ranges: Vec<Range<usize>>,
        assignments: Vec<Assignment>,
        redirects: Vec<Redirect>,
        input: Option<&Code>,
        around: Around,
    ) -> bool {
        let words: Vec<CommandWord> = ranges.iter().map(|range| self.word(range.clone())).collect();
        let places = words.iter().map(|word| word.span);
        let bare = assignments.iter().map(|part| part.span).chain(redirects.iter().map(|part| part.span));
        let Some(span) = places.reduce(|a, b| a.to(b)).or_else(|| bare.reduce(|a, b| a.to(b))) else { return false };
        let command = Command { words, span, assignments, redirects, ..Command::default() };
        let code = self.code;
        let script = |index: usize| quoting::script(code, ranges.get(index)?.clone());
        self.collector.push(command, &script, input, around)
    }

    fn word(&self, range: Range<usize>) -> CommandWord {
        let literal = quoting::literal(self.code, range.clone()).map(|code| code.text().to_owned());
        CommandWord { literal, text: self.code.slice(range.clone()).to_owned(), span: self.code.place(range) }
    }

    /// Without line continuations at its ends.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let text = self.code.slice(range.clone());
        let start = text.len() - text.trim_start_matches("\\\n").len();
        range.start + start..range.end
    }

    /// The name of a builtin, which the grammar does not place: it follows the assignments.
    fn builtin_name(&self, name: &str, assignments: &[ast::Assignment], span: ast::Span) -> Option<Range<usize>> {
        let start = assignments.last().map_or(span.start.offset(), |last| last.span.end.offset());
        let at = start + self.code.slice(start..span.end.offset()).find(name)?;
        Some(at..at + name.len())
    }

    fn assignment(&self, assignment: &ast::Assignment) -> Assignment {
        let value = match &assignment.value {
            ast::AssignmentValue::Scalar(word) if word.span.start.offset() == word.span.end.offset() => {
                Some(String::new())
            }
            ast::AssignmentValue::Scalar(word) => self.word(range(word.span)).literal,
            ast::AssignmentValue::Compound(_) => None,
        };
        Assignment { name: assignment.target.name.to_string(), value, span: self.code.place(range(assignment.span)) }
    }

    fn redirect(&self, redirect: &ast::Redirect) -> Option<Redirect> {
        let kind = match redirect.kind {
            ast::RedirectKind::Output | ast::RedirectKind::Clobber => RedirectKind::Output,
            ast::RedirectKind::Append => RedirectKind::Append,
            ast::RedirectKind::OutputBoth => RedirectKind::OutputAndError,
            ast::RedirectKind::Input => RedirectKind::Input,
            ast::RedirectKind::ReadWrite => RedirectKind::InputOutput,
            ast::RedirectKind::HereDoc | ast::RedirectKind::HereDocStrip => RedirectKind::HereDocument,
            ast::RedirectKind::HereString => RedirectKind::HereString,
            ast::RedirectKind::DupOutput => RedirectKind::DuplicateOutput,
            ast::RedirectKind::DupInput => RedirectKind::DuplicateInput,
        };
        let span = range(redirect.span);
        let text = self.code.slice(span.clone());
        let operator = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let target = match &redirect.target {
            ast::RedirectTarget::Heredoc(document) => range(document.delimiter.span),
            ast::RedirectTarget::Word(word) if word.span.start.offset() > span.start => range(word.span),
            // The grammar does not place the descriptor of `2>&1`.
            ast::RedirectTarget::Word(_) => {
                let target = operator.trim_start_matches(['<', '>', '&', '|']).trim_start();
                span.end - target.len()..span.end
            }
        };
        let descriptor = text.get(..text.len() - operator.len()).and_then(|digits| digits.parse().ok());
        let place = self.code.place(span);
        (!place.is_empty()).then(|| Redirect { descriptor, kind, target: self.word(target), span: place })
    }

    /// What a here-document or here-string gives to standard input.
    fn input(&self, redirect: &ast::Redirect) -> Option<Code> {
        if redirect.fd.is_some_and(|fd| fd != 0) {
            return None;
        }
        match &redirect.target {
            ast::RedirectTarget::Heredoc(document) => {
                let delimiter = &document.delimiter;
                let body = range(document.body.span);
                Some(quoting::here_document(self.code, body, delimiter.expands_body, delimiter.strip_tabs))
            }
            ast::RedirectTarget::Word(word) if redirect.kind == ast::RedirectKind::HereString => {
                quoting::script(self.code, range(word.span))
            }
            ast::RedirectTarget::Word(_) => None,
        }
    }

    fn redirected(&mut self, redirects: &[ast::Redirect], around: Around) {
        for redirect in redirects {
            match &redirect.target {
                ast::RedirectTarget::Word(word) => self.substitution(word, around),
                ast::RedirectTarget::Heredoc(document) => {
                    for part in &document.body.parts {
                        match &part.kind {
                            ast::HeredocBodyPart::CommandSubstitution { body, .. } => self.substituted(body, around),
                            ast::HeredocBodyPart::ArithmeticExpansion { expression_word_ast, .. } => {
                                self.substitution(expression_word_ast, around);
                            }
                            ast::HeredocBodyPart::Parameter(parameter) => self.parameter(parameter, around),
                            ast::HeredocBodyPart::Literal(_) | ast::HeredocBodyPart::Variable(_) => {}
                        }
                    }
                }
            }
        }
    }

    fn assigned(&mut self, assignment: &ast::Assignment, around: Around) {
        match &assignment.value {
            ast::AssignmentValue::Scalar(word) => self.substitution(word, around),
            ast::AssignmentValue::Compound(array) => {
                self.substitutions(array.elements.iter().map(|element| &element.value().word), around);
            }
        }
    }

    fn substitutions<'w>(&mut self, words: impl IntoIterator<Item = &'w ast::Word>, around: Around) {
        words.into_iter().for_each(|word| self.substitution(word, around));
    }

    fn substitution(&mut self, word: &ast::Word, around: Around) {
        self.parts(&word.parts, around);
    }

    fn pattern(&mut self, pattern: &ast::Pattern, around: Around) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => self.substitution(word, around),
                PatternPart::Group { patterns, .. } => patterns.iter().for_each(|inner| self.pattern(inner, around)),
                PatternPart::Literal(_) | PatternPart::AnyString | PatternPart::AnyChar | PatternPart::CharClass(_) => {
                }
            }
        }
    }

    /// Commands in a substitution write into a word, not into the pipeline around it.
    fn substituted(&mut self, body: &StmtSeq, around: Around) {
        self.sequence(body, Around { pipeline: None, ..around });
    }

    fn parts(&mut self, parts: &[WordPartNode], around: Around) {
        for part in parts {
            match &part.kind {
                WordPart::DoubleQuoted { parts, .. } => self.parts(parts, around),
                WordPart::CommandSubstitution { body, .. } | WordPart::ProcessSubstitution { body, .. } => {
                    self.substituted(body, around);
                }
                WordPart::ArithmeticExpansion { expression_word_ast, .. } => {
                    self.substitution(expression_word_ast, around)
                }
                WordPart::Parameter(parameter) => self.parameter(parameter, around),
                WordPart::ParameterExpansion { operand_word_ast, operator, .. } => {
                    let replacement = operator.replacement_word_ast();
                    self.substitutions(operand_word_ast.as_deref().into_iter().chain(replacement), around);
                }
                WordPart::IndirectExpansion { operand_word_ast, .. } => {
                    self.substitutions(operand_word_ast.as_deref(), around);
                }
                WordPart::Substring { offset_word_ast, length_word_ast, .. }
                | WordPart::ArraySlice { offset_word_ast, length_word_ast, .. } => {
                    self.substitution(offset_word_ast, around);
                    self.substitutions(length_word_ast.as_deref(), around);
                }
                WordPart::Literal(_)
                | WordPart::ZshQualifiedGlob(_)
                | WordPart::SingleQuoted { .. }
                | WordPart::Variable(_)
                | WordPart::Length(_)
                | WordPart::ArrayAccess(_)
                | WordPart::ArrayLength(_)
                | WordPart::ArrayIndices(_)
                | WordPart::PrefixMatch { .. }
                | WordPart::Transformation { .. } => {}
            }
        }
    }

    fn parameter(&mut self, parameter: &ast::ParameterExpansion, around: Around) {
        let Some(expansion) = parameter.bourne() else { return };
        self.substitutions(expansion.operand_word_ast(), around);
        self.substitutions(expansion.offset_word_ast(), around);
        self.substitutions(expansion.length_word_ast(), around);
        if let ast::BourneParameterExpansion::Operation { operator, .. } = expansion {
            self.substitutions(operator.replacement_word_ast(), around);
        }
    }
}

fn range(span: ast::Span) -> Range<usize> {
    span.start.offset()..span.end.offset().max(span.start.offset())
}

type BuiltinParts<'a> = (&'static str, Vec<&'a ast::Word>, &'a [ast::Assignment], ast::Span);

fn builtin(command: &ast::BuiltinCommand) -> BuiltinParts<'_> {
    let (name, first, rest, assignments, span) = match command {
        ast::BuiltinCommand::Break(c) => ("break", &c.depth, &c.extra_args, &c.assignments, c.span),
        ast::BuiltinCommand::Continue(c) => ("continue", &c.depth, &c.extra_args, &c.assignments, c.span),
        ast::BuiltinCommand::Return(c) => ("return", &c.code, &c.extra_args, &c.assignments, c.span),
        ast::BuiltinCommand::Exit(c) => ("exit", &c.code, &c.extra_args, &c.assignments, c.span),
    };
    (name, first.iter().chain(rest).collect(), assignments, span)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::text::Span;

    /// Each command as its words, `name=value` assignments first and redirections last, and its wrapper's name behind `<`.
    fn read(text: &str) -> Vec<String> {
        let (commands, error) = collect(text);
        assert_eq!(error, None, "{text}");
        let show = |command: &Command| {
            let mut parts: Vec<String> = command.assignments.iter().map(|a| format!("{}=", a.name)).collect();
            parts.extend(command.words.iter().map(|word| word.text.clone()));
            parts.extend(
                command.redirects.iter().map(|redirect| format!("{:?}:{}", redirect.kind, redirect.target.text)),
            );
            let outer = command.wrapper.and_then(|index| commands.get(index)).and_then(Command::name);
            parts.extend(outer.map(|name| format!("< {name}")));
            parts.join(" ")
        };
        commands.iter().map(show).collect()
    }

    fn collect(text: &str) -> (Vec<Command>, Option<ScriptError>) {
        let mut code = Code::default();
        code.push_lines(text, Span::new(0, text.len()), false);
        let mut collector = Collector::default();
        collector.script(&code, Dialect::Bash);
        let (commands, error) = collector.finish();
        for command in &commands {
            for word in &command.words {
                let written = text[word.span.range()].replace('\\', "");
                assert_eq!(written, word.text.replace('\\', ""), "{text}");
            }
        }
        (commands, error)
    }

    #[test]
    fn commands_are_found_wherever_they_run() {
        assert_eq!(read("a && b x || ! c; d & (e; f) | g"), ["a", "b x", "c", "d", "e", "f", "g"]);
        assert_eq!(read("if a; then b; elif c; then d; else e; fi"), ["a", "b", "c", "d", "e"]);
        assert_eq!(read("for i in $(a) b; do c \"$i\"; done; until d; do e; done"), ["a", "c \"$i\"", "d", "e"]);
        assert_eq!(read("case `a` in x|$(b)) c;; *) exit 1;; esac"), ["a", "b", "c", "exit 1"]);
        assert_eq!(read("f() { a; }; function g { b; }; time c; [[ -n $(d) ]] && { e; }"), ["a", "b", "c", "d", "e"]);
        assert_eq!(
            read("a \"x $(b \"$(c)\") y\" ${z:-$(d)} <(e)"),
            ["a \"x $(b \"$(c)\") y\" ${z:-$(d)} <(e)", "b \"$(c)\"", "c", "d", "e"]
        );
        assert_eq!(read("X=$(a) export Y=`b` Z; V=1"), ["a", "X= export Y=`b` Z", "b", "V="]);
        assert_eq!(read("cat <<EOF >f && b\n$(c) $d\nEOF\ne"), ["cat HereDocument:EOF Output:f", "b", "c", "e"]);
        assert_eq!(read("cat <<'EOF'\n$(c)\nEOF\n"), ["cat HereDocument:'EOF'"]);
    }

    #[test]
    fn wrappers_stand_before_what_they_run() {
        assert_eq!(
            read("sudo -E env A=1 apt-get update 2>&1"),
            [
                "sudo -E env A=1 apt-get update DuplicateOutput:1",
                "env A=1 apt-get update DuplicateOutput:1 < sudo",
                "A= apt-get update DuplicateOutput:1 < env",
            ]
        );
        assert_eq!(
            read("bash -c 'cd /x && make' && sh -ec \"echo \\\"$a\\\" | tee b\""),
            [
                "bash -c 'cd /x && make'",
                "cd /x < bash",
                "make < bash",
                "sh -ec \"echo \\\"$a\\\" | tee b\"",
                "echo \"$a\" < sh",
                "tee b < sh",
            ]
        );
        assert_eq!(
            read("bash <<EOF\na\nb $(c)\nEOF\n"),
            ["bash HereDocument:EOF", "a < bash", "b $(c) < bash", "c < bash"]
        );
        assert_eq!(read("sh -c \"$(curl -fsSL u)\""), ["sh -c \"$(curl -fsSL u)\"", "curl -fsSL u"]);
        assert_eq!(read("find . -exec rm -f {} \\; -print"), ["find . -exec rm -f {} \\; -print", "rm -f {} < find"]);
    }

    #[test]
    fn a_pipeline_knows_its_elements() {
        let (commands, _) = collect("x; curl u | sudo tar xz | (a; b) && c | d");
        let at = |name: &str| {
            let command = commands.iter().find(|command| command.name() == Some(name)).unwrap();
            command.pipeline.map(|at| (at.pipeline, at.element, at.elements, at.is_piped()))
        };
        assert_eq!(at("x"), None);
        assert_eq!(at("curl"), Some((0, 0, 3, true)));
        assert_eq!(at("tar"), Some((0, 1, 3, true)));
        assert_eq!(at("b"), Some((0, 2, 3, false)));
        assert_eq!(at("d"), Some((1, 1, 2, false)));
    }

    #[test]
    fn words_know_their_values() {
        let (commands, _) = collect("a 'b c' \"d$x\" e\\ f $'g\\n' /h/* --i=\"j\"");
        let literals: Vec<_> = commands[0].words.iter().map(|word| word.literal.as_deref()).collect();
        assert_eq!(literals, [Some("a"), Some("b c"), None, Some("e f"), Some("g\n"), Some("/h/*"), Some("--i=j")]);
    }

    #[test]
    fn broken_code_gives_an_error_and_what_can_be_read() {
        let (commands, error) = collect("apt-get update && echo \"x");
        assert!(error.is_some());
        assert_eq!(commands[0].name(), Some("apt-get"));
    }

    #[test]
    fn hostile_code_is_bounded() {
        let deep = [
            "$(".repeat(5_000),
            "(".repeat(5_000),
            "{ ".repeat(5_000),
            "a && ".repeat(20_000),
            "a | ".repeat(20_000) + "a",
            "sudo ".repeat(20_000),
            "sh -c '".repeat(1_000),
            "`".repeat(5_001),
            "\"${x:-".repeat(3_000),
            "if a; then ".repeat(3_000),
            "cat <<A\n".repeat(2_000),
            "x=".to_owned() + &"$((".repeat(3_000),
            "a".repeat(MAX_CODE + 1),
        ];
        for text in deep {
            let mut code = Code::default();
            code.push_lines(&text, Span::new(0, text.len()), false);
            let mut collector = Collector::default();
            collector.script(&code, Dialect::Bash);
            let (commands, _) = collector.finish();
            assert!(commands.len() <= 20_000 + MAX_DEPTH);
        }
    }
}
