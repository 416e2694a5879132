//! FILEPARSE_PASSWD: the accounts of an image held against lists of what a policy does not want.

use super::accounts::{self, PASSWD, User};
use super::{Facts, Reporter};

/// Tells that there is no passwd to hold against anything.
pub fn passwd_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    match facts.tree.resolve(PASSWD) {
        Some(node) if node.entry.content.is_some() => {}
        Some(node) => {
            let message = format!("{PASSWD} could not be read, so no account was checked");
            report.push(report.in_layer(node.layer, Some(PASSWD), message));
        }
        None => report.push(report.on_image(format!("the image has no {PASSWD}, so no account was checked"))),
    }
}

/// Accounts by name.
pub fn denied_user_name(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(facts, report, "names", User::name, |user| format!("the account `{}`", user.name()));
}

/// Accounts by user id.
pub fn denied_user_id(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(facts, report, "ids", User::uid, |user| {
        format!("the account `{}` with the user id {}", user.name(), user.uid())
    });
}

/// Accounts by the id of their group.
pub fn denied_group_id(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(facts, report, "ids", User::gid, |user| {
        format!("the account `{}` in the group with the id {}", user.name(), user.gid())
    });
}

/// Accounts by login shell.
pub fn denied_shell(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(facts, report, "shells", User::shell, |user| {
        format!("the account `{}` with the login shell {}", user.name(), user.shell())
    });
}

/// Accounts by their whole line, which is not shown: it may hold a password's hash.
pub fn denied_passwd_entry(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(
        facts,
        report,
        "entries",
        |user| &user.entry,
        |user| format!("the account `{}` with a line the policy spells out", user.name()),
    );
}

/// Whether there is a passwd whose content is not at hand, such as a link to another file.
fn is_unread(facts: &Facts<'_>) -> bool {
    facts.tree.landed(PASSWD).is_some() && accounts::content(facts.tree, PASSWD).is_none()
}

fn denied(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    list: &str,
    field: impl Fn(&User) -> &str,
    what: impl Fn(&User) -> String,
) {
    if is_unread(facts) {
        return report.push(report.on_image(format!("{PASSWD} could not be read, so no account was checked")));
    }
    let unwanted = report.params().list(list);
    for user in accounts::content(facts.tree, PASSWD).map(accounts::users).unwrap_or_default() {
        if !unwanted.iter().any(|item| item.trim() == field(&user)) {
            continue;
        }
        let message = format!("{PASSWD} has {}, which the policy does not want", what(&user));
        let finding = match accounts::layer_of(facts, &user) {
            Some(layer) => report.in_layer(layer, Some(PASSWD), message),
            None => report.on_image(message),
        };
        report.push(finding.subject(user.name()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages, text};

    const BASE: &str = "root:x:0:0:root:/root:/bin/bash\n";
    const ALL: &str = "root:x:0:0:root:/root:/bin/bash\ntoor:$6$x$y:0:10:,:/:/bin/sh\n";

    #[test]
    fn accounts_are_told_at_the_layer_that_brought_them() {
        let case = Case::new(1).layer([text("/etc/passwd", BASE)], []).layer([text("/etc/passwd", ALL)], []);
        let said = |rule: &str, list: &str, item: &str| messages(&case.run(rule, &[(list, item)]));
        assert_eq!(
            said("denied-user-id", "ids", "0"),
            [
                "0 /etc/passwd has the account `root` with the user id 0, which the policy does not want",
                "1 /etc/passwd has the account `toor` with the user id 0, which the policy does not want",
            ]
        );
        assert_eq!(
            said("denied-group-id", "ids", "10"),
            ["1 /etc/passwd has the account `toor` in the group with the id 10, which the policy does not want"]
        );
        let entry = said("denied-passwd-entry", "entries", "toor:$6$x$y:0:10:,:/:/bin/sh");
        assert!(entry.len() == 1 && !entry[0].contains("$6"), "{entry:?}");
        assert_eq!(said("denied-shell", "shells", "/bin/bash").len(), 1);
        assert_eq!(said("denied-user-name", "names", "too"), [""; 0]);
    }

    #[test]
    fn an_image_without_accounts_is_told() {
        assert_eq!(
            messages(&Case::new(0).layer([], []).run("passwd-missing", &[])),
            ["- the image has no /etc/passwd, so no account was checked"]
        );
        let unread = Case::new(0).layer([super::super::fixtures::file("/etc/passwd")], []);
        assert_eq!(
            messages(&unread.run("passwd-missing", &[])),
            ["0 /etc/passwd could not be read, so no account was checked"]
        );
        assert!(Case::new(0).layer([text("/etc/passwd", BASE)], []).run("passwd-missing", &[]).is_empty());
        assert_eq!(
            messages(&unread.run_with("denied-user-name", &[("names", &["app"])])),
            ["- /etc/passwd could not be read, so no account was checked"]
        );
    }
}
