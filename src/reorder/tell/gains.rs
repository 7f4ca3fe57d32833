//! What is saved, told once: a rewrite and the moves that it makes room for gain only together.

use super::{Move, MoveKind};

/// Gives what a rewrite saves to the moves of what it wrote, which would each claim it as well, and holds the sum of
/// all moves to what is saved in all.
pub(super) fn tell_once(moves: &mut [Move], total: f64) {
    let mut lines: Vec<usize> = moves.iter().filter(|made| is_rewrite(made)).filter_map(first_line).collect();
    lines.sort_unstable();
    lines.dedup();
    for line in lines {
        let is_there = |made: &&mut Move| made.before.iter().any(|lines| lines.contains(&line));
        let sum = |moves: &mut [Move], rewrites: bool| -> f64 {
            let own = moves.iter_mut().filter(is_there).filter(|made| is_rewrite(made) == rewrites);
            own.map(|made| made.saves).sum()
        };
        let (of_rewrites, of_moves) = (sum(moves, true), sum(moves, false));
        if of_rewrites <= 0.0 || of_moves <= 0.0 {
            continue;
        }
        for made in moves.iter_mut().filter(is_there) {
            made.saves *= if is_rewrite(made) { 0.0 } else { (of_rewrites / of_moves).max(1.0) };
        }
    }
    let sum: f64 = moves.iter().map(|made| made.saves).sum();
    if sum > total {
        for made in moves {
            made.saves *= total.max(0.0) / sum;
        }
    }
}

fn is_rewrite(made: &Move) -> bool {
    matches!(made.kind, MoveKind::SplitRun | MoveKind::FetchFirst)
}

fn first_line(made: &Move) -> Option<usize> {
    made.before.first().map(|lines| lines.start)
}
