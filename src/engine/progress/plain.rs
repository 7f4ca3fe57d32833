//! The `plain` form: `#7 [2/4] COPY . .`, `#7 CACHED`, `#7 DONE 0.1s`, with the output of commands between.

use std::collections::HashMap;

use super::{Failure, Format, Label, Progress, RealStep, Status, failure_in_text, in_order};

struct Vertex {
    name: String,
    status: Status,
    seconds: Option<f64>,
    error: Option<String>,
}

/// Reads the log; text without any vertex gives no steps.
pub(super) fn read(log: &str) -> Progress {
    let mut vertices: Vec<Vertex> = Vec::new();
    let mut by_number: HashMap<u32, usize> = HashMap::new();
    for line in log.lines() {
        let Some((number, text)) = numbered(line.trim_end()) else { continue };
        // The first line of a number is the vertex' name; the same name is printed again when the output
        // comes back to it.
        match by_number.get(&number) {
            None => {
                by_number.insert(number, vertices.len());
                let name = text.to_owned();
                vertices.push(Vertex { name, status: Status::NotRun, seconds: None, error: None });
            }
            Some(&at) => vertices[at].take(text),
        }
    }
    let failure = vertices
        .iter()
        .find_map(|v| Some(Failure { vertex: Some(v.name.clone()), message: v.error.clone()? }))
        .or_else(|| failure_in_text(log));
    let steps = in_order(vertices.into_iter().filter_map(Vertex::into_step).collect());
    Progress { format: Format::Plain, steps, failure }
}

/// Splits `#7 text`.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, text) = line.strip_prefix('#')?.split_once(' ')?;
    Some((number.parse().ok()?, text))
}

impl Vertex {
    /// Takes in a line that follows the name. Output of commands cannot be mistaken for a state: it stands
    /// after the seconds since the command's start (`0.046 DONE`).
    fn take(&mut self, text: &str) {
        if text == "CACHED" {
            self.status = Status::Cached;
        } else if text == "CANCELED" {
            self.status = Status::NotRun;
        } else if let Some(message) = text.strip_prefix("ERROR: ") {
            // A step stopped because another one failed.
            if message.contains("context canceled") {
                self.status = Status::NotRun;
                return;
            }
            self.status = Status::Error;
            self.error = Some(message.to_owned());
        } else if let Some(time) = text.strip_prefix("DONE ").and_then(|t| t.strip_suffix('s')) {
            // Printed twice for a group (copy and merge); the later one counts for the whole.
            self.status = Status::Executed;
            self.seconds = time.parse().ok().or(self.seconds);
        }
    }

    fn into_step(self) -> Option<RealStep> {
        Some(RealStep {
            label: Label::parse(&self.name)?,
            status: self.status,
            merge: None,
            started: None,
            seconds: self.seconds,
            digest: None,
            error: self.error,
        })
    }
}
