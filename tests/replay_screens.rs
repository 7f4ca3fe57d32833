//! Golden screens of the replay. After a wanted change: `INSTA_UPDATE=always cargo test --test replay_screens`, then
//! read the diff.

use insta::assert_snapshot;
use layerlab::cost::{Basis, Figure};
use layerlab::history::replay::{Build, Mark, Row, SideWalk, Version, VersionStep, Why};
use layerlab::tui::replay::{Action, Outcome, Shown, ShownCommit, ShownSide, View, draw};
use layerlab::tui::theme::{Theme, ThemeName};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

const PATHS: [&str; 3] = ["src/app.js", "package.json", "README.md"];

/// A side of four steps: which of `PATHS` each of its COPYs takes in.
fn side(title: &str, steps: [(&str, f64); 4], takes: [&[u32]; 4], commits: &[u32]) -> ShownSide {
    let row = |text: &str| Row { stage: "stage 0".into(), instruction: text.into(), formerly: Vec::new() };
    let step = |(at, (text, seconds)): (usize, &(&str, f64))| VersionStep {
        row: at,
        label: format!("[{}/4] {text}", at + 1),
        line: at + 1,
        seconds: Figure { value: *seconds, basis: Basis::Estimated },
    };
    let builds = commits.iter().map(|&changed| {
        let mut build = Build { version: Some(0), ..Build::default() };
        let mut before: Option<usize> = None;
        for (at, takes) in takes.iter().enumerate() {
            let own = takes.contains(&changed).then(|| Why::Files { p: vec![changed], n: 1 });
            let pulled = before.map(|by| Why::Pulled { by });
            let reasons: Vec<Why> = own.clone().into_iter().chain(pulled).collect();
            build.marks.push(match (&own, reasons.is_empty()) {
                (Some(_), _) => Mark::Root,
                (None, false) => Mark::Pulled,
                (None, true) => Mark::Cached,
            });
            if !reasons.is_empty() {
                build.reasons.push((at, reasons));
                before = Some(at);
            }
        }
        build
    });
    let walk = SideWalk {
        versions: vec![Version {
            text: String::new(),
            steps: steps.iter().enumerate().map(step).collect(),
            error: None,
        }],
        rows: steps.iter().map(|(text, _)| row(text)).collect(),
        builds: builds.collect(),
        paths: PATHS.map(str::to_owned).to_vec(),
        planned: commits.len(),
    };
    ShownSide { title: title.into(), walk }
}

fn shown(commits: usize) -> Shown {
    // One in three a source, one in seven a manifest, else documents.
    let changed: Vec<u32> = (0..commits as u32)
        .map(|n| {
            if n % 7 == 0 {
                1
            } else if n % 3 == 0 {
                0
            } else {
                2
            }
        })
        .collect();
    let left = [("FROM node:20", 0.0), ("COPY . .", 0.4), ("RUN npm ci", 38.0), ("RUN npm run build", 12.0)];
    let right =
        [("FROM node:20", 0.0), ("COPY package.json ./", 0.1), ("RUN npm ci", 38.0), ("COPY . .", 0.4)];
    Shown {
        dockerfile: "Dockerfile".into(),
        commits: (0..commits)
            .map(|n| ShownCommit {
                id: format!("{n:010x}"),
                date: "2026-01-31".into(),
                subject: format!("Commit number {n}"),
            })
            .collect(),
        sides: vec![
            side("as it was", left, [&[], &[0, 1, 2], &[], &[]], &changed),
            side("reordered", right, [&[], &[1], &[], &[0, 1]], &changed),
        ],
    }
}

fn text(view: &mut View, (columns, rows): (u16, u16)) -> String {
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    draw(&mut buffer, area, view);
    let line = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..rows).map(|y| line(y).trim_end().to_owned() + "\n").collect()
}

fn press(view: &mut View, code: KeyCode) -> Outcome {
    view.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn the_strips_at_several_sizes() {
    for size in [(80, 24), (120, 40), (50, 12)] {
        let mut view = View::new(shown(30), Theme::default());
        assert_snapshot!(format!("strips_{}x{}", size.0, size.1), text(&mut view, size));
    }
}

#[test]
fn a_long_history_keeps_the_commit_in_view() {
    let mut view = View::new(shown(300), Theme::default());
    let first = text(&mut view, (80, 24));
    assert!(first.contains("commit 300 of 300"), "{first}");
    for _ in 0..5 {
        assert_eq!(press(&mut view, KeyCode::PageUp), Outcome::Draw);
    }
    assert_snapshot!("long", text(&mut view, (80, 24)));
}

#[test]
fn enter_opens_the_commit_and_escape_closes_it() {
    let mut view = View::new(shown(22), Theme::default());
    assert_eq!(press(&mut view, KeyCode::Enter), Outcome::Draw);
    assert_snapshot!("open", text(&mut view, (80, 24)));
    for _ in 0..50 {
        assert_eq!(press(&mut view, KeyCode::Down), Outcome::Draw);
    }
    assert!(text(&mut view, (80, 12)).contains("npm ci"), "scrolled to the end and no further");
    assert_eq!(press(&mut view, KeyCode::Esc), Outcome::Draw);
    assert!(!text(&mut view, (80, 24)).contains("this commit's builds"));
    assert_eq!(press(&mut view, KeyCode::Esc), Outcome::Quit);
}

#[test]
fn space_plays_to_the_end_and_stops() {
    let mut view = View::new(shown(5), Theme::default());
    assert_eq!(view.update(Action::Play), Outcome::Draw);
    for at in 1..=5 {
        assert!(view.is_playing());
        assert!(text(&mut view, (80, 24)).contains(&format!("playing, commit {at} of 5")));
        view.tick();
    }
    assert!(!view.is_playing());
    assert_eq!(view.update(Action::Play), Outcome::Draw);
    assert_eq!(press(&mut view, KeyCode::Left), Outcome::Draw);
    assert!(!view.is_playing(), "an arrow takes over");
}

#[test]
fn n_goes_to_expensive_commits_alone() {
    let mut view = View::new(shown(30), Theme::default());
    let mut seen = Vec::new();
    for _ in 0..6 {
        assert_eq!(view.update(Action::NextExpensive), Outcome::Draw);
        let text = text(&mut view, (80, 24));
        seen.push(text.lines().next().unwrap_or_default().trim().to_owned());
        assert!(text.contains("3 of 4 steps rerun, 50 s"), "{text}");
    }
    assert!(seen.windows(2).all(|two| two[0] != two[1]), "{seen:?}");
}

#[test]
fn question_mark_tells_the_keys_and_ascii_is_ascii() {
    let mut view = View::new(shown(30), Theme::new(ThemeName::Mono, true));
    assert!(text(&mut view, (80, 24)).is_ascii());
    assert_eq!(press(&mut view, KeyCode::Char('?')), Outcome::Draw);
    let help = text(&mut view, (80, 24));
    assert!(help.is_ascii());
    assert_snapshot!("help", help);
}

#[test]
fn nothing_to_show_and_no_room_are_told() {
    let mut view =
        View::new(Shown { dockerfile: "D".into(), commits: Vec::new(), sides: Vec::new() }, Theme::default());
    assert!(text(&mut view, (80, 24)).contains("no commits"));
    let mut view = View::new(shown(3), Theme::default());
    assert!(text(&mut view, (30, 5)).contains("too small"));
    // No size and no key may end in a panic.
    for columns in [1, 40, 50, 51, 60, 200] {
        for rows in [1, 11, 12, 13, 30] {
            for code in [KeyCode::Enter, KeyCode::Left, KeyCode::Down, KeyCode::Char('?'), KeyCode::Char('n')]
            {
                let _ = press(&mut view, code);
                text(&mut view, (columns, rows));
            }
        }
    }
}

#[test]
fn no_key_is_told_in_part_and_what_is_below_is_counted() {
    let mut view = View::new(shown(40), Theme::default());
    assert_eq!(view.update(Action::Help), Outcome::Draw);
    let told = text(&mut view, (80, 24));
    assert!(told.contains("goes to the next of the tenth that costs most "), "{told}");
    assert_eq!(view.update(Action::Close), Outcome::Draw);
    let strips = text(&mut view, (60, 13));
    assert!(strips.contains("more below"), "{strips}");
}
