//! What rules ask of the nodes.

use super::ast::{Args, Flag, Heredoc, Instruction, Keyword, Pair, Word};
use super::heredoc;
use crate::text::Span;

impl Keyword {
    /// Every keyword BuildKit knows, sorted.
    pub const ALL: [Keyword; 18] = [
        Keyword::Add,
        Keyword::Arg,
        Keyword::Cmd,
        Keyword::Copy,
        Keyword::Entrypoint,
        Keyword::Env,
        Keyword::Expose,
        Keyword::From,
        Keyword::Healthcheck,
        Keyword::Label,
        Keyword::Maintainer,
        Keyword::Onbuild,
        Keyword::Run,
        Keyword::Shell,
        Keyword::Stopsignal,
        Keyword::User,
        Keyword::Volume,
        Keyword::Workdir,
    ];

    /// In capitals, as the manual writes it; empty for [`Keyword::Unknown`].
    pub fn name(self) -> &'static str {
        match self {
            Keyword::Add => "ADD",
            Keyword::Arg => "ARG",
            Keyword::Cmd => "CMD",
            Keyword::Copy => "COPY",
            Keyword::Entrypoint => "ENTRYPOINT",
            Keyword::Env => "ENV",
            Keyword::Expose => "EXPOSE",
            Keyword::From => "FROM",
            Keyword::Healthcheck => "HEALTHCHECK",
            Keyword::Label => "LABEL",
            Keyword::Maintainer => "MAINTAINER",
            Keyword::Onbuild => "ONBUILD",
            Keyword::Run => "RUN",
            Keyword::Shell => "SHELL",
            Keyword::Stopsignal => "STOPSIGNAL",
            Keyword::User => "USER",
            Keyword::Volume => "VOLUME",
            Keyword::Workdir => "WORKDIR",
            Keyword::Unknown => "",
        }
    }

    /// The keyword of that name, in any case.
    pub fn parse(name: &str) -> Self {
        let is_it = |keyword: &&Keyword| keyword.name().eq_ignore_ascii_case(name);
        Keyword::ALL.iter().find(is_it).copied().unwrap_or(Keyword::Unknown)
    }
}

impl Args {
    /// The words of the JSON form or of a list; none for other forms.
    pub fn words(&self) -> &[Word] {
        match self {
            Args::Json(words) | Args::Words(words) => words,
            _ => &[],
        }
    }

    /// The text of the shell form and of single-argument instructions.
    pub fn text(&self) -> Option<&Word> {
        match self {
            Args::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Keys and values of ENV, LABEL and ARG; none for other instructions.
    pub fn pairs(&self) -> &[Pair] {
        match self {
            Args::Pairs(pairs) => pairs,
            _ => &[],
        }
    }

    /// Whether it is the JSON form.
    pub fn is_json(&self) -> bool {
        matches!(self, Args::Json(_))
    }
}

impl Flag {
    /// The options of a `--mount` or `--device`: `type=cache,ro` gives `type` with `cache` and `ro` without a value.
    pub fn options(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let text = self.value.as_ref().map_or("", |value| value.text.as_str());
        let fields = text.split(',').filter(|field| !field.is_empty());
        fields.map(|field| field.split_once('=').map_or((field, None), |(key, value)| (key, Some(value))))
    }
}

/// What COPY or ADD takes and where to.
#[derive(Debug)]
pub struct Copying<'i> {
    /// In order.
    pub sources: Vec<CopySource<'i>>,
    /// The last argument.
    pub destination: &'i Word,
}

/// A source of COPY or ADD.
#[derive(Clone, Copy, Debug)]
pub enum CopySource<'i> {
    /// A path, pattern or URL.
    Path(&'i Word),
    /// A here-document's marker and, when it is terminated, the document.
    Heredoc(&'i Word, Option<&'i Heredoc>),
}

/// A text of an instruction in which BuildKit replaces variables, and reports those that are not set.
#[derive(Clone, Copy, Debug)]
pub struct Expandable<'i> {
    /// The text; see [`Word::text`].
    pub text: &'i str,
    /// Where it stands.
    pub span: Span,
    /// It is the body of a here-document: [`super::Expander::for_heredoc`].
    pub is_document: bool,
}

impl Instruction {
    /// The texts in which BuildKit replaces variables and reports those that are not set, in order. FROM, whose variables
    /// are others, EXPOSE, where nothing is reported, and what ONBUILD holds are left out.
    pub fn expandable<'i>(&'i self) -> Vec<Expandable<'i>> {
        let word = |word: &'i Word| Expandable { text: &word.text, span: word.span, is_document: false };
        let mut found: Vec<Expandable<'i>> = Vec::new();
        match self.keyword {
            Keyword::Env | Keyword::Label => {
                let texts = self.args.pairs().iter().flat_map(|pair| [Some(&pair.key), pair.value.as_ref()]);
                found.extend(texts.flatten().map(word));
            }
            Keyword::Arg => found.extend(self.args.pairs().iter().filter_map(|pair| pair.value.as_ref()).map(word)),
            Keyword::Copy | Keyword::Add => {
                let flags = ["chown", "chmod", "checksum"].into_iter().filter_map(|name| self.flag_value(name));
                found.extend(flags.map(word));
                let Some(copying) = self.copy_sources_and_dest() else { return found };
                for source in &copying.sources {
                    match source {
                        CopySource::Path(path) => found.push(word(path)),
                        CopySource::Heredoc(_, Some(doc)) if doc.expand => {
                            found.push(Expandable { text: &doc.content, span: doc.body_span, is_document: true });
                        }
                        CopySource::Heredoc(..) => {}
                    }
                }
                found.push(word(copying.destination));
            }
            Keyword::Workdir | Keyword::User | Keyword::Stopsignal => found.extend(self.args.text().map(word)),
            Keyword::Volume => found.extend(self.args.words().iter().map(word)),
            Keyword::Run => {
                for flag in self.flags_named("mount") {
                    let values = flag.options().filter(|(key, _)| !key.eq_ignore_ascii_case("from"));
                    let texts = values.filter_map(|(_, value)| value);
                    found.extend(texts.map(|text| Expandable { text, span: flag.span, is_document: false }));
                }
            }
            _ => {}
        }
        found
    }

    /// The first flag of that name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// All flags of that name, in order.
    pub fn flags_named<'i>(&'i self, name: &str) -> impl Iterator<Item = &'i Flag> {
        self.flags.iter().filter(move |flag| flag.name == name)
    }

    /// The value of the first flag of that name that has one.
    pub fn flag_value(&self, name: &str) -> Option<&Word> {
        self.flags.iter().filter(|flag| flag.name == name).find_map(|flag| flag.value.as_ref())
    }

    /// The instruction itself, or for ONBUILD the one it holds.
    pub fn innermost(&self) -> &Instruction {
        let mut inner = self;
        while let Some(trigger) = &inner.trigger {
            inner = trigger;
        }
        inner
    }

    /// Sources and destination of COPY and ADD; `None` for other instructions and for fewer than two arguments.
    pub fn copy_sources_and_dest<'i>(&'i self) -> Option<Copying<'i>> {
        if !matches!(self.keyword, Keyword::Copy | Keyword::Add) {
            return None;
        }
        let (destination, sources) = self.args.words().split_last()?;
        if sources.is_empty() {
            return None;
        }
        let source = |word: &'i Word| match heredoc::marker(&word.text) {
            Ok(Some(marker)) => CopySource::Heredoc(word, self.heredocs.iter().find(|doc| doc.name == marker.name)),
            _ => CopySource::Path(word),
        };
        Some(Copying { sources: sources.iter().map(source).collect(), destination })
    }

    /// The stage or image that `COPY --from` and `RUN --mount=from=` name.
    pub fn sources_of_files(&self) -> Vec<&str> {
        let inner = self.innermost();
        let mut names = Vec::new();
        match inner.keyword {
            Keyword::Copy => names.extend(inner.flag_value("from").map(|word| word.text.as_str())),
            Keyword::Run => {
                let options = inner.flags_named("mount").flat_map(Flag::options);
                names
                    .extend(options.filter(|(key, _)| key.eq_ignore_ascii_case("from")).filter_map(|(_, value)| value));
            }
            _ => {}
        }
        names
    }
}
