//! From a request to a report.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::collect::{ImageModels, LintModels};
use super::contexts::Contexts;
use super::digests;
use super::join;
use super::layers;
use super::report::{Coverage, ImageSummary, Judged, PolicySummary, Report, Scope, Waived};
use super::request::{CheckError, Decided, Request};
use super::suppress::{Suppressed, Wishes};
use crate::finding::{Finding, Fix, ImagePlace, Place};
use crate::policy::{Action, Check, Decision, Policy, PolicyLine, Verdict, Waiver, decide};
use crate::rule::{Phase, Rule, catalogue};
use crate::shell::Linter;
use crate::text::{SourceText, Span};
use crate::{gate, lint};

/// Runs everything `request` asks for.
///
/// # Errors
/// When there is nothing to check, or the context or image cannot be read at all. A part that cannot be read is a finding.
pub fn run(request: &Request<'_>) -> Result<Report, CheckError> {
    if request.builds.is_empty() && request.image.is_none() {
        return Err(CheckError::Nothing);
    }
    let checks: Vec<&Check> = request.policy.checks.iter().filter(|c| request.selection.takes(c.rule)).collect();
    let of_phase =
        |phases: &[Phase]| checks.iter().copied().filter(|c| phases.contains(&c.rule.phase)).collect::<Vec<_>>();
    let (lint_checks, gate_checks) = (of_phase(&[Phase::Lint, Phase::Context]), of_phase(&[Phase::Image]));

    let is_shell_read = lint_checks.iter().any(|c| c.rule == catalogue::SHELL_PITFALL);
    let own = Linter::default();
    let linter = is_shell_read.then(|| request.linter.unwrap_or(&own));
    let asks = |rule: &Rule| lint_checks.iter().any(|check| check.rule == rule);
    let contexts = Contexts::open(request)?;
    let mut models = request
        .builds
        .par_iter()
        .map(|build| LintModels::collect(build, request, &contexts, linter, &asks))
        .collect::<Result<Vec<_>, _>>()?;
    let searched_bytes = contexts.search(&mut models, &asks, request);
    let image =
        request.image.as_ref().map(|wanted| ImageModels::collect(wanted, models.first(), request)).transpose()?;
    let mut notes: Vec<String> = request.policy.notes.iter().chain(&request.notes).cloned().collect();
    notes.extend(digests::find(&mut models, image.as_ref(), request));
    let mut decided: Vec<Decided> =
        models.par_iter().flat_map_iter(|models| lint_findings(models, &lint_checks, request)).collect();

    let texts: BTreeMap<*const SourceText, &Arc<SourceText>> =
        request.builds.iter().map(|build| (Arc::as_ptr(&build.dockerfile), &build.dockerfile)).collect();
    let mut coverage = Coverage { dockerfiles: texts.len(), ..Coverage::default() };
    let has_context = models.iter().any(|models| models.context.is_some());
    coverage.rules.extend(
        lint_checks
            .iter()
            .filter(|c| !models.is_empty() && (has_context || c.rule.phase == Phase::Lint))
            .map(|c| c.rule.id),
    );
    if let Some(linter) = linter.filter(|_| !models.is_empty()) {
        coverage.shell_engine = Some(linter.engine());
        coverage.shell_scripts = models.iter().map(LintModels::shell_scripts).sum();
    }
    coverage.bytes = texts.values().map(|text| text.text().len() as u64).sum::<u64>() + searched_bytes;
    coverage.context_files = contexts.file_count();

    notes.extend(models.iter().flat_map(LintModels::notes));
    if models.is_empty() {
        notes.extend(
            lint_checks.iter().filter(|check| check.rule.is_own()).map(|check| {
                format!("`{}` looks at the Dockerfile, and was not checked: none was given", check.rule.id)
            }),
        );
    }
    let (mut summary, mut layers) = (None, Vec::new());
    if let Some(image) = &image {
        join::confirm(decided.iter_mut().map(|d| (&mut d.finding, &mut d.decision)), image, models.first());
        let (found, facts) = rayon::join(
            || gate_findings(image, models.first(), &gate_checks, request),
            || layers::facts(image, models.first().map(|m| &m.dockerfile)),
        );
        layers = facts;
        let found = join::merge(&mut decided, found, models.first());
        decided.extend(found);
        coverage.rules.extend(gate_checks.iter().filter(|c| image.has_data_for(c.rule)).map(|c| c.rule.id));
        coverage.layers = image.image.layers.len();
        coverage.image_entries = image.tree.nodes.len();
        coverage.packages = image.packages.list.len();
        coverage.bytes += image.image.layers.iter().map(|l| l.size).sum::<u64>();
        notes.extend(image.notes());
        summary = Some(image.summary());
    }
    let (decided, suppressed, unused) = leave_out(decided, &models, request, &coverage);
    let waivers = waiver_findings(&decided, request, &coverage);
    let decided = decided.into_iter().chain(unused).chain(waivers).chain(listed_image(request)).collect();
    let mut redactions: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for models in &models {
        let source = &models.dockerfile.source;
        let secrets = models.secret_spans().into_iter().map(|span| source.in_file(span));
        redactions.entry(source.path().to_owned()).or_default().extend(secrets);
    }
    // The models of many files take a while to take apart.
    models.into_par_iter().for_each(drop);
    Ok(Report { suppressed, layers, ..finish(decided, request, summary, coverage, notes, redactions) })
}

/// Takes out the findings that comments in the Dockerfiles ask to leave out, and tells of comments that silence nothing.
fn leave_out(
    decided: Vec<Decided>,
    models: &[LintModels],
    request: &Request<'_>,
    coverage: &Coverage,
) -> (Vec<Decided>, Vec<Suppressed>, Vec<Decided>) {
    let (mut kept, mut suppressed) = (Vec::new(), Vec::new());
    let asked = |m| if request.policy.honours_comments { LintModels::suppressions(m) } else { &[] };
    // By the text and not by its path: a file can hold several Dockerfiles. One that is built in several ways has its
    // comments once.
    let mut index: HashMap<*const SourceText, usize> = HashMap::new();
    let mut wishes: Vec<Wishes<'_>> = Vec::new();
    for models in models {
        index.entry(Arc::as_ptr(&models.dockerfile.source)).or_insert_with(|| {
            wishes.push(Wishes::new(&models.dockerfile, asked(models)));
            wishes.len() - 1
        });
    }
    for one in decided {
        let index = match one.finding.place() {
            Place::Source { source, .. } => index.get(&Arc::as_ptr(source)),
            Place::File { .. } | Place::Image(_) => None,
        };
        let wishes = index.and_then(|index| wishes.get_mut(*index));
        match wishes.and_then(|wishes| wishes.silence(&one.finding)) {
            Some((reason, by)) => suppressed.push(Suppressed { finding: one.finding, reason, by }),
            None => kept.push(one),
        }
    }
    suppressed.sort_by_cached_key(|s| s.finding.sort_key());
    suppressed.dedup_by(|b, a| a.finding.sort_key() == b.finding.sort_key());
    let unused = wishes.iter().flat_map(|wishes| wishes.unused(|rule| coverage.rules.contains(rule.id)));
    let unused = unused.filter_map(|finding| asked_for(finding, request)).collect();
    (kept, suppressed, unused)
}

/// A finding of the run itself, judged, when the policy has the rule.
fn asked_for(finding: Finding, request: &Request<'_>) -> Option<Decided> {
    let checks = &request.policy.checks;
    let check = checks.iter().find(|c| c.rule == finding.rule() && request.selection.takes(c.rule))?;
    Some(judge(finding, check, request))
}

fn lint_findings(models: &LintModels, checks: &[&Check], request: &Request<'_>) -> Vec<Decided> {
    let facts = models.facts();
    let mut decided = Vec::new();
    for check in checks {
        if check.rule.phase == Phase::Context && facts.context.is_none() {
            continue;
        }
        let mut report = lint::Reporter::new(check.rule, &check.params, &models.dockerfile.source);
        lint::run(check.rule, &facts, &mut report);
        let is_wanted = |finding: &Finding| {
            request.policy.decides(check, finding)
                && request.selection.takes_finding(finding)
                && (!request.policy.until_build_fails || models.reach.covers(finding))
        };
        let source = &models.dockerfile.source;
        let is_embedded = source.whole_in_file().is_some();
        let secrets: Vec<&str> = models.secret_spans().into_iter().map(|span| source.slice(span)).collect();
        // Edits go to every report as they are, where nobody looks for secrets in them.
        let is_open =
            |fix: &Fix| !fix.edits().iter().any(|edit| secrets.iter().any(|s| !s.is_empty() && edit.text.contains(s)));
        for mut finding in report.into_findings().into_iter().filter(is_wanted) {
            // Edits are to the text; what they would be in a file around it depends on how that writes its strings.
            finding.fix = finding.fix.filter(|fix| (!is_embedded || fix.other().is_some()) && is_open(fix));
            let fails_build = models.fails_build(&finding);
            let mut judged = judge(finding, check, request);
            if fails_build {
                judged.decision.action = Action::Stop;
            }
            decided.push(judged);
        }
    }
    decided
}

fn gate_findings(
    image: &ImageModels,
    models: Option<&LintModels>,
    checks: &[&Check],
    request: &Request<'_>,
) -> Vec<Decided> {
    let copies = image.copies(models, &request.build);
    let facts = image.facts(image.dockerfile(models), copies.as_ref(), request.today);
    let run = |check: &&Check| {
        let mut report = gate::Reporter::new(check.rule, &check.params, &facts);
        gate::run(check.rule, &facts, &mut report);
        report.into_findings().into_iter().map(|finding| judge(finding, check, request)).collect::<Vec<_>>()
    };
    checks.par_iter().flat_map_iter(run).collect()
}

fn judge(mut finding: Finding, check: &Check, request: &Request<'_>) -> Decided {
    // A finding with a severity of its own keeps it; that of a code is only another tool's word.
    let is_of_rule = finding.severity == check.rule.severity || finding.code.is_some();
    if let Some(severity) = check.severity.filter(|_| is_of_rule) {
        finding.severity = severity;
    }
    // Only a waiver asks for it, and most policies have none.
    let is_asked_for = !request.policy.waivers.is_empty();
    let trigger_ids = match is_asked_for {
        true => gate::trigger_ids(&finding, check.trigger.as_deref(), &check.params),
        false => Vec::new(),
    };
    let decision = decide(request.policy, check, &finding, &trigger_ids, request.today);
    Decided { finding, decision }
}

/// What the run says of an image that a list of the policy denies or allows as a whole.
fn listed_image<'a>(request: &'a Request<'_>) -> impl Iterator<Item = Decided> + use<'a> {
    let words = [
        (catalogue::DENIED_IMAGE, "the policy denies this image, whatever is in it"),
        (catalogue::ALLOWED_IMAGE, "the policy allows this image as it is: nothing in it was checked"),
    ];
    words.into_iter().filter_map(|(rule, message)| {
        let check = request.policy.checks.iter().find(|check| check.rule == rule)?;
        let place = match (&request.image, &check.line) {
            (Some(wanted), _) => {
                let image = wanted.reference.to_string();
                Place::Image(ImagePlace { image, path: None, layer: None })
            }
            (None, line) => line.as_ref().map(|line| Place::source(&line.source, line.span))?,
        };
        Some(judge(Finding::new(rule, place, message), check, request))
    })
}

/// What the run says of its own waivers: those that cover nothing, and those past their day.
fn waiver_findings(decided: &[Decided], request: &Request<'_>, coverage: &Coverage) -> Vec<Decided> {
    let decisions: Vec<Decision> = decided.iter().map(|d| d.decision.clone()).collect();
    let verdict = Verdict::of(request.policy, &decisions, |rule| coverage.rules.contains(rule.id), request.today);
    let at = |line: &PolicyLine| Place::source(&line.source, line.span);
    let owner = |waiver: &Waiver| waiver.owner.as_ref().map(|owner| format!(" (of {owner})")).unwrap_or_default();
    let unused = verdict.unused.iter().map(|unused| {
        let message = format!("this waiver{} covers nothing: {}", owner(unused.waiver), unused.waiver.reason);
        Finding::new(catalogue::UNUSED_WAIVER, at(&unused.waiver.line), message).help("take it out of the policy")
    });
    let expired = verdict.expired.iter().map(|expired| {
        let covered = match expired.findings {
            0 => String::new(),
            1 => ", and the finding it covered counts again".to_owned(),
            n => format!(", and the {n} findings it covered count again"),
        };
        let message = format!("this waiver{} ended on {}{covered}", owner(expired.waiver), expired.expired_on);
        Finding::new(catalogue::EXPIRED_WAIVER, at(&expired.waiver.line), message)
            .help("mend what it covers, or decide again: a new date, and the reason for it")
    });
    unused.chain(expired).filter_map(|finding| asked_for(finding, request)).collect()
}

fn finish(
    mut decided: Vec<Decided>,
    request: &Request<'_>,
    image: Option<ImageSummary>,
    coverage: Coverage,
    mut notes: Vec<String>,
    redactions: BTreeMap<String, Vec<Span>>,
) -> Report {
    let policy = request.policy;
    decided.sort_by_cached_key(|d| (d.finding.sort_key(), d.decision.trigger.clone()));
    // The same finding asked for by two lines of a policy is one finding; the stricter line counts.
    decided.dedup_by(|b, a| {
        let same = a.finding.sort_key() == b.finding.sort_key() && a.decision.trigger == b.decision.trigger;
        if same && b.decision.action > a.decision.action {
            std::mem::swap(a, b);
        }
        same
    });
    let mut seen: HashMap<String, usize> = HashMap::new();
    let findings: Vec<Judged> = decided
        .into_iter()
        .map(|Decided { finding, decision }| {
            let fingerprint = numbered(&finding, &mut seen);
            let waived =
                decision.waived.map(|w| Waived { by: waiver_place(policy, w.waivers.first()), reason: w.reason });
            Judged {
                finding,
                action: decision.action,
                decided_by: decision.decided_by,
                trigger: decision.trigger,
                waived,
                fingerprint,
            }
        })
        .collect();
    let verdict = findings.iter().map(Judged::counted_action).max().unwrap_or(Action::Go);
    notes.sort();
    notes.dedup();
    let scope = Scope {
        dockerfile: request
            .builds
            .first()
            .filter(|_| request.builds.len() == 1)
            .map(|b| b.dockerfile.path().to_owned()),
        target: request.build.target.clone(),
        platform: request.build.platform.clone(),
        ..Scope::default()
    };
    let policy = PolicySummary { name: policy.name.clone(), ruleset: policy.ruleset };
    Report {
        findings,
        suppressed: Vec::new(),
        baselined: Vec::new(),
        compared: None,
        verdict,
        policy,
        scope,
        image,
        layers: Vec::new(),
        dockerfiles: request.builds.iter().map(|build| Arc::clone(&build.dockerfile)).collect(),
        coverage,
        notes,
        redactions,
    }
}

/// The fingerprint of a finding, with `:N` behind it for the N-th equal one.
pub(super) fn numbered(finding: &Finding, seen: &mut HashMap<String, usize>) -> String {
    let fingerprint = finding.fingerprint();
    let count = seen.entry(fingerprint.clone()).or_default();
    *count += 1;
    if *count == 1 { fingerprint } else { format!("{fingerprint}:{count}") }
}

fn waiver_place(policy: &Policy, index: Option<&usize>) -> String {
    let line = index.and_then(|i| policy.waivers.get(*i)).map(|w| &w.line);
    line.map(|l| format!("{}:{}", l.source.path(), l.source.line(l.span.start))).unwrap_or_default()
}
