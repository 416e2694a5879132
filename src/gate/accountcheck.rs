//! Accounts that are a way in: root as the user of the image, passwords that are empty, ids that two accounts share.

use std::collections::BTreeMap;

use super::accounts::{self, PASSWD, SHADOW, effective_user};
use super::{Facts, Reporter, own_user};
use crate::dockerfile::Keyword;
use crate::finding::Origin;
use crate::trace::{Maker, instruction_of};

/// Tells that containers of the image run as root.
pub fn runs_as_root(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let user = effective_user(facts.image, facts.tree);
    if user.uid != Some(0) || !facts.image.has_config {
        return;
    }
    let because = match user.name.as_str() {
        "" => "its config names no user".to_owned(),
        "root" | "0" => format!("its config names the user {}", user.name),
        name => format!("its config names the user {name}, who has the id 0"),
    };
    let message = format!("containers run as root: {because}");
    // Where the user is named, whoever did: the Dockerfile can name another.
    let is_user = |entry| matches!(instruction_of(entry), Some((Keyword::User, _)));
    let named = facts.image.config.history.iter().rposition(is_user).filter(|entry| {
        facts.trace.and_then(|trace| trace.history.get(*entry)).is_some_and(|maker| *maker != Maker::Unknown)
    });
    let finding = match named {
        Some(entry) => report.in_history(entry, message).origin(Origin::Yours),
        None => report.on_image(message),
    };
    let mut finding = finding.help("end the Dockerfile with a user of its own, as in `USER 10001:10001`");
    finding.fix = own_user::fix(facts);
    report.push(finding);
}

/// Accounts that anybody can log in to: the field of the password is there and empty.
pub fn empty_password(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for file in [PASSWD, SHADOW] {
        for user in accounts::content(facts.tree, file).map(accounts::users).unwrap_or_default() {
            if !user.has_empty_password() {
                continue;
            }
            let layer = facts.tree.resolve(file).map_or(0, |node| node.layer);
            let message =
                format!("the account `{}` has an empty password in {file}: anybody can log in to it", user.name());
            let help = format!("lock it in the RUN that makes it: passwd -l {}", user.name());
            report.push(report.in_layer(layer, Some(file), message).subject(user.name()).help(help));
        }
    }
}

/// User ids that several accounts have: to the kernel they are one user.
pub fn shared_user_id(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let users = accounts::content(facts.tree, PASSWD).map(accounts::users).unwrap_or_default();
    let mut by_id: BTreeMap<&str, Vec<&accounts::User>> = BTreeMap::new();
    for user in users.iter().filter(|user| !user.uid().is_empty()) {
        by_id.entry(user.uid()).or_default().push(user);
    }
    for (id, users) in by_id.iter().filter(|(_, users)| users.len() > 1) {
        let names: Vec<&str> = users.iter().map(|user| user.name()).collect();
        let message =
            format!("the accounts {} share the user id {id}: to the kernel they are one user", names.join(", "));
        let layer = users.iter().filter_map(|user| accounts::layer_of(facts, user)).max().unwrap_or(0);
        report.push(report.in_layer(layer, Some(PASSWD), message).subject(*id));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages, text};
    use crate::image::History;
    use crate::trace::{Maker, Trace};

    fn case(user: &str, passwd: &str) -> Case {
        let mut case = Case::new(0).layer([text("/etc/passwd", passwd)], []);
        case.config.config.user = user.to_owned();
        case
    }

    #[test]
    fn who_runs_it_is_looked_up() {
        let passwd = "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\napp:x:10001:0::/:/bin/sh\n10:x:0:0::/:/bin/sh\n";
        let said = |user: &str| messages(&case(user, passwd).run("runs-as-root", &[])).pop().unwrap_or_default();
        assert_eq!(said(""), "- containers run as root: its config names no user");
        assert_eq!(said("0:0"), "- containers run as root: its config names the user 0");
        assert_eq!(said("root"), "- containers run as root: its config names the user root");
        assert_eq!(said("toor:app"), "- containers run as root: its config names the user toor, who has the id 0");
        // A name of digits is a name first.
        assert_eq!(said("10"), "- containers run as root: its config names the user 10, who has the id 0");
        assert_eq!([said("app"), said("10001"), said("nobody")], ["", "", ""]);
    }

    #[test]
    fn it_is_told_where_the_user_is_named() {
        let history = |text: &str| History { created_by: text.to_owned(), ..History::default() };
        let trace = Trace {
            layers: vec![Maker::Base],
            history: vec![Maker::Base, Maker::Instruction(1), Maker::Instruction(2)],
            base_layers: Some(1),
            base_from: Some(0),
            mismatch: None,
            is_merged: false,
        };
        let mut case = case("toor", "toor:x:0:0::/:/bin/sh\n");
        case.config.history = ["USER app", "USER toor", "CMD [\"x\"]"].map(history).to_vec();
        let case = case.dockerfile("FROM a\nUSER toor\nCMD [\"x\"]\n").trace(trace);
        assert_eq!(case.run("runs-as-root", &[])[0].place().text(), "USER toor");
    }

    #[test]
    fn empty_passwords_and_shared_ids() {
        let passwd = "root:x:0:0::/:/bin/sh\nopen::1:1::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n";
        let case = case("", passwd).layer([text("/etc/shadow", "root:::0:::::\napp:!:1::::::\nx:*:1::::::\n")], []);
        assert_eq!(
            messages(&case.run("empty-password", &[])),
            [
                "0 the account `open` has an empty password in /etc/passwd: anybody can log in to it",
                "1 the account `root` has an empty password in /etc/shadow: anybody can log in to it",
            ]
        );
        assert_eq!(
            messages(&case.run("shared-user-id", &[])),
            ["0 the accounts root, toor share the user id 0: to the kernel they are one user"]
        );
    }
}
