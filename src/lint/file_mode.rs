//! File modes as chmod, mkdir, install and `COPY --chmod` spell them, and the commands that set them.

use crate::dockerfile::{Flag, Instruction, Keyword};
use crate::shell::{Command, CommandWord};

/// The bits with which others than the owner write.
pub(super) const OTHERS_WRITE: u32 = 0o022;
/// The bit that makes a program run as its owner.
pub(super) const SET_USER_ID: u32 = 0o4000;

/// What a mode does, as far as rules ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mode {
    /// Everybody may write, and nothing keeps them from replacing each other's files.
    pub(super) is_world_writable: bool,
    /// A program with it runs as the user who owns it.
    pub(super) sets_user_id: bool,
}

impl Mode {
    /// Reads `0777`, `u+x,o+w`. What is neither gives a mode that does nothing.
    pub(super) fn parse(text: &str) -> Self {
        let digits = text.trim_start_matches(['+', '=', '-']);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            let bits = if text.starts_with('-') { 0 } else { u32::from_str_radix(digits, 8).unwrap_or(0) };
            return Self { is_world_writable: bits & 0o1002 == 0o0002, sets_user_id: bits & 0o4000 != 0 };
        }
        let mut mode = Self::default();
        let mut is_sticky = false;
        for clause in text.split(',') {
            let Some(at) = clause.find(['+', '-', '=']) else { return Self::default() };
            let (who, actions) = clause.split_at(at);
            if !who.bytes().all(|b| matches!(b, b'u' | b'g' | b'o' | b'a')) {
                return Self::default();
            }
            // Without `who`, the umask takes the write bit of others away.
            let has_others = who.contains(['o', 'a']);
            let has_user = who.is_empty() || who.contains(['u', 'a']);
            let mut operator = '+';
            for c in actions.chars() {
                match c {
                    '+' | '-' | '=' => {
                        operator = c;
                        mode.is_world_writable &= !(c == '=' && has_others);
                        mode.sets_user_id &= !(c == '=' && has_user);
                    }
                    'w' if has_others => mode.is_world_writable = operator != '-',
                    's' if has_user => mode.sets_user_id = operator != '-',
                    't' => is_sticky = operator != '-',
                    'r' | 'x' | 'X' | 'u' | 'g' | 'o' | 'w' | 's' => {}
                    _ => return Self::default(),
                }
            }
        }
        mode.is_world_writable &= !is_sticky;
        mode
    }
}

/// A mode in letters, as [`Mode`] reads it, in which nobody but the owner gets to write: `a+rx,u+w` for `a+rwx`. `None` where nothing would be
/// left of it.
pub(super) fn owner_writes(text: &str) -> Option<String> {
    let mode = rewritten(text, |who, perms| {
        if !perms.contains('w') || !who.contains(['g', 'o', 'a']) {
            return None;
        }
        let owner = who.contains(['u', 'a']).then(|| "u+w".to_owned());
        Some((perms.replace('w', ""), owner))
    })?;
    (!Mode::parse(&mode).is_world_writable).then_some(mode)
}

/// A mode in letters without the setuid bit; the setgid bit that one letter sets with it goes too. `None` where nothing would be left of it.
pub(super) fn without_setuid(text: &str) -> Option<String> {
    let mode = rewritten(text, |who, perms| {
        (perms.contains('s') && (who.is_empty() || who.contains(['u', 'a']))).then(|| (perms.replace('s', ""), None))
    })?;
    (!Mode::parse(&mode).sets_user_id).then_some(mode)
}

/// A mode in letters with other permissions, and another clause behind, where `change` gives some for who gets them and which they are.
fn rewritten(text: &str, change: impl Fn(&str, &str) -> Option<(String, Option<String>)>) -> Option<String> {
    let mut clauses: Vec<String> = Vec::new();
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, operator, perms) = (clause.get(..at)?, clause.get(at..=at)?, clause.get(at + 1..)?);
        if !who.bytes().all(|b| b"ugoa".contains(&b)) || !perms.bytes().all(|b| b"rwxXst".contains(&b)) {
            return None;
        }
        match change(who, perms).filter(|_| operator != "-") {
            Some((perms, behind)) => {
                clauses.extend((!perms.is_empty() || operator == "=").then(|| format!("{who}{operator}{perms}")));
                clauses.extend(behind);
            }
            None => clauses.push(clause.to_owned()),
        }
    }
    (!clauses.is_empty()).then(|| clauses.join(","))
}

/// A mode that a command gives to files.
#[derive(Debug)]
pub(super) struct SetMode<'c> {
    /// The word that holds the mode.
    pub(super) word: &'c CommandWord,
    /// The mode in that word.
    pub(super) text: &'c str,
    /// The mode, read.
    pub(super) mode: Mode,
    /// The files it is given to.
    pub(super) files: Vec<&'c CommandWord>,
}

/// The mode that chmod, mkdir or install sets.
pub(super) fn set_by(command: &Command) -> Option<SetMode<'_>> {
    match command.name()? {
        "chmod" => {
            // A word such as `-x` is a mode, not an option.
            let is_option = |word: &&CommandWord| {
                let text = word.literal.as_deref().unwrap_or_default();
                text.starts_with("--")
                    || (text.len() > 1 && text.starts_with('-') && !text.contains(['r', 'w', 'x', 's', 't']))
            };
            let mut words = command.args().iter().filter(|word| !is_option(word));
            let word = words.next()?;
            let text = word.literal.as_deref()?;
            Some(SetMode { word, text, mode: Mode::parse(text), files: words.collect() })
        }
        "mkdir" | "install" => {
            let text = command.flag_value(&["-m", "--mode"])?;
            let holds = |word: &&CommandWord| word.literal.as_deref().is_some_and(|literal| literal.ends_with(text));
            let word = command.args().iter().find(holds)?;
            let files = command.operands(&["-m", "--mode", "-o", "-g", "--owner", "--group"]);
            Some(SetMode { word, text, mode: Mode::parse(text), files })
        }
        _ => None,
    }
}

/// The `--chmod` of a COPY or ADD, and its mode.
pub(super) fn of_copy(instruction: &Instruction) -> Option<(&Flag, Mode)> {
    if !matches!(instruction.keyword, Keyword::Copy | Keyword::Add) {
        return None;
    }
    let flag = instruction.flag("chmod")?;
    Some((flag, Mode::parse(&flag.value.as_ref()?.text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_chmod_reads_them() {
        for mode in ["777", "0777", "666", "2777", "o+w", "a+rwx", "u=rwx,go=rwx", "ugo+w", "a+rwX", "=777", "o-w,o+w"]
        {
            assert!(Mode::parse(mode).is_world_writable, "{mode}");
        }
        for mode in [
            "755", "1777", "+w", "u+w", "g+w", "a+rx", "a+w,+t", "o+w,o-w", "o=rw,o=r", "+x", "-777", "file", "g=u", "",
        ] {
            assert!(!Mode::parse(mode).is_world_writable, "{mode}");
        }
        for mode in ["4755", "04711", "6755", "u+s", "+s", "ug+s", "u=rwxs", "a+s"] {
            assert!(Mode::parse(mode).sets_user_id, "{mode}");
        }
        for (mode, better) in [
            ("a+rwx", Some("a+rx,u+w")),
            ("ugo+w", Some("u+w")),
            ("a=rwX,g-w", Some("a=rX,u+w,g-w")),
            ("u+x,go+rw", Some("u+x,go+r")),
            ("o+w", None),
            ("g=u,o+w", None),
        ] {
            assert_eq!(owner_writes(mode).as_deref(), better, "{mode}");
        }
        for (mode, better) in [("u+xs", Some("u+x")), ("+s", None), ("a+rs,g+s", Some("a+r,g+s")), ("ug+s", None)] {
            assert_eq!(without_setuid(mode).as_deref(), better, "{mode}");
        }
        for mode in ["2755", "g+s", "u-s", "0755", "u+s,u-s", "a-s", "1777"] {
            assert!(!Mode::parse(mode).sets_user_id, "{mode}");
        }
    }
}
