//! Which lines of two Dockerfiles stand beside each other, and what became of those that do not.

use super::model::{Line, Mark, Sign};

/// Puts gaps into both sides so that equal lines stand beside each other, and signs on what was added, moved or
/// dropped. Among the ways to do so it keeps the dearest lines together: an install that stays is what the eye
/// should hold on to.
pub fn align(left: &mut Vec<Line>, right: &mut Vec<Line>) {
    let pairs = pairs(left, right);
    sign(left, right, &pairs);
    let (mut a, mut b) = (std::mem::take(left).into_iter(), std::mem::take(right).into_iter());
    let (mut at_a, mut at_b) = (0, 0);
    let total = (a.len(), b.len());
    for (x, y) in pairs.into_iter().chain([total]) {
        // What lies between two pairs is put beside each other as far as it goes.
        let (between_a, between_b) = (x - at_a, y - at_b);
        for n in 0..between_a.max(between_b) {
            left.push(if n < between_a { a.next().unwrap_or(Line::Gap) } else { Line::Gap });
            right.push(if n < between_b { b.next().unwrap_or(Line::Gap) } else { Line::Gap });
        }
        if let (Some(a), Some(b)) = (a.next(), b.next()) {
            left.push(a);
            right.push(b);
        }
        (at_a, at_b) = (x + 1, y + 1);
    }
}

/// The longest common subsequence, by weight.
fn pairs(left: &[Line], right: &[Line]) -> Vec<(usize, usize)> {
    let (n, m) = (left.len(), right.len());
    let mut best = vec![vec![0_u32; m + 1]; n + 1];
    for x in (0..n).rev() {
        for y in (0..m).rev() {
            let skip = best[x + 1][y].max(best[x][y + 1]);
            let take = if same(&left[x], &right[y]) { best[x + 1][y + 1] + weight(&left[x]) } else { 0 };
            best[x][y] = skip.max(take);
        }
    }
    let (mut x, mut y, mut pairs) = (0, 0, Vec::new());
    while x < n && y < m {
        if same(&left[x], &right[y]) && best[x][y] == best[x + 1][y + 1] + weight(&left[x]) {
            pairs.push((x, y));
            x += 1;
            y += 1;
        } else if best[x + 1][y] >= best[x][y + 1] {
            x += 1;
        } else {
            y += 1;
        }
    }
    pairs
}

fn same(a: &Line, b: &Line) -> bool {
    match (a, b) {
        (Line::Heading(a), Line::Heading(b)) => a.name == b.name,
        (Line::Row(a), Line::Row(b)) => a.text == b.text,
        _ => false,
    }
}

fn weight(line: &Line) -> u32 {
    match line {
        Line::Heading(_) => 10_000,
        Line::Row(row) if row.mark == Mark::None => 5,
        Line::Row(row) => {
            let seconds = row.cost.map_or(0.0, |c| c.seconds.value.clamp(0.0, 500.0));
            10 + (seconds * 2.0) as u32
        }
        Line::Gap => 0,
    }
}

fn sign(left: &mut [Line], right: &mut [Line], pairs: &[(usize, usize)]) {
    let texts = |lines: &[Line]| -> Vec<String> {
        lines
            .iter()
            .filter_map(|line| match line {
                Line::Row(row) => Some(row.text.clone()),
                _ => None,
            })
            .collect()
    };
    let (on_left, on_right) = (texts(left), texts(right));
    for (at, line) in left.iter_mut().enumerate() {
        if let Line::Row(row) = line
            && !pairs.iter().any(|(x, _)| *x == at)
            && !on_right.contains(&row.text)
        {
            row.sign = Sign::Dropped;
        }
    }
    for (at, line) in right.iter_mut().enumerate() {
        if let Line::Row(row) = line
            && !pairs.iter().any(|(_, y)| *y == at)
        {
            row.sign = if on_left.contains(&row.text) { Sign::Moved } else { Sign::Added };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Basis, Figure, StepCost};
    use crate::tui::model::{Row, Why};

    fn row(text: &str, seconds: f64) -> Line {
        let figure = |value| Figure { value, basis: Basis::Estimated };
        Line::Row(Box::new(Row {
            text: text.into(),
            number: Some(1),
            line: 1,
            sign: Sign::Same,
            mark: Mark::Cached { certain: true },
            root: false,
            cost: Some(StepCost { seconds: figure(seconds), bytes: figure(0.0) }),
            share: 0.0,
            fresh: false,
            dimmed: false,
            why: Why::default(),
        }))
    }

    fn shown(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Row(row) => format!("{:?} {}", row.sign, row.text),
                Line::Gap => "gap".into(),
                Line::Heading(heading) => heading.name.clone(),
            })
            .collect()
    }

    #[test]
    fn the_install_stays_beside_itself() {
        let mut left = vec![row("FROM node", 5.0), row("COPY . .", 0.2), row("RUN npm install", 38.0)];
        left.extend([row("COPY package.json .", 0.1), row("CMD x", 0.0)]);
        let mut right =
            vec![row("FROM node", 5.0), row("COPY package.json ./", 0.1), row("RUN npm install", 38.0)];
        right.extend([row("COPY . .", 0.2), row("CMD x", 0.0)]);
        align(&mut left, &mut right);
        assert_eq!(
            shown(&left),
            [
                "Same FROM node",
                "Same COPY . .",
                "Same RUN npm install",
                "Dropped COPY package.json .",
                "Same CMD x"
            ]
        );
        assert_eq!(
            shown(&right),
            [
                "Same FROM node",
                "Added COPY package.json ./",
                "Same RUN npm install",
                "Moved COPY . .",
                "Same CMD x"
            ]
        );
    }

    #[test]
    fn both_sides_end_up_as_long() {
        let mut left = vec![row("a", 1.0), row("b", 1.0)];
        let mut right = vec![row("a", 1.0), row("x", 1.0), row("y", 1.0), row("b", 1.0), row("z", 1.0)];
        align(&mut left, &mut right);
        assert_eq!(shown(&left), ["Same a", "gap", "gap", "Same b", "gap"]);
        assert_eq!(left.len(), right.len());
    }
}
