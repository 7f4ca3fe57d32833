//! The lessons' screens as golden files, and what keys make of them.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::app::{App, Effect, Files};
use super::present::Show;
use super::{present_view, view};
use crate::lesson::{Course, Progress};
use crate::tui::theme::{Theme, ThemeName};

fn theme() -> Theme {
    Theme::new(ThemeName::Auto, false)
}

fn app() -> App {
    App::new(Course::open(None).expect("embedded").lessons, Progress::default(), theme())
}

fn press(app: &mut App, codes: &[KeyCode]) -> Vec<Effect> {
    codes.iter().flat_map(|c| app.key(KeyEvent::new(*c, KeyModifiers::NONE))).collect()
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_string();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn shown(app: &mut App, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw(&mut buffer, app);
    text(&buffer)
}

use KeyCode::{Char, Down, Enter, Esc};

/// Opens lesson 02 at a step, by going there.
fn order(step: usize) -> App {
    let mut app = app();
    press(&mut app, &[Down, Enter]);
    for _ in 1..step {
        // Predictions are answered with nothing marked; texts are read.
        let effects = press(&mut app, &[Enter]);
        assert!(!effects.is_empty());
        if app.scope() == super::keys::Scope::Revealed {
            press(&mut app, &[Enter]);
        }
    }
    app
}

fn with_files(app: &mut App, dockerfile: Option<&str>) {
    let (lesson, step) = app.at().map(|(l, s)| (l.clone(), s)).expect("a step");
    let mut project = lesson.start(step);
    if let Some(text) = dockerfile {
        project.insert("Dockerfile", crate::lesson::project::ProjectFile::text(text));
    }
    app.files(Files { project, folder: "/home/ada/learn/02-order".into() });
}

#[test]
fn the_list_of_lessons() {
    insta::assert_snapshot!(shown(&mut app(), 80, 24));
}

#[test]
fn nothing_is_told_in_part_on_a_small_terminal() {
    let mut keys = order(2);
    press(&mut keys, &[Char('?')]);
    let text = shown(&mut keys, 80, 24);
    let words: String = text.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for end in ["(so do the numbers 1 to 9)", "(letters and numbers choose)"] {
        assert!(words.contains(end), "{end}\n{text}");
    }
    let mut list = app();
    let id = list.lessons[1].id.clone();
    let mine = list.progress.lesson(&id);
    mine.finished = true;
    mine.skipped.insert("one".into());
    for (columns, rows) in [(80, 24), (60, 16), (120, 40)] {
        let text = shown(&mut list, columns, rows);
        assert!(text.contains("done, with gaps"), "{columns}\n{text}");
    }
    let mut goals = order(6);
    with_files(&mut goals, None);
    let text = shown(&mut goals, 80, 24);
    assert!(text.contains("5 goals hold") && text.contains(" 2 more below "), "{text}");
    let text = shown(&mut goals, 60, 16);
    assert!(text.contains("Enter go on") && text.contains("? help  q quit"), "{text}");
    press(&mut goals, &[Char('?')]);
    let text = shown(&mut goals, 60, 16);
    assert!(text.contains(" more below "), "{text}");
}

#[test]
fn a_text_beside_the_dockerfile() {
    insta::assert_snapshot!(shown(&mut order(1), 120, 30));
}

#[test]
fn a_prediction_is_marked_before_the_reveal() {
    let mut app = order(2);
    press(&mut app, &[Down, Down, Char(' ')]);
    let before = shown(&mut app, 80, 24);
    assert!(!before.contains('✗') && !before.contains('✓'), "nothing is given away:\n{before}");
    insta::assert_snapshot!(before);
    press(&mut app, &[Enter]);
    insta::assert_snapshot!("revealed", shown(&mut app, 80, 24));
    let answer = &app.progress.lessons["02-order"].answers["app"];
    assert_eq!((answer.right, answer.score), (false, (3, 4)));
}

#[test]
fn the_first_answer_is_the_one_that_counts() {
    let mut app = order(2);
    press(&mut app, &[Enter, KeyCode::Left, Enter, Char('3'), Char('4'), Enter]);
    let answer = &app.progress.lessons["02-order"].answers["app"];
    assert!(!answer.right, "the second try is shown but not counted");
}

#[test]
fn a_repair_ticks_off_as_files_change() {
    let mut app = order(6);
    with_files(&mut app, None);
    insta::assert_snapshot!("repair_begins", shown(&mut app, 120, 40));
    assert_eq!(app.scope(), super::keys::Scope::Work);
    press(&mut app, &[Enter]);
    assert!(app.at().is_some_and(|(_, s)| s == 5), "an unsolved step is not passed");
    with_files(
        &mut app,
        Some("FROM node:20-alpine\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nCOPY . .\n"),
    );
    insta::assert_snapshot!("repair_solved", shown(&mut app, 120, 40));
    press(&mut app, &[Enter]);
    assert!(app.progress.lessons["02-order"].finished);
    insta::assert_snapshot!("lesson_done", shown(&mut app, 80, 24));
}

#[test]
fn a_dockerfile_that_does_not_parse_is_said_so() {
    let mut app = order(6);
    with_files(&mut app, Some("FROM node:20-alpine\nRUNN npm install\n"));
    let screen = shown(&mut app, 120, 40);
    assert!(screen.contains("Dockerfile:2:1"), "{screen}");
    assert!(screen.contains("0 of 5 goals hold"), "{screen}");
}

#[test]
fn hints_come_one_by_one_and_are_remembered() {
    let mut app = order(6);
    with_files(&mut app, None);
    press(&mut app, &[Char('h')]);
    let one = shown(&mut app, 120, 40);
    assert!(one.contains("Hint 1 of 3") && !one.contains("Hint 2 of 3"), "{one}");
    press(&mut app, &[Char('h'), Char('h'), Char('h')]);
    assert_eq!(app.progress.lessons["02-order"].hints["reorder"], 3);
    assert!(press(&mut app, &[Char('a')]).is_empty(), "the solution is looked at before it is taken");
    press(&mut app, &[Char('s')]);
    assert_eq!(press(&mut app, &[Char('a')]), [Effect::Apply]);
}

#[test]
fn every_size_and_every_key_is_survived() {
    let keys = [
        Enter,
        Down,
        Char(' '),
        Char('x'),
        Char('h'),
        Char('s'),
        Char('a'),
        Char('r'),
        Char('?'),
        Char('t'),
        Char('1'),
        Char('9'),
        KeyCode::PageDown,
        KeyCode::PageUp,
        KeyCode::Tab,
        Char('S'),
        KeyCode::Left,
        Esc,
        KeyCode::Up,
        Char('f'),
        Char('b'),
        Char('e'),
    ];
    let mut app = app();
    // A fixed walk over keys, steps and sizes.
    for n in 0..600_usize {
        press(&mut app, &[keys[(n * n + 3 * n) % keys.len()]]);
        if app.at().is_some() && n % 3 == 0 {
            with_files(&mut app, None);
        }
        shown(&mut app, (n * 7 % 170) as u16 + 1, (n * 5 % 50) as u16 + 1);
    }
}

#[test]
fn nothing_hidden_in_files_reaches_the_terminal() {
    let mut app = order(6);
    with_files(&mut app, Some("FROM node:20-alpine\nRUN npm install \u{1b}[2J\u{202e}\nCOPY . .\n"));
    let screen = shown(&mut app, 160, 45);
    assert!(!screen.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{screen:?}");
}

fn slide(show: &mut Show) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    present_view::draw(&mut buffer, show);
    text(&buffer)
}

#[test]
fn a_room_votes_before_it_sees() {
    let lessons = Course::open(None).expect("embedded").lessons;
    let mut show = Show::new(&lessons[1], 1, theme());
    let press = |show: &mut Show, code| show.key(KeyEvent::new(code, KeyModifiers::NONE));
    slide(&mut show);
    press(&mut show, Char(' '));
    let vote = slide(&mut show);
    assert!(vote.contains("Hands up") && !vote.contains("REBUILDS"), "{vote}");
    press(&mut show, Down);
    press(&mut show, Char('x'));
    insta::assert_snapshot!("vote", slide(&mut show));
    press(&mut show, KeyCode::PageDown);
    insta::assert_snapshot!("wall_reveal", slide(&mut show));
    press(&mut show, KeyCode::PageUp);
    assert!(slide(&mut show).contains("The room says: 1 rebuild"), "back, and the vote is still there");
    press(&mut show, KeyCode::Backspace);
    assert_eq!(show.place().slide, "text");
    assert!(press(&mut show, Esc), "Esc leaves");
}

#[test]
fn the_notes_follow_the_wall() {
    let course = Course::open(None).expect("embedded");
    let show = Show::new(&course.lessons[1], 1, theme());
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    present_view::notes(&mut buffer, theme(), &course, Some(&show.place()));
    insta::assert_snapshot!("notes", text(&buffer));
}

#[test]
fn every_slide_of_every_lesson_fits_a_projector() {
    for lesson in Course::open(None).expect("embedded").lessons {
        let mut show = Show::new(&lesson, 0, theme());
        for _ in 0..200 {
            slide(&mut show);
            show.key(KeyEvent::new(Char(' '), KeyModifiers::NONE));
        }
        assert_eq!(show.at + 1, show.slides.len(), "{}: Space leads to the end", lesson.id);
    }
}
