//! The lines of a file that a pull request's diff shows. GitHub takes review comments on no others, and one comment
//! elsewhere has it reject a whole review.

use crate::text::Region;

/// What a diff shows of the new side of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hunks(Vec<Hunk>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hunk {
    /// The number of the first line.
    first: usize,
    lines: Vec<String>,
}

impl Hunks {
    /// Reads the `patch` of a changed file: hunks of a unified diff without a head.
    pub(super) fn parse(patch: &str) -> Self {
        let mut hunks: Vec<Hunk> = Vec::new();
        for line in patch.split('\n') {
            if let Some(first) = new_side(line) {
                hunks.push(Hunk { first, lines: Vec::new() });
                continue;
            }
            let Some(hunk) = hunks.last_mut() else { continue };
            if let Some(text) = line.strip_prefix([' ', '+']) {
                hunk.lines.push(text.to_owned());
            }
        }
        Self(hunks)
    }

    /// The text of the lines from `first` to `last`, when one hunk shows them all.
    pub(super) fn lines(&self, first: usize, last: usize) -> Option<&[String]> {
        self.0.iter().find_map(|hunk| {
            let start = first.checked_sub(hunk.first)?;
            let end = last.checked_sub(hunk.first)?.checked_add(1)?;
            hunk.lines.get(start..end).filter(|lines| !lines.is_empty())
        })
    }

    /// The lines of a region that a comment can be on: all of them, or else its first line that is shown.
    pub(super) fn anchor(&self, region: Region) -> Option<(usize, usize)> {
        let (first, last) = (region.start.line, last_line(region));
        if self.lines(first, last).is_some() {
            return Some((first, last));
        }
        // Hunks are few, and a region may claim to have any number of lines.
        let shown = self.0.iter().map(|hunk| (hunk.first, hunk.first.saturating_add(hunk.lines.len())));
        let inside = shown.filter(|(start, end)| *end > first && *start <= last && start < end);
        inside.map(|(start, _)| start.max(first)).min().map(|line| (line, line))
    }

    /// By how many lines text that the checkout has at `first` lies further down on this side: nought when it is here at the
    /// same place, otherwise the one way there is, when there is just one.
    pub(super) fn shift(&self, first: usize, text: &[&str]) -> Option<isize> {
        let is_text = |lines: &[String]| lines.iter().zip(text).all(|(a, b)| a == b);
        let last = first.checked_add(text.len())?.checked_sub(1)?;
        if self.lines(first, last).is_some_and(is_text) {
            return Some(0);
        }
        let mut places = self.0.iter().flat_map(|hunk| {
            let windows = hunk.lines.windows(text.len().max(1)).enumerate();
            windows.filter(|(_, lines)| is_text(lines)).map(|(i, _)| hunk.first.saturating_add(i))
        });
        let place = places.next().filter(|_| places.next().is_none())?;
        place.checked_signed_diff(first)
    }
}

/// The last line that a region has a character of.
pub(super) fn last_line(region: Region) -> usize {
    if region.end.column == 1 && region.end.line > region.start.line { region.end.line - 1 } else { region.end.line }
}

/// The first line of the new side, from `@@ -1,2 +3,4 @@`.
fn new_side(line: &str) -> Option<usize> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (_, new) = ranges.split_once(" +")?;
    let (first, count) = new.split_once(',').unwrap_or((new, "1"));
    let _: usize = count.parse().ok()?;
    first.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::text::Position;

    const PATCH: &str = "@@ -1,3 +1,4 @@ FROM x\n FROM alpine\n-RUN old\n+RUN true\n+RUN more\n CMD x\n@@ -20 +21,2 @@\n USER app\n+EXPOSE 22\n\\ No newline at end of file";

    fn region(first: usize, last: usize) -> Region {
        Region { start: Position { line: first, column: 1 }, end: Position { line: last, column: 5 } }
    }

    #[test]
    fn the_new_side_has_its_own_numbers() {
        let hunks = Hunks::parse(PATCH);
        assert_eq!(hunks.lines(1, 4).unwrap(), ["FROM alpine", "RUN true", "RUN more", "CMD x"]);
        assert_eq!(hunks.lines(21, 22).unwrap(), ["USER app", "EXPOSE 22"]);
        for (first, last) in [(0, 1), (4, 5), (4, 21), (5, 5), (22, 23), (3, 2)] {
            assert_eq!(hunks.lines(first, last), None, "{first} to {last}");
        }
    }

    #[test]
    fn a_comment_stands_inside_a_hunk() {
        let hunks = Hunks::parse(PATCH);
        assert_eq!(hunks.anchor(region(2, 3)), Some((2, 3)));
        assert_eq!(hunks.anchor(region(4, 21)), Some((4, 4)), "both ends are shown, but not what lies between");
        assert_eq!(hunks.anchor(region(6, 30)), Some((21, 21)));
        assert_eq!(hunks.anchor(region(5, 20)), None);
        assert_eq!(hunks.anchor(region(1, usize::MAX)), Some((1, 1)));
    }

    #[test]
    fn what_moved_is_found_when_it_is_there_once() {
        let hunks = Hunks::parse(PATCH);
        assert_eq!(hunks.shift(2, &["RUN true"]), Some(0));
        assert_eq!(hunks.shift(12, &["RUN true", "RUN more"]), Some(-10));
        assert_eq!(hunks.shift(1, &["EXPOSE 22"]), Some(21));
        assert_eq!(hunks.shift(1, &["EXPOSE 80"]), None);
        let twice = Hunks::parse("@@ -1,2 +1,2 @@\n RUN a\n RUN a");
        assert_eq!(twice.shift(9, &["RUN a"]), None);
    }

    #[test]
    fn what_is_no_patch_has_no_lines() {
        for patch in ["", "Binary files differ", "@@ broken", "@@ -1 +x @@\n a"] {
            assert_eq!(Hunks::parse(patch), Hunks::default(), "{patch}");
        }
    }
}
