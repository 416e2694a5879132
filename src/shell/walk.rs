//! From code to commands: a walk over the shell grammar's tree.

use std::ops::Range;

use shuck_ast as ast;
use shuck_ast::{BinaryOp, CompoundCommand, ConditionalExpr, PatternPart, StmtSeq, WordPart, WordPartNode};

use super::code::Code;
use super::collect::{Around, Collector};
use super::command::{Assignment, Command, CommandWord, PipelinePosition, Redirect, RedirectKind};
use super::quoting;

/// A walk over the tree of one code.
pub(super) struct Walk<'a> {
    code: &'a Code,
    collector: &'a mut Collector,
}

impl<'a> Walk<'a> {
    pub(super) fn new(code: &'a Code, collector: &'a mut Collector) -> Self {
        Self { code, collector }
    }

    pub(super) fn sequence(&mut self, sequence: &StmtSeq, around: Around) {
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
        let (pipeline, count) = (self.collector.new_pipeline(), elements.len());
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
    pub(super) fn words(
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
        let text = self.code.slice(range.clone());
        let literal = quoting::literal(self.code, range.clone());
        CommandWord { literal, text: text.to_owned(), span: self.code.place(range) }
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
