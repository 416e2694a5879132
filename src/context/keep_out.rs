//! How an ignore file is changed so that it keeps more out of the context.

use crate::text::{self, Edit, SourceText, Span, apply_edits};

use super::{IgnoreFile, ignore_line};

/// The edit that puts a line for each of `paths` at the end of an ignore file, where it has the last word; of a file that is
/// not there yet without one. `None` for a path that no line can name, or when the file would be refused with them.
pub fn keep_out(file: Option<&IgnoreFile>, paths: &[&str]) -> Option<Edit> {
    let text = file.map_or("", |file| file.source.text());
    let newline =
        if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let mut added = String::new();
    if !text.is_empty() && !text.ends_with('\n') {
        added.push_str(newline);
    }
    for path in paths {
        // Bytes that are no text would be others in the file.
        if matches!(text::encode(path), std::borrow::Cow::Owned(_)) {
            return None;
        }
        added.push_str(&ignore_line(path));
        added.push_str(newline);
    }
    let edit = Edit { span: Span::new(text.len(), text.len()), text: added };
    let source = SourceText::new("", text);
    let after = IgnoreFile::new(SourceText::new("", apply_edits(&source, std::slice::from_ref(&edit)).ok()?)).ok()?;
    paths.iter().all(|path| after.rules.is_ignored(path)).then_some(edit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn after(text: Option<&str>, paths: &[&str]) -> Option<String> {
        let source = SourceText::new("i", text.unwrap_or_default());
        let file = text.map(|_| IgnoreFile::new(std::sync::Arc::clone(&source)).unwrap());
        keep_out(file.as_ref(), paths).map(|edit| apply_edits(&source, &[edit]).unwrap())
    }

    #[test]
    fn lines_stand_at_the_end_as_the_file_has_them() {
        assert_eq!(after(None, &[".env", ".git"]).unwrap(), ".env\n.git\n");
        assert_eq!(after(Some("*\n!src"), &["src/.env"]).unwrap(), "*\n!src\nsrc/.env\n");
        assert_eq!(after(Some("a\r\n"), &["b[1]"]).unwrap(), "a\r\nb\\[1\\]\r\n");
    }

    #[test]
    fn what_no_line_can_name_is_refused() {
        assert_eq!(after(None, &["two\nlines"]), None);
        assert_eq!(after(None, &["blank "]), None);
        assert_eq!(after(None, &[&*text::decode(b"k\xff")]), None);
    }
}
