//! Capabilities of files: the `security.capability` attribute, as capabilities(7) and the kernel's `vfs_cap_data` define
//! it, compared with the base's.

use super::{Facts, Reporter};
use crate::image::EntryKind;
use crate::rule::Severity;

/// Names of the capabilities, by number.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// Those that are as good as root: they read or write any file, become any user, or load code into the kernel.
const LIKE_ROOT: [&str; 13] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "mac_admin",
    "setfcap",
    "setgid",
    "setuid",
    "sys_admin",
    "sys_module",
    "sys_ptrace",
    "sys_rawio",
    "bpf",
];

/// The capabilities of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileCaps {
    permitted: u64,
    inheritable: u64,
    /// Permitted ones are in force from the start.
    effective: bool,
    /// Id of the root user of the namespace they count in; 0 for all.
    root: u32,
}

impl FileCaps {
    /// Reads the attribute in versions 1 to 3, all of them little-endian; `None` when it is none of them.
    fn parse(raw: &[u8]) -> Option<Self> {
        let word = |index: usize| {
            let bytes = raw.get(index * 4..index * 4 + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let magic = word(0)?;
        let (words, length) = match magic >> 24 {
            1 => (1, 12),
            2 => (2, 20),
            3 => (2, 24),
            _ => return None,
        };
        if raw.len() != length {
            return None;
        }
        let (mut permitted, mut inheritable) = (0_u64, 0_u64);
        for index in 0..words {
            permitted |= u64::from(word(1 + index * 2)?) << (32 * index);
            inheritable |= u64::from(word(2 + index * 2)?) << (32 * index);
        }
        let root = if length == 24 { word(5)? } else { 0 };
        Some(Self { permitted, inheritable, effective: magic & 1 != 0, root })
    }

    fn names(self) -> impl Iterator<Item = (u32, Option<&'static str>)> {
        let all = self.permitted | self.inheritable;
        (0..64).filter(move |bit| all >> bit & 1 == 1).map(|bit| (bit, NAMES.get(bit as usize).copied()))
    }

    fn is_like_root(self) -> bool {
        self.names().any(|(_, name)| name.is_none_or(|name| LIKE_ROOT.contains(&name)))
    }

    /// As getcap(8) prints them: `cap_net_admin,cap_net_raw=ep`.
    fn text(self) -> String {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for (bit, name) in self.names() {
            let flag = |set: u64, letter| if set >> bit & 1 == 1 { letter } else { "" };
            let permitted = flag(self.permitted, "p");
            let effective = if self.effective { "e" } else { "" };
            let flags = format!("{effective}{}{permitted}", flag(self.inheritable, "i"));
            let name = name.map_or_else(|| bit.to_string(), |name| format!("cap_{name}"));
            match groups.iter_mut().find(|(known, _)| *known == flags) {
                Some((_, names)) => names.push(name),
                None => groups.push((flags, vec![name])),
            }
        }
        let groups: Vec<String> =
            groups.into_iter().map(|(flags, names)| format!("{}={flags}", names.join(","))).collect();
        let root = if self.root == 0 { String::new() } else { format!(" [rootid={}]", self.root) };
        if groups.is_empty() { format!("={root}") } else { groups.join(" ") + &root }
    }
}

/// Files with capabilities that the base's file of that name does not have.
pub fn file_capabilities_added(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(base) = &facts.base else { return };
    for (path, node) in &facts.tree.nodes {
        let entry = &node.entry;
        let Some(raw) = entry.capability.as_ref().filter(|_| entry.kind == EntryKind::File) else { continue };
        let before = base.tree.get(path).and_then(|n| n.entry.capability.as_ref());
        if before == Some(raw) {
            continue;
        }
        let was = before.and_then(|raw| FileCaps::parse(raw)).map(FileCaps::text);
        let compared = was.map_or_else(|| "the base has none on it".to_owned(), |was| format!("{was} in the base"));
        let help = format!("take them away in the RUN that brings the file: setcap -r {path}");
        let Some(caps) = FileCaps::parse(raw) else {
            let message = format!("{path} has capabilities in a form that is not known, and {compared}");
            report.push(report.in_layer(node.layer, Some(path), message).subject(path).help(help));
            continue;
        };
        if caps.permitted == 0 && caps.inheritable == 0 {
            continue;
        }
        let message =
            format!("{path} has the capabilities {}, and {compared}: whoever starts it has them", caps.text());
        let mut finding = report.in_layer(node.layer, Some(path), message).subject(path).help(help);
        if caps.is_like_root() {
            finding = finding.severity(Severity::Error);
        }
        report.push(finding);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use super::*;
    use crate::image::Entry;

    fn raw(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn all_versions_of_the_attribute_are_read() {
        // What setcap and getcap of libcap write and print.
        let cases: [(&[u32], &str); 8] = [
            (&[0x0200_0001, 1 << 13, 0, 0, 0], "cap_net_raw=ep"),
            (&[0x0200_0001, 1 << 12 | 1 << 13, 0, 0, 0], "cap_net_admin,cap_net_raw=ep"),
            (&[0x0200_0000, 1 << 10, 0, 0, 0], "cap_net_bind_service=p"),
            (&[0x0200_0001, 1 << 7, 1 << 6 | 1 << 7, 0, 0], "cap_setgid=ei cap_setuid=eip"),
            (&[0x0200_0001, 0, 0, 1 << 7, 0], "cap_bpf=ep"),
            (&[0x0300_0001, 1 << 13, 0, 0, 0, 100_000], "cap_net_raw=ep [rootid=100000]"),
            (&[0x0100_0001, 1 << 21, 0], "cap_sys_admin=ep"),
            (&[0x0200_0001, 0, 0, 1 << 31, 0], "63=ep"),
        ];
        for (words, expected) in cases {
            assert_eq!(FileCaps::parse(&raw(words)).unwrap().text(), expected);
        }
        for bad in [&[][..], &[0x0200_0001], &[0x0100_0001, 1, 0, 0, 0], &[0x0400_0000, 0, 0, 0, 0]] {
            assert_eq!(FileCaps::parse(&raw(bad)), None, "{bad:x?}");
        }
    }

    #[test]
    fn only_what_the_base_does_not_have_is_told() {
        let with = |path: &str, words: &[u32]| Entry { capability: Some(raw(words)), ..file(path) };
        let net_raw: &[u32] = &[0x0200_0001, 1 << 13, 0, 0, 0];
        let case = Case::new(1).layer([with("/bin/ping", net_raw), file("/bin/cp")], []).layer(
            [
                with("/bin/cp", &[0x0200_0001, 2, 0, 0, 0]),
                with("/bin/x", net_raw),
                with("/bin/none", &[0x0200_0000, 0, 0, 0, 0]),
                with("/bin/odd", &[7]),
            ],
            [],
        );
        let findings = case.run("file-capabilities-added", &[]);
        assert_eq!(
            messages(&findings),
            [
                "1 /bin/cp has the capabilities cap_dac_override=ep, and the base has none on it: whoever starts it has them",
                "1 /bin/odd has capabilities in a form that is not known, and the base has none on it",
                "1 /bin/x has the capabilities cap_net_raw=ep, and the base has none on it: whoever starts it has them",
            ]
        );
        assert_eq!([&findings[0], &findings[2]].map(|f| f.severity), [Severity::Error, Severity::Warning]);
        assert!(case.without_base().run("file-capabilities-added", &[]).is_empty());
    }
}
