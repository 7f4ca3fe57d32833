//! The command of a RUN as written, cut into the parts that have to succeed one after the other; every byte is kept.

use std::ops::Range;

/// Cuts a RUN as written into its keyword with flags, and the command after them.
pub(in crate::reorder) fn head_and_command(text: &str) -> Option<(&str, &str)> {
    let keyword = text.get(..3).filter(|word| word.eq_ignore_ascii_case("run"))?;
    let mut at = keyword.len();
    loop {
        let start = at + blanks(&text[at..]);
        if !text[start..].starts_with("--") {
            return (start > at || at > keyword.len()).then(|| (text[..at].trim_end(), &text[start..]));
        }
        let word = text[start..].find(char::is_whitespace)?;
        at = start + word;
    }
}

/// Length of the blanks and joined line breaks that a text begins with.
fn blanks(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let joined = ["\\\n", "\\\r\n"].iter().find(|join| rest.starts_with(**join));
        match (joined, rest.chars().next()) {
            (Some(join), _) => at += join.len(),
            (None, Some(c)) if c.is_whitespace() => at += c.len_utf8(),
            _ => return at,
        }
    }
}

/// The parts of a command each of which runs only if the one before it succeeded: those between `&&`s at the outermost
/// level, or between `;`s after a `set -e`; `None` where it is anything but a chain of them, or is not understood.
pub(in crate::reorder) fn chain(command: &str) -> Option<Vec<Range<usize>>> {
    cut(command, "&&").or_else(|| sequence(command))
}

/// The parts between `;`s after a `set -e`.
///
/// Refused is what goes on after a failure all the same (POSIX, `set`): a negation, and a compound command in which an
/// AND-OR list failed before its end.
fn sequence(command: &str) -> Option<Vec<Range<usize>>> {
    const COMPOUND: [&str; 6] = ["if", "for", "while", "until", "case", "{"];
    let mut parts = cut(command, ";")?;
    let texts: Vec<String> = parts.iter().map(|part| as_shell_text(&command[part.clone()])).collect();
    let mut texts: Vec<Vec<&str>> = texts.iter().map(|text| text.split_whitespace().collect()).collect();
    // The last one may end in a `;` as well.
    if texts.last()?.is_empty() {
        texts.pop();
        parts.pop();
    }
    let (first, rest) = texts.split_first()?;
    let (set, options) = first.split_first()?;
    let exits = |option: &&str| option.starts_with('-') && !option.starts_with("--") && option.contains('e');
    if *set != "set" || !(options.iter().any(exits) || options.contains(&"errexit")) {
        return None;
    }
    let goes_on = |words: &Vec<&str>| {
        let Some(first) = words.first() else { return true };
        let is_list = words.iter().any(|word| word.contains("&&") || word.contains("||"));
        *first == "!" || *first == "set" || COMPOUND.contains(first) && is_list
    };
    (!rest.iter().any(goes_on)).then_some(parts)
}

/// The parts between these separators at the outermost level of a command; `None` where there are others as well.
fn cut(command: &str, separator: &str) -> Option<Vec<Range<usize>>> {
    let bytes = command.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut open: Vec<&str> = Vec::new();
    // Whether a command begins here, so that a word may be a keyword; and whether a line does.
    let (mut begins, mut line_begins) = (true, false);
    while at < bytes.len() {
        let rest = &command[at..];
        let c = rest.chars().next()?;
        if line_begins && rest.trim_start_matches([' ', '\t']).starts_with('#') {
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
            continue;
        }
        line_begins = false;
        let quoted = matches!(open.last(), Some(&"\""));
        match c {
            '\\' => {
                let next = rest[1..].chars().next().map_or(0, char::len_utf8);
                let crlf = rest[1..].starts_with("\r\n");
                line_begins = crlf || rest[1..].starts_with('\n');
                begins &= line_begins;
                at += 1 + if crlf { 2 } else { next };
                continue;
            }
            '\'' if !quoted => {
                at += 2 + rest[1..].find('\'')?;
                begins = false;
                continue;
            }
            '"' => {
                if quoted {
                    open.pop();
                } else {
                    open.push("\"");
                }
                begins = false;
            }
            '`' => {
                at += 2 + rest[1..].find('`')?;
                begins = false;
                continue;
            }
            '$' if rest.starts_with("$(") || rest.starts_with("${") => {
                open.push(if rest.starts_with("$(") { ")" } else { "}" });
                at += 2;
                begins = rest.starts_with("$(");
                continue;
            }
            '}' if open.last() == Some(&"}") => {
                open.pop();
            }
            _ if quoted => {}
            '(' => {
                open.push(")");
                begins = true;
            }
            ')' => {
                if open.last() == Some(&")") {
                    open.pop();
                } else if !open.contains(&"esac") {
                    return None;
                }
                begins = true;
            }
            '&' | '|' | ';' => {
                let two = rest.get(..2).filter(|two| ["&&", "||", ";;"].contains(two));
                let is_redirect = c == '&' && (command[..at].ends_with(['>', '<']) || rest.starts_with("&>"));
                if !is_redirect {
                    if open.is_empty() {
                        if two.unwrap_or(&rest[..1]) == separator {
                            parts.push(start..at);
                            start = at + separator.len();
                        } else if two.is_some() || c != '|' {
                            return None;
                        }
                    }
                    begins = true;
                    at += two.map_or(1, str::len);
                    continue;
                }
            }
            '\n' => {
                // A line break that is not joined ends the instruction; inside quotes it was handled above.
                begins = true;
                line_begins = true;
            }
            c if c.is_whitespace() => {}
            _ => {
                let inner =
                    if open.last() == Some(&"}") { rest.find('}').unwrap_or(rest.len()) } else { rest.len() };
                let length = word_length(rest).min(inner);
                keyword(&rest[..length], begins, &mut open)?;
                begins = begins
                    && ["then", "do", "else", "elif", "if", "while", "until", "{", "!"]
                        .contains(&&rest[..length]);
                at += length;
                continue;
            }
        }
        at += c.len_utf8();
    }
    if !open.is_empty() {
        return None;
    }
    parts.push(start..command.len());
    Some(parts)
}

/// Length of the plain word that a text begins with; at least one character.
fn word_length(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let special = |c: char| c.is_whitespace() || "\\'\"`$()&|;<>".contains(c);
    text[first..].find(special).map_or(text.len(), |end| first + end)
}

/// Follows the words that open and close compound commands.
fn keyword(word: &str, begins: bool, open: &mut Vec<&str>) -> Option<()> {
    match word {
        "if" if begins => open.push("fi"),
        "case" if begins => open.push("esac"),
        "for" | "while" | "until" | "select" if begins => open.push("done"),
        "{" if begins => open.push("{"),
        "[[" if begins => open.push("]]"),
        "function" if begins => return None,
        "fi" | "esac" | "done" | "]]" if open.last() == Some(&word) => {
            open.pop();
        }
        "}" if open.last() == Some(&"{") => {
            open.pop();
        }
        _ => {}
    }
    Some(())
}

/// A part of a command as the shell gets it: lines joined as the Dockerfile's reader joins them, those that are
/// comments taken out.
pub(in crate::reorder) fn as_shell_text(part: &str) -> String {
    let is_kept = |(at, line): &(usize, &str)| *at == 0 || !line.trim_start().starts_with('#');
    let lines = part.split('\n').enumerate().filter(is_kept).map(|(_, line)| line.trim_end_matches('\r'));
    let joined: String = lines.map(|line| line.trim_end().strip_suffix('\\').unwrap_or(line)).collect();
    joined.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_commands() {
        let cases = [
            ("RUN npm ci", Some(("RUN", "npm ci"))),
            ("run  a && b", Some(("run", "a && b"))),
            ("RUN --mount=type=cache,target=/c \\\n  a", Some(("RUN --mount=type=cache,target=/c", "a"))),
            (
                "RUN --network=none --mount=type=tmpfs,target=/t a",
                Some(("RUN --network=none --mount=type=tmpfs,target=/t", "a")),
            ),
            ("RUNNER x", None),
            ("COPY a b", None),
        ];
        for (text, expected) in cases {
            assert_eq!(head_and_command(text), expected, "{text}");
        }
    }

    #[test]
    fn parts_as_the_shell_gets_them() {
        let cases = [
            ("npm ci \\\n    ", "npm ci"),
            (" a \\\n  # why\n  b \\\r\n c", "a   b  c"),
            ("echo '# x' \\\n # y", "echo '# x'"),
        ];
        for (part, expected) in cases {
            assert_eq!(as_shell_text(part), expected, "{part:?}");
        }
    }

    #[test]
    fn chains() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("a", Some(&["a"])),
            ("a && b", Some(&["a", "b"])),
            ("a \\\n  && b \\\n  # why && not\n  && c", Some(&["a", "b", "c"])),
            ("a '&&' && b \"x && $(c && d)\"", Some(&["a '&&'", "b \"x && $(c && d)\""])),
            ("(a && b) && c", Some(&["(a && b)", "c"])),
            ("if a && b; then c && d; fi && e", Some(&["if a && b; then c && d; fi", "e"])),
            ("[[ a && b ]] && c", Some(&["[[ a && b ]]", "c"])),
            (
                "case $X in a) b && c ;; *) d ;; esac && e",
                Some(&["case $X in a) b && c ;; *) d ;; esac", "e"]),
            ),
            ("for f in a b; do c && d; done && e", Some(&["for f in a b; do c && d; done", "e"])),
            ("a | b && c", Some(&["a | b", "c"])),
            ("a > /dev/null 2>&1 && b", Some(&["a > /dev/null 2>&1", "b"])),
            ("a && echo ${X:-b && c} && d", Some(&["a", "echo ${X:-b && c}", "d"])),
            ("a && echo fi && b", Some(&["a", "echo fi", "b"])),
            ("set -ex; a; b", Some(&["set -ex", "a", "b"])),
            ("set -eux ; \\\n  a | b \\\n  # why; not\n  ; c ;", Some(&["set -eux", "a | b", "c"])),
            ("set -o errexit; a; b", Some(&["set -o errexit", "a", "b"])),
            ("set -e; if a; then b; fi; c", Some(&["set -e", "if a; then b; fi", "c"])),
            ("set -e; (a && b); c", Some(&["set -e", "(a && b)", "c"])),
            ("set -e; a;; b", None),
            ("a; b", None),
            ("set -x; a; b", None),
            ("set --e; a; b", None),
            ("set -e; ! a; b", None),
            ("set -e; a && b; c", None),
            ("set -e && a; b", None),
            ("set -e; a || b; c", None),
            ("set -e; if a; then b && c; fi; d", None),
            ("set -e; a; set +e; b", None),
            ("a || b && c", None),
            ("a; b && c", None),
            ("a & b", None),
            ("a && b)", None),
            ("a && 'b", None),
            ("f() { a; } && f", Some(&["f() { a; }", "f"])),
        ];
        for (text, expected) in cases {
            let parts = chain(text).map(|parts| {
                parts
                    .into_iter()
                    .map(|part| text[part].trim_matches([' ', '\\', '\n']).to_owned())
                    .collect::<Vec<_>>()
            });
            let parts = parts.map(|parts| {
                parts
                    .into_iter()
                    .map(|part| part.split("\\\n  #").next().unwrap_or_default().trim().to_owned())
                    .collect::<Vec<_>>()
            });
            let expected =
                expected.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
            assert_eq!(parts, expected, "{text}");
        }
    }
}
