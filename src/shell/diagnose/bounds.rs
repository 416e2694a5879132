//! How much code is read.
//!
//! The linter needs microseconds for the code people write, and for some constructs a time that grows with the cube of
//! their number. It cannot be stopped half-way, so that code with very many of them is not given to it.

use super::listing::words;

/// A thing that is counted, and how many there may be: far more than in the code of images people build.
const LIMITS: [(&str, usize); 5] =
    [("bytes", 32 * 1024), ("commands", 300), ("tests", 150), ("loops", 75), ("functions", 50)];

/// Why code with so many commands is not read; `None` when it is.
pub(super) fn excess(code: &str, commands: usize) -> Option<String> {
    let (mut tests, mut loops, mut functions) = (0, 0, 0);
    for word in words(code) {
        match word {
            "test" => tests += 1,
            "for" | "while" | "until" | "select" => loops += 1,
            "function" => functions += 1,
            _ => {}
        }
    }
    for (at, found) in code.match_indices(['[', '(']) {
        let rest = code.get(at + 1..).unwrap_or_default();
        match found {
            "[" => tests += usize::from(!rest.starts_with('[')),
            _ => functions += usize::from(rest.trim_start().starts_with(')')),
        }
    }
    let counts = [code.len(), commands, tests, loops, functions];
    let beyond = LIMITS.into_iter().zip(counts).find(|((_, limit), count)| count > limit);
    beyond.map(|((what, limit), count)| format!("{count} {what}, more than the {limit} that are read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        assert_eq!(excess("f() { [[ -e /x ]] && for i in *; do test \"$i\"; done; }", 4), None);
        assert_eq!(excess(&"make all && ".repeat(300), 300), None);
    }

    #[test]
    fn what_takes_too_long_is_not() {
        let why = |code: &str, commands| excess(code, commands).unwrap_or_default();
        assert_eq!(why(&"f ( ) { f; };\n".repeat(51), 51), "51 functions, more than the 50 that are read");
        assert_eq!(why(&"[ $a ]||".repeat(151), 151), "151 tests, more than the 150 that are read");
        assert_eq!(why(&"for i in a; do b; done;".repeat(76), 76), "76 loops, more than the 75 that are read");
        assert_eq!(why(&"a;".repeat(301), 301), "301 commands, more than the 300 that are read");
        assert!(why(&"a".repeat(40_000), 1).starts_with("40000 bytes"));
    }
}
