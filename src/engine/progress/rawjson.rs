//! The `rawjson` form: `client.SolveStatus` values of BuildKit, one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use super::{Failure, Format, Label, Progress, RealStep, Status, failure_in_text, in_order};

#[derive(Deserialize)]
struct SolveStatus {
    #[serde(default)]
    vertexes: Vec<VertexUpdate>,
}

#[derive(Deserialize)]
struct VertexUpdate {
    digest: String,
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: String,
    #[serde(rename = "progressGroup")]
    group: Option<Group>,
}

#[derive(Deserialize)]
struct Group {
    id: String,
    name: String,
    /// The group's result does not rest on this member: it is the copy below a merge.
    #[serde(default)]
    weak: bool,
}

/// A vertex with all its updates taken in.
#[derive(Default)]
struct Vertex {
    digest: String,
    name: String,
    group: Option<Group>,
    /// When it was worked on: start to end. BuildKit stops and restarts a vertex (keys first, then the work).
    intervals: BTreeMap<u128, Option<u128>>,
    cached: bool,
    error: String,
}

/// Reads the log if it holds at least one progress value.
pub(super) fn read(log: &str) -> Option<Progress> {
    let (updates, text) = values(log);
    if updates.is_empty() {
        return None;
    }
    let mut vertices = gather(updates);
    let failed = vertices.iter().filter(|v| v.status() == Status::Error);
    let failures: BTreeSet<u128> = failed.flat_map(|v| v.intervals.keys().copied()).collect();
    if !failures.is_empty() {
        for vertex in &mut vertices {
            vertex.take_back_cached(&failures);
        }
    }
    let origin = vertices.iter().filter_map(|v| v.intervals.keys().next()).min().copied();
    let failure = vertices
        .iter()
        .find(|v| v.status() == Status::Error)
        .map(|v| Failure { vertex: Some(v.name.clone()), message: v.error.clone() })
        .or_else(|| failure_in_text(&text));
    let steps = in_order(steps(&vertices, origin.unwrap_or_default()));
    Some(Progress { format: Format::RawJson, steps, failure })
}

/// Splits the log into progress values and the text between and after them.
///
/// A value begins a line; what does not parse as one is text.
fn values(log: &str) -> (Vec<VertexUpdate>, String) {
    let mut updates = Vec::new();
    let mut text = String::new();
    let mut rest = log;
    while !rest.is_empty() {
        if rest.starts_with('{') {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<SolveStatus>();
            if let Some(Ok(value)) = stream.next() {
                updates.extend(value.vertexes);
                rest = rest[stream.byte_offset()..].trim_start();
                continue;
            }
        }
        let (line, tail) = rest.split_once('\n').unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    (updates, text)
}

fn gather(updates: Vec<VertexUpdate>) -> Vec<Vertex> {
    let mut vertices: Vec<Vertex> = Vec::new();
    let mut by_digest: HashMap<String, usize> = HashMap::new();
    for update in updates {
        let at = *by_digest.entry(update.digest.clone()).or_insert_with(|| {
            vertices.push(Vertex { digest: update.digest.clone(), ..Vertex::default() });
            vertices.len() - 1
        });
        vertices[at].take(update);
    }
    vertices
}

impl Vertex {
    fn take(&mut self, update: VertexUpdate) {
        self.name = update.name;
        self.group = update.group.or(self.group.take());
        self.cached |= update.cached;
        if !update.error.is_empty() {
            self.error = update.error;
        }
        if let Some(start) = update.started.as_deref().and_then(nanoseconds) {
            let end = self.intervals.entry(start).or_default();
            *end = update.completed.as_deref().and_then(nanoseconds).or(*end);
        }
    }

    /// Takes back "cached" where BuildKit's printer made it up, given when failing vertices began.
    ///
    /// When a step fails before its inputs are done (its source is missing), the printer closes the inputs that
    /// are under way, or were not begun, by calling them cached at that very moment; they go on, and end or are
    /// stopped.
    fn take_back_cached(&mut self, failures: &BTreeSet<u128>) {
        let worked_on = |(start, end): (&u128, &Option<u128>)| end.is_none_or(|end| end > *start);
        let is_made_up = self.intervals.iter().any(worked_on)
            || self.intervals.keys().all(|start| failures.contains(start));
        if self.cached && is_made_up {
            self.cached = false;
            // What was made up took no time; it would look like the end of the last work.
            self.intervals.retain(|start, end| worked_on((start, end)));
        }
    }

    fn status(&self) -> Status {
        // A step that BuildKit stopped because another failed ends with the error "context canceled".
        if self.error.contains("context canceled") {
            return Status::NotRun;
        }
        if !self.error.is_empty() {
            return Status::Error;
        }
        if self.cached {
            return Status::Cached;
        }
        match self.intervals.last_key_value() {
            Some((_, Some(_))) => Status::Executed,
            _ => Status::NotRun,
        }
    }

    fn seconds(&self) -> Option<f64> {
        let mut total = 0;
        let mut any = false;
        for (start, end) in &self.intervals {
            if let Some(end) = end {
                total += end.saturating_sub(*start);
                any = true;
            }
        }
        any.then(|| total as f64 / 1e9)
    }
}

/// Makes a step of every vertex with a label; the members of a progress group become one step.
///
/// In a group the step is its weak member (the copy) and `merge` the other (`LINK …`). Either may be missing:
/// a merge whose copy is the same vertex as another step's, for example.
fn steps(vertices: &[Vertex], origin: u128) -> Vec<RealStep> {
    let mut steps: Vec<RealStep> = Vec::new();
    let mut groups: HashMap<&str, usize> = HashMap::new();
    for vertex in vertices {
        let name = vertex.group.as_ref().map_or(&vertex.name, |g| &g.name);
        let Some(label) = Label::parse(name) else { continue };
        let started = vertex.intervals.keys().next().map(|start| (start - origin) as f64 / 1e9);
        let mut step = RealStep {
            label,
            status: vertex.status(),
            merge: None,
            started,
            seconds: vertex.seconds(),
            digest: Some(vertex.digest.clone()),
            error: (!vertex.error.is_empty()).then(|| vertex.error.clone()),
        };
        let Some(group) = &vertex.group else {
            steps.push(step);
            continue;
        };
        let is_merge = !group.weak;
        if is_merge {
            step.merge = Some(step.status);
        }
        match groups.get(group.id.as_str()) {
            None => {
                groups.insert(&group.id, steps.len());
                steps.push(step);
            }
            Some(&at) => join(&mut steps[at], step, is_merge),
        }
    }
    steps
}

/// Takes a further member of a progress group into the group's step.
fn join(step: &mut RealStep, member: RealStep, is_merge: bool) {
    step.seconds = match (step.seconds, member.seconds) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
    step.started = match (step.started, member.started) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    step.error = step.error.take().or(member.error);
    if is_merge {
        step.merge = Some(member.status);
    } else {
        step.status = member.status;
        step.digest = member.digest;
    }
}

/// Reads a time stamp of the form `2026-11-24T12:15:47.559390734Z` (or with an offset) as nanoseconds since
/// the epoch.
fn nanoseconds(stamp: &str) -> Option<u128> {
    let (date, time) = stamp.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|n| n.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = time.find(['Z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut clock = clock.splitn(3, ':').map(|n| n.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let nanos: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset(zone)?;
    u128::try_from(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)).ok()
}

/// Seconds east of UTC of `Z`, `+02:00` or `-07:30`.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let seconds = (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * 60;
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_are_nanoseconds_of_utc() {
        let table = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T00:00:00.5Z", Some(500_000_000)),
            ("2000-02-29T12:00:00Z", Some(951_825_600_000_000_000)),
            ("2026-11-24T12:15:47.559390734Z", Some(1_795_522_547_559_390_734)),
            ("2026-11-24T14:15:47.559390734+02:00", Some(1_795_522_547_559_390_734)),
            ("2026-11-24T04:45:47.5593907340-07:30", Some(1_795_522_547_559_390_734)),
            ("2026-11-24", None),
            ("yesterday", None),
        ];
        for (stamp, expected) in table {
            assert_eq!(nanoseconds(stamp), expected, "{stamp}");
        }
    }
}
