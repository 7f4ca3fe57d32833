//! The instructions that change an image's config.

use super::super::ast::{ArgDecl, Pair};
use super::super::flags::Takes;
use super::super::split::{blank_separated, is_separator, quoted_words, split_command};
use super::{Fault, Node, json_words, known_keyword};

impl Node<'_> {
    pub(super) fn arg(&self) -> Result<Vec<ArgDecl>, Fault> {
        // BuildKit does not look at the flags of ARG, nor does this.
        let words = quoted_words(self.split.args, self.split.args_span.start, self.escape);
        if words.is_empty() {
            return Err(self.needs_argument("ARG NAME or ARG NAME=default"));
        }
        words
            .into_iter()
            .map(|(word, span)| match word.split_once('=') {
                Some(("", _)) => Err(Fault::new(span, "an ARG has no name").help("write ARG NAME=default")),
                Some((name, value)) => Ok(ArgDecl { name: name.to_owned(), default: Some(value.to_owned()) }),
                None => Ok(ArgDecl { name: word, default: None }),
            })
            .collect()
    }

    /// ENV and LABEL: `k=v k=v`, or the old form `k v` where the first word has no `=`.
    pub(super) fn pairs(&self) -> Result<Vec<Pair>, Fault> {
        if self.split.args.is_empty() {
            self.flags(&[])?;
        }
        let pairs = self.pairs_as_written()?;
        self.flags(&[])?;
        if pairs.iter().any(|pair| pair.key.is_empty()) {
            return Err(Fault::new(self.whole(), format!("{} has an empty name", self.keyword))
                .help(format!("write {} NAME=value", self.keyword)));
        }
        Ok(pairs)
    }

    /// The pairs as far as BuildKit's parser looks at them: it checks neither flags nor names.
    fn pairs_as_written(&self) -> Result<Vec<Pair>, Fault> {
        let args = self.split.args;
        let words = quoted_words(args, self.split.args_span.start, self.escape);
        let Some((first, first_span)) = words.first() else {
            return Err(self.needs_argument(&format!("{} NAME=value", self.keyword)));
        };
        if first.contains('=') {
            words.into_iter().map(|(word, span)| pair(&word, span)).collect()
        } else {
            let Some((key, rest)) = args.split_once(is_separator) else {
                return Err(Fault::new(
                    first_span.clone(),
                    format!("{} `{first}` has no value", self.keyword),
                )
                .help(format!("write {} {first}=value", self.keyword)));
            };
            let value = rest.trim_start_matches(is_separator).to_owned();
            Ok(vec![Pair { key: key.to_owned(), value, legacy: true }])
        }
    }

    /// EXPOSE, sorted as BuildKit sorts it.
    pub(super) fn expose(&self) -> Result<Vec<String>, Fault> {
        let words = blank_separated(self.split.args, self.split.args_span.start);
        let mut ports: Vec<String> = words.into_iter().map(|(word, _)| word.to_owned()).collect();
        if ports.is_empty() {
            return Err(self.needs_argument("EXPOSE 8080/tcp"));
        }
        self.flags(&[])?;
        ports.sort();
        Ok(ports)
    }

    pub(super) fn volume(&self) -> Result<Vec<String>, Fault> {
        let (words, _) = self.list()?;
        if words.is_empty() {
            return Err(self.needs_argument("VOLUME /path"));
        }
        self.flags(&[])?;
        let volumes: Vec<String> = words.iter().map(|word| word.trim().to_owned()).collect();
        if volumes.iter().any(String::is_empty) {
            return Err(Fault::new(self.split.args_span.clone(), "a VOLUME has an empty path"));
        }
        Ok(volumes)
    }

    pub(super) fn shell(&self) -> Result<Vec<String>, Fault> {
        self.flags(&[])?;
        let example = "SHELL [\"/bin/bash\", \"-c\"]";
        match json_words(self.split.args, &self.split.args_span)? {
            Some(words) if !words.is_empty() => Ok(words),
            None if !self.split.args.is_empty() => {
                Err(Fault::new(self.split.args_span.clone(), "SHELL takes a JSON array only")
                    .help(format!("write {example}, with double quotes")))
            }
            _ => Err(self.needs_argument(example)),
        }
    }

    /// ONBUILD: the trigger's text as BuildKit keeps it in the image, heredoc bodies after it.
    pub(super) fn onbuild(&self) -> Result<String, Fault> {
        if self.split.args.is_empty() {
            return Err(self.needs_argument("ONBUILD RUN command"));
        }
        self.flags(&[])?;
        let trigger = split_command(self.split.args, self.split.args_span.start, self.escape);
        match known_keyword(trigger.keyword) {
            Some(word @ ("ONBUILD" | "FROM" | "MAINTAINER")) => {
                return Err(Fault::new(
                    trigger.keyword_span,
                    format!("{word} cannot be a trigger of ONBUILD"),
                ));
            }
            Some(
                keyword @ ("ENV" | "LABEL" | "ADD" | "COPY" | "RUN" | "CMD" | "ENTRYPOINT" | "SHELL"
                | "VOLUME"),
            ) => {
                Node { line: self.line, split: trigger, keyword, escape: self.escape, heredocs: Vec::new() }
                    .trigger_syntax()?;
            }
            _ => {}
        }
        let mut text = self.line.text[self.split.keyword_span.end..].trim_start().to_owned();
        for (mark, body) in &self.heredocs {
            text.push('\n');
            text.push_str(body);
            text.push_str(&mark.name);
        }
        Ok(text)
    }

    /// Checks what BuildKit's parser checks of a trigger at once; the rest is checked where the trigger runs.
    fn trigger_syntax(&self) -> Result<(), Fault> {
        match self.keyword {
            "ENV" | "LABEL" if !self.split.args.is_empty() => self.pairs_as_written().map(drop),
            "ENV" | "LABEL" => Ok(()),
            _ => json_words(self.split.args, &self.split.args_span).map(drop),
        }
    }

    pub(super) fn healthcheck(&self) -> Result<String, Fault> {
        let args = self.split.args;
        let kind_end = args.find(char::is_whitespace).unwrap_or(args.len());
        let (kind, rest) = args.split_at(kind_end);
        let command = rest.trim_start();
        let start = self.split.args_span.start;
        match kind.to_uppercase().as_str() {
            "" => return Err(self.needs_argument("HEALTHCHECK CMD command, or HEALTHCHECK NONE")),
            "NONE" if command.is_empty() => {}
            "NONE" => {
                let at = start + args.len() - command.len()..self.split.args_span.end;
                return Err(Fault::new(at, "HEALTHCHECK NONE takes no arguments"));
            }
            "CMD" => {
                self.healthcheck_flags()?;
                let words = json_words(command, &self.split.args_span)?;
                if words.map_or(command.is_empty(), |words| words.is_empty()) {
                    return Err(Fault::new(self.whole(), "HEALTHCHECK CMD has no command"));
                }
            }
            _ => {
                return Err(Fault::new(
                    start..start + kind_end,
                    format!("HEALTHCHECK does not know `{kind}`"),
                )
                .help("write HEALTHCHECK CMD command, or HEALTHCHECK NONE"));
            }
        }
        let keyword_end = self.split.keyword_span.end;
        Ok(self.line.text[keyword_end..].trim().to_owned())
    }

    fn healthcheck_flags(&self) -> Result<(), Fault> {
        const TIMES: [&str; 4] = ["interval", "timeout", "start-period", "start-interval"];
        let flags = self.flags(&[
            ("interval", Takes::One),
            ("timeout", Takes::One),
            ("start-period", Takes::One),
            ("start-interval", Takes::One),
            ("retries", Takes::One),
        ])?;
        let place = |name: &str| flags.place(name).unwrap_or_else(|| self.whole());
        for name in TIMES {
            let Some(value) = flags.one(name) else { continue };
            match go_duration_seconds(&value) {
                Some(seconds) if seconds == 0.0 || seconds >= 0.001 => {}
                Some(_) => {
                    return Err(Fault::new(place(name), format!("--{name} is shorter than one millisecond")));
                }
                None => {
                    return Err(Fault::new(place(name), format!("`{value}` is not a duration"))
                        .help("write it like 30s, 1m30s or 500ms"));
                }
            }
        }
        match flags.one("retries").map(|value| value.parse::<i32>()) {
            None | Some(Ok(0..)) => Ok(()),
            Some(Ok(_)) => Err(Fault::new(place("retries"), "--retries cannot be negative")),
            Some(Err(_)) => Err(Fault::new(place("retries"), "--retries is not a whole number")),
        }
    }

    fn needs_argument(&self, example: &str) -> Fault {
        Fault::new(self.whole(), format!("{} needs at least one argument", self.keyword))
            .help(format!("write {example}"))
    }
}

fn pair(word: &str, span: std::ops::Range<usize>) -> Result<Pair, Fault> {
    match word.split_once('=') {
        None => Err(Fault::new(span, format!("`{word}` has no `=`"))
            .help("write NAME=value, and quote a value that holds blanks: NAME=\"a b\"")),
        Some((key, value)) => Ok(Pair { key: key.to_owned(), value: value.to_owned(), legacy: false }),
    }
}

/// Seconds of a duration as Go's `time.ParseDuration` reads it: `1h2m3.5s`, `-5ms`, `0`.
fn go_duration_seconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut seconds = 0.0;
    loop {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = after;
        if rest.is_empty() {
            return Some(sign * seconds);
        }
    }
}
