//! Steps over time: which step of a changed Dockerfile is which step of the one before.
//!
//! Labels move when a step is put in or taken out, so steps are matched by stage and text, in this order:
//! 1. within a stage of the same name, the longest common run of equal texts in order;
//! 2. equal texts left over, whose order changed, and texts that the stage had at any time before;
//! 3. between two matched neighbours: a changed text continues the step it stands in the place of, if the
//!    instruction is the same (COPY, RUN, …) and at least half of the words are, or it is a FROM.
//!
//! Everything else is a new step. A stage that came under a new name continues one that went if at least half of
//! its texts are that one's.

use std::collections::{BTreeMap, HashSet};

use super::record::Row;
use crate::graph::{Graph, StageInfo};

/// The rows of a walk so far.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub list: Vec<Row>,
    /// For each stage: the rows that it has now, in order, and all it ever had.
    stages: BTreeMap<String, StageRows>,
}

#[derive(Debug, Default)]
struct StageRows {
    now: Vec<usize>,
    ever: Vec<usize>,
}

impl Rows {
    /// Finds or makes the row of each step of a graph.
    pub fn take(&mut self, graph: &Graph) -> Vec<usize> {
        let mut by_stage: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, step) in graph.steps.iter().enumerate() {
            by_stage.entry(step.stage).or_default().push(number);
        }
        let names: BTreeMap<usize, String> =
            by_stage.keys().map(|&stage| (stage, stage_name(&graph.stages[stage], stage))).collect();
        let mut rows = vec![0; graph.steps.len()];
        for (stage, steps) in &by_stage {
            let texts: Vec<&str> =
                steps.iter().map(|&step| graph.steps[step].label.instruction.as_str()).collect();
            let name = &names[stage];
            if !self.stages.contains_key(name) {
                self.adopt(name, &texts, &names);
            }
            for (step, row) in steps.iter().zip(self.take_stage(name, &texts)) {
                rows[*step] = row;
            }
        }
        rows
    }

    /// Lets a stage of a new name continue one that is there no more.
    fn adopt(&mut self, name: &str, texts: &[&str], names: &BTreeMap<usize, String>) {
        let common = |rows: &StageRows| {
            texts
                .iter()
                .filter(|text| rows.now.iter().any(|&row| self.list[row].instruction == **text))
                .count()
        };
        let gone = self.stages.iter().filter(|(old, _)| !names.values().any(|now| now == *old));
        let best = gone
            .map(|(old, rows)| (common(rows), old.clone()))
            .filter(|(common, _)| *common * 2 >= texts.len() && *common > 0)
            .max();
        if let Some((_, old)) = best
            && let Some(rows) = self.stages.remove(&old)
        {
            for &row in &rows.ever {
                name.clone_into(&mut self.list[row].stage);
            }
            self.stages.insert(name.to_owned(), rows);
        }
    }

    fn take_stage(&mut self, stage: &str, texts: &[&str]) -> Vec<usize> {
        let rows = self.stages.remove(stage).unwrap_or_default();
        let mut taken: Vec<Option<usize>> = vec![None; texts.len()];
        let before: Vec<&str> = rows.now.iter().map(|&row| self.list[row].instruction.as_str()).collect();
        for (old, new) in common_run(&before, texts) {
            taken[new] = Some(rows.now[old]);
        }
        for new in 0..texts.len() {
            if taken[new].is_none() {
                let known = rows.now.iter().chain(rows.ever.iter().rev()).copied();
                let free = known.filter(|row| !taken.contains(&Some(*row)));
                taken[new] = free.into_iter().find(|&row| self.list[row].reads(texts[new]));
            }
        }
        let taken = self.continue_changed(&rows, taken, texts);
        let mut ever = rows.ever;
        let now: Vec<usize> = texts
            .iter()
            .zip(taken)
            .map(|(text, row)| {
                let row = row.unwrap_or_else(|| {
                    self.list.push(Row {
                        stage: stage.to_owned(),
                        instruction: (*text).to_owned(),
                        formerly: Vec::new(),
                    });
                    self.list.len() - 1
                });
                self.list[row].rename(text);
                if !ever.contains(&row) {
                    ever.push(row);
                }
                row
            })
            .collect();
        self.stages.insert(stage.to_owned(), StageRows { now: now.clone(), ever });
        now
    }

    /// Rule 3: pairs what is left of both, between the same neighbours.
    fn continue_changed(
        &self,
        rows: &StageRows,
        mut taken: Vec<Option<usize>>,
        texts: &[&str],
    ) -> Vec<Option<usize>> {
        let place = |row: usize| rows.now.iter().position(|&now| now == row);
        for new in 0..texts.len() {
            if taken[new].is_some() {
                continue;
            }
            let after = taken[..new].iter().rev().flatten().find_map(|&row| place(row));
            let until = taken[new..].iter().flatten().find_map(|&row| place(row));
            let from = after.map_or(0, |place| place + 1);
            let gap = from..until.unwrap_or(rows.now.len()).max(from);
            let free = rows.now[gap].iter().copied().filter(|row| !taken.contains(&Some(*row)));
            taken[new] = free
                .map(|row| (likeness(&self.list[row].instruction, texts[new]), row))
                .filter(|(likeness, _)| *likeness >= 0.5)
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                .map(|(_, row)| row);
        }
        taken
    }
}

impl Row {
    fn reads(&self, text: &str) -> bool {
        self.instruction == text || self.formerly.iter().any(|former| former == text)
    }

    fn rename(&mut self, text: &str) {
        if self.instruction != text {
            let former = std::mem::replace(&mut self.instruction, text.to_owned());
            self.formerly.retain(|known| *known != former && known != text);
            self.formerly.push(former);
        }
    }
}

fn stage_name(stage: &StageInfo, number: usize) -> String {
    stage.name.clone().unwrap_or_else(|| format!("stage {number}"))
}

/// How alike two instructions are, from 0 to 1: the words they share among all their words.
fn likeness(a: &str, b: &str) -> f64 {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<HashSet<_>>();
    let keyword = |text: &str| text.split_whitespace().next().map(str::to_owned);
    if keyword(a) != keyword(b) {
        return 0.0;
    }
    if keyword(a).as_deref() == Some("FROM") {
        return 1.0;
    }
    let (a, b) = (words(a), words(b));
    a.intersection(&b).count() as f64 / a.union(&b).count().max(1) as f64
}

/// Pairs of numbers of the longest common subsequence of two lists.
fn common_run(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;
    use crate::graph::{GraphOptions, build};

    fn rows_of(versions: &[&str]) -> (Vec<Vec<usize>>, Vec<Row>) {
        let mut rows = Rows::default();
        let taken = versions
            .iter()
            .map(|text| {
                let dockerfile = parse(text).expect("the test's Dockerfile is valid");
                rows.take(&build(&dockerfile, &GraphOptions::default()).expect("it can be built"))
            })
            .collect();
        (taken, rows.list)
    }

    #[test]
    fn steps_keep_their_rows_while_labels_move() {
        let (taken, rows) = rows_of(&[
            "FROM a\nCOPY . .\nRUN one\n",
            "FROM a\nRUN zero\nCOPY . .\nRUN one\n",
            "FROM a\nRUN zero\nRUN one\nCOPY . .\n",
            "FROM a\nCOPY . .\nRUN one\n",
        ]);
        assert_eq!(taken, [vec![0, 1, 2], vec![0, 3, 1, 2], vec![0, 3, 2, 1], vec![0, 1, 2]]);
        assert!(rows.iter().all(|row| row.formerly.is_empty()));
    }

    #[test]
    fn a_changed_text_in_its_place_goes_on() {
        let (taken, rows) = rows_of(&[
            "FROM node:20\nCOPY . .\nRUN npm ci\n",
            "FROM node:22\nCOPY . .\nRUN npm ci --omit=dev\n",
            "FROM node:22\nCOPY . .\nRUN yarn install\n",
            "FROM node:22\nCOPY . .\nRUN npm ci\n",
        ]);
        assert_eq!(taken, [vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 3], vec![0, 1, 2]]);
        assert_eq!(rows[0].instruction, "FROM docker.io/library/node:22");
        assert_eq!(rows[0].formerly, ["FROM docker.io/library/node:20"]);
        assert_eq!(rows[2].formerly, ["RUN npm ci --omit=dev"], "what was there before comes back");
    }

    #[test]
    fn stages_are_apart_and_may_be_renamed() {
        let (taken, rows) = rows_of(&[
            "FROM a AS one\nRUN x\nFROM b AS two\nCOPY --from=one /x /\nRUN x\n",
            "FROM a AS build\nRUN x\nFROM b AS two\nCOPY --from=build /x /\nRUN x\n",
        ]);
        assert_eq!(taken[0], taken[1]);
        assert_eq!((rows[0].stage.as_str(), rows[2].stage.as_str()), ("build", "two"));
    }

    #[test]
    fn two_equal_texts_are_two_steps() {
        let (taken, _) = rows_of(&["FROM a\nRUN x\nRUN y\nRUN x\n", "FROM a\nRUN x\nRUN x\n"]);
        assert_eq!(taken, [vec![0, 1, 2, 3], vec![0, 1, 3]]);
    }
}
