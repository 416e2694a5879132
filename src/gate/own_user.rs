//! The user that an image has and does not use.

use super::Facts;
use super::accounts::{self, PASSWD};
use crate::dockerfile::{Dockerfile, Instruction, Keyword, Stage};
use crate::finding::Fix;
use crate::image::Tree;
use crate::lint::edits;
use crate::trace::Maker;

/// Where the ids of people begin, and where those of `nobody` and of services without a fixed id do.
const IDS: std::ops::Range<u64> = 1000..60_000;

/// Accounts below them that are there to run one program, by the programs that tell that the image is about it. Where there are none the
/// account alone says so.
const OF_PROGRAMS: [(&str, &[&str]); 14] = [
    ("elasticsearch", &[]),
    ("grafana", &[]),
    ("haproxy", &[]),
    ("jenkins", &[]),
    ("memcache", &[]),
    ("mongodb", &[]),
    ("mysql", &[]),
    ("nginx", &[]),
    ("node", &[]),
    ("nonroot", &[]),
    ("postgres", &[]),
    ("rabbitmq", &[]),
    ("redis", &[]),
    // Every Debian has it.
    ("www-data", &["/usr/sbin/apache2", "/usr/sbin/nginx", "/usr/local/sbin/php-fpm", "/usr/local/apache2/bin/httpd"]),
];

/// `1000:1000`, of the only account of the image that a program could run as: the one that has an id as people have, else the one that is
/// there for a program. `None` when there is no such account, or a choice.
pub(super) fn numeric(tree: &Tree) -> Option<String> {
    let users = accounts::content(tree, PASSWD).map(accounts::users)?;
    let only = |is_it: &dyn Fn(&str, u64) -> bool| {
        let mut ids = users.iter().filter_map(|user| {
            let (uid, gid): (u64, u64) = (user.uid().parse().ok()?, user.gid().parse().ok()?);
            (uid != 0 && is_it(user.name(), uid)).then_some((uid, gid))
        });
        ids.next().map(|first| (first, ids.any(|other| other != first)))
    };
    let is_of_program = |name: &str, _: u64| {
        let known = OF_PROGRAMS.iter().find(|(known, _)| *known == name);
        known.is_some_and(|(_, programs)| {
            programs.is_empty() || programs.iter().any(|program| tree.resolve(program).is_some())
        })
    };
    let (found, is_a_choice) = only(&|_, uid| IDS.contains(&uid)).or_else(|| only(&is_of_program))?;
    (!is_a_choice).then(|| format!("{}:{}", found.0, found.1))
}

/// Has the final stage end as the user the image has. `None` where the Dockerfile names a user other than root already, or is not known.
pub(super) fn fix(facts: &Facts<'_>) -> Option<Fix> {
    let dockerfile = facts.dockerfile.filter(|dockerfile| dockerfile.source.whole_in_file().is_none())?;
    let stage = final_stage(dockerfile, facts)?;
    let chain = dockerfile.stage_chain(stage.index);
    let last = chain.iter().filter_map(|index| dockerfile.stages.get(*index)).find_map(|stage| {
        let users = dockerfile.instructions_of(stage).filter(|(_, node)| node.keyword == Keyword::User);
        users.last()
    });
    let user = last.and_then(|(_, node)| node.args.text());
    let is_root = |text: &str| matches!(text.split(':').next().map(str::trim), Some("root" | "0"));
    if user.is_some_and(|user| !is_root(&user.text)) {
        return None;
    }
    let own = numeric(facts.tree)?;
    let (start, end) = (stage.from + 1, stage.instructions.end);
    // What runs at the build goes on as before.
    let is_of_build = |node: &Instruction| {
        matches!(node.keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::User)
    };
    let nodes = dockerfile.instructions.get(start..end)?;
    let settled = nodes.iter().rposition(is_of_build).map_or(0, |last| last + 1);
    let start = nodes.get(settled..)?.iter().find(|node| matches!(node.keyword, Keyword::Cmd | Keyword::Entrypoint));
    let keyword = &dockerfile.instructions.get(stage.from)?.keyword_word;
    let line = format!("{} {own}", edits::in_case_of(keyword, "USER"));
    let edit = match start {
        Some(node) => edits::line_above(dockerfile, node, &line),
        None => edits::line_below(dockerfile, dockerfile.instructions.get(end.checked_sub(1)?)?, &line),
    };
    Some(Fix::unsafe_(format!("end as the user that the image has, {own}"), vec![edit]))
}

/// The stage the image is made from: that of the last instruction in its history.
fn final_stage<'a>(dockerfile: &'a Dockerfile, facts: &Facts<'_>) -> Option<&'a Stage> {
    let trace = facts.trace.filter(|trace| trace.base_layers.is_some() && trace.mismatch.is_none())?;
    let last = trace.history.iter().rev().find_map(|maker| match maker {
        Maker::Instruction(index) => Some(*index),
        Maker::Base | Maker::Unknown => None,
    });
    dockerfile.stage_of(last.or(trace.base_from)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, text};
    use crate::fix;
    use crate::text::SourceText;
    use crate::trace::{Maker, Trace};

    const ROOT: &str = "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n";

    /// The Dockerfile with the fix of the finding, when it has one.
    fn fixed(dockerfile: &str, passwd: &str, extra: Option<&str>) -> Option<String> {
        let count = dockerfile.lines().count();
        let trace = Trace {
            layers: vec![Maker::Base],
            history: (0..count).map(|line| if line == 0 { Maker::Base } else { Maker::Instruction(line) }).collect(),
            base_layers: Some(1),
            base_from: Some(0),
            is_merged: false,
            mismatch: None,
        };
        let mut case = Case::new(1).layer([text("/etc/passwd", passwd)], []).dockerfile(dockerfile).trace(trace);
        if let Some(path) = extra {
            case = case.layer([text(path, "x")], []);
        }
        let found = case.run("runs-as-root", &[]);
        let fix = found.first().unwrap().fix.clone()?;
        let source = SourceText::new("Dockerfile", dockerfile);
        Some(fix::apply(&source, &[&fix]).unwrap().text.text().to_owned())
    }

    #[test]
    fn the_image_ends_as_the_only_user_it_has() {
        let passwd = format!("{ROOT}node:x:1000:1001::/home/node:/bin/sh\n");
        let of = |dockerfile: &str| fixed(dockerfile, &passwd, None);
        assert_eq!(
            of("FROM a\nRUN make\nEXPOSE 80\nENTRYPOINT [\"a\"]\nCMD [\"b\"]\n").unwrap(),
            "FROM a\nRUN make\nEXPOSE 80\nUSER 1000:1001\nENTRYPOINT [\"a\"]\nCMD [\"b\"]\n"
        );
        assert_eq!(of("FROM a\nCMD [\"b\"]\nRUN make").unwrap(), "FROM a\nCMD [\"b\"]\nRUN make\nUSER 1000:1001\n");
        assert_eq!(of("from a\r\nuser root\r\n").unwrap(), "from a\r\nuser root\r\nuser 1000:1001\r\n");
        assert_eq!(of("FROM a\nUSER app\nCMD [\"b\"]\n"), None, "the file is ahead of the image");
    }

    #[test]
    fn where_there_is_a_choice_nothing_is_chosen() {
        let of = |more: &str, extra| fixed("FROM a\nCMD [\"b\"]\n", &format!("{ROOT}{more}"), extra);
        assert_eq!(of("", None), None);
        assert_eq!(of("a:x:1000:1000::/:/bin/sh\nb:x:1001:1001::/:/bin/sh\n", None), None);
        assert_eq!(of("", Some("/usr/sbin/nginx")).unwrap(), "FROM a\nUSER 33:33\nCMD [\"b\"]\n");
        assert_eq!(of("nginx:x:101:101::/:/bin/sh\n", Some("/usr/sbin/nginx")), None);
        assert_eq!(of("nginx:x:101:101::/:/bin/sh\n", None).unwrap(), "FROM a\nUSER 101:101\nCMD [\"b\"]\n");
        assert_eq!(
            of("app:x:10001:0::/:/bin/sh\n", Some("/usr/sbin/nginx")).unwrap(),
            "FROM a\nUSER 10001:0\nCMD [\"b\"]\n"
        );
    }
}
