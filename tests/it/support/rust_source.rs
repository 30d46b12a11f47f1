//! Rust source as the tests of the architecture read it: files, tokens, paths. No parser: what is asked needs none.
#![expect(
    clippy::string_slice,
    reason = "every mark looked for is ASCII, so each cut lies between two characters"
)]

use std::fs;
use std::path::Path;

/// A file below a source directory.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Relative to that directory, with `/`.
    pub path: String,
    pub text: String,
}

impl SourceFile {
    /// The first part of its path without `.rs`: the module below the root that it belongs to.
    pub(crate) fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.trim_end_matches(".rs")
    }

    /// How many modules it is below the crate root.
    pub(crate) fn depth(&self) -> usize {
        match self.path.as_str() {
            "lib.rs" | "main.rs" => 0,
            path => path.trim_end_matches("/mod.rs").split('/').count(),
        }
    }
}

/// Every Rust file below a directory of the workspace, in order of path.
pub(crate) fn source_files(directory: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files = Vec::new();
    gather(&root, "", &mut files);
    assert!(!files.is_empty(), "no Rust file below {}", root.display());
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn gather(directory: &Path, prefix: &str, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            gather(&entry.path(), &format!("{path}/"), files);
        } else if path.rsplit_once('.').is_some_and(|(_, extension)| extension == "rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            files.push(SourceFile { path, text });
        }
    }
}

/// The words, `::` and single marks of the code. Comments, texts and characters are left out.
pub(crate) fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let silent = first.len_utf8() * usize::from(first.is_whitespace());
        if let Some(length) = comment_or_literal(rest).or((silent > 0).then_some(silent)) {
            rest = &rest[length..];
            continue;
        }
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let length = match rest.find(|character| !is_word(character)) {
            Some(0) if rest.starts_with("::") => 2,
            Some(0) => first.len_utf8(),
            Some(end) => end,
            None => rest.len(),
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

fn comment_or_literal(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    text_literal(rest).or_else(|| character_literal(rest))
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let step = match &rest.as_bytes()[at..] {
            [] => return at,
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
}

fn text_literal(rest: &str) -> Option<usize> {
    let prefixes = ["br", "cr", "r", "b", "c", ""];
    let (prefix, body) = prefixes.into_iter().find_map(|prefix| {
        let after = rest.strip_prefix(prefix)?;
        let hashes = if prefix.ends_with('r') { "#" } else { "" };
        let quote = after.trim_start_matches(|mark| hashes.contains(mark));
        quote.starts_with('"').then_some((prefix, after))
    })?;
    let hashes = body.find('"')?;
    let inside = hashes + 1;
    let length = if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        inside + body[inside..].find(&end)? + end.len()
    } else {
        inside + unescaped(&body[inside..], b'"')? + 1
    };
    Some(prefix.len() + length)
}

/// A character, as against the tick of a lifetime.
fn character_literal(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\'')?;
    let first = after.chars().next()?;
    if first == '\\' || after[first.len_utf8()..].starts_with('\'') {
        Some(unescaped(after, b'\'')? + 2)
    } else {
        None
    }
}

fn unescaped(text: &str, end: u8) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let found = byte == end && !escaped;
        escaped = byte == b'\\' && !escaped;
        found
    })
}

/// The modules below the crate root that the code names: after `crate::`, and after as many `super::` as lead there.
pub(crate) fn own_modules<'s>(tokens: &[&'s str], file_depth: usize) -> Vec<&'s str> {
    let mut found = Vec::new();
    let (mut braces, mut inline) = (0_usize, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" => {
                braces += 1;
                if at >= 2 && tokens[at - 2] == "mod" {
                    inline.push(braces);
                }
            }
            "}" => {
                inline.pop_if(|opened| *opened == braces);
                braces -= 1;
            }
            "crate" if tokens.get(at + 1) == Some(&"::") => found.extend(first_names(&tokens[at + 2..])),
            "super" if at < 2 || tokens[at - 2] != "super" => {
                let chain = tokens[at..].chunks(2).take_while(|pair| *pair == ["super", "::"]).count();
                if chain >= file_depth + inline.len() {
                    found.extend(first_names(&tokens[at + 2 * chain..]));
                }
            }
            _ => (),
        }
    }
    found
}

/// The first name of a path, or of every path of a group.
fn first_names<'s>(tokens: &[&'s str]) -> Vec<&'s str> {
    if tokens.first() != Some(&"{") {
        return tokens.first().copied().into_iter().collect();
    }
    let mut names = Vec::new();
    let mut depth = 0;
    for pair in tokens.windows(2) {
        match pair[0] {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => (),
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(pair[0], "{" | ",") && pair[1] != "}" {
            names.push(pair[1]);
        }
    }
    names
}
