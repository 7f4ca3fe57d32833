//! Messages in, state and effects out.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::*;
use crate::context::Tree;
use crate::tui::keys;
use crate::tui::workbench::Setting;

const LEFT: &str = "FROM x\nCOPY . .\nRUN npm install\n";
const RIGHT: &str = "FROM x\nCOPY package.json .\nRUN npm install\nCOPY . .\n";

fn bench() -> Workbench {
    let tree = Tree::from_pairs([("package.json", "{}"), ("src/a.js", "1"), ("src/b.js", "1"), ("z", "1")]);
    let mut bench = Workbench::new(Setting::default(), "Dockerfile", LEFT, tree);
    bench.set_right("reordered", "right", RIGHT, true);
    bench.predict();
    bench
}

fn told(app: &mut App, snapshot: Snapshot) -> Vec<Effect> {
    app.update(Message::Told(Told::Snapshot(Box::new(snapshot))))
}

fn app() -> App {
    let mut app = App::new(Theme::default(), (120, 40));
    told(&mut app, Snapshot::of(&bench()));
    app
}

fn press(app: &mut App, key: KeyCode) -> Vec<Effect> {
    let effects = app.update(Message::Key(KeyEvent::new(key, KeyModifiers::NONE)));
    effects.into_iter().filter(|e| !matches!(e, Effect::Ask(Request::Impacts(..)))).collect()
}

fn typed(app: &mut App, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| press(app, KeyCode::Char(c))).collect()
}

#[test]
fn what_a_file_would_break_is_asked_once_for_each_prediction() {
    let mut app = App::new(Theme::default(), (120, 40));
    let first = told(&mut app, Snapshot::of(&bench()));
    let paths = ["src/a.js", "src/b.js", "package.json", "z"].map(String::from).to_vec();
    assert_eq!(first, [Effect::Ask(Request::Impacts(2, paths.clone()))]);
    assert_eq!(app.update(Message::Tick), [], "it was asked");
    let impacts = paths.into_iter().map(|p| (p, Impact::default(), None)).collect();
    assert_eq!(app.update(Message::Told(Told::Impacts(2, impacts))), [], "it is known");
    let mut next = Snapshot::of(&bench());
    next.generation = 3;
    assert!(matches!(told(&mut app, next)[..], [Effect::Ask(Request::Impacts(3, _))]));
}

#[test]
fn e_pretends_the_marked_files_or_the_selected_one_or_all_below_a_directory() {
    let mut app = app();
    let pretend = |paths: &[&str]| {
        vec![Effect::Ask(Request::Pretend(paths.iter().map(|p| (*p).to_string()).collect()))]
    };
    typed(&mut app, "4");
    assert_eq!(app.files.selected_path(), Some("src"));
    assert_eq!(typed(&mut app, "e"), pretend(&["src/a.js", "src/b.js"]));
    typed(&mut app, "j");
    assert_eq!(typed(&mut app, "e"), pretend(&["src/a.js"]));
    typed(&mut app, " jj ");
    assert_eq!(app.files.marked.len(), 2);
    assert_eq!(typed(&mut app, "e"), pretend(&["src/a.js", "z"]), "Space goes on to the next line");
    assert!(app.files.marked.is_empty());
}

#[test]
fn undo_and_build_are_asked_for_and_undo_only_where_there_is_something() {
    let mut app = app();
    assert_eq!(typed(&mut app, "u"), []);
    assert!(app.note.as_deref().is_some_and(|n| n.contains("nothing to undo")));
    let mut snapshot = Snapshot::of(&bench());
    snapshot.can_undo = true;
    told(&mut app, snapshot);
    assert_eq!(typed(&mut app, "u"), [Effect::Ask(Request::Undo)]);
    assert_eq!(typed(&mut app, "b"), [Effect::Ask(Request::Build)]);
}

#[test]
fn escape_closes_one_thing_after_the_other_and_never_quits() {
    let mut app = app();
    typed(&mut app, "P/src");
    press(&mut app, KeyCode::Enter);
    typed(&mut app, "?");
    assert_eq!(app.overlay, Overlay::Help);
    let mut effects = press(&mut app, KeyCode::Esc);
    assert_eq!((&app.overlay, app.files.filter.as_str()), (&Overlay::None, "src"));
    effects.extend(press(&mut app, KeyCode::Esc));
    assert_eq!((app.files.filter.as_str(), app.typing), ("", false));
    for _ in 0..5 {
        effects.extend(press(&mut app, KeyCode::Esc));
    }
    assert_eq!(effects, []);
    assert_eq!(typed(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn while_the_filter_is_typed_letters_are_letters_but_ctrl_c_quits() {
    let mut app = app();
    typed(&mut app, "/qeb");
    assert_eq!(app.files.filter, "qeb");
    press(&mut app, KeyCode::Backspace);
    app.update(Message::Paste("x\n\x1b[m".into()));
    assert_eq!(app.files.filter, "qex[m");
    let quit = app.update(Message::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    assert_eq!(quit, [Effect::Quit]);
}

#[test]
fn tab_and_numbers_go_round_the_panes_and_leave_out_a_side_that_is_not_there() {
    let mut app = app();
    let mut seen = vec![app.focus];
    for _ in 0..4 {
        press(&mut app, KeyCode::Tab);
        seen.push(app.focus);
    }
    assert_eq!(seen, [Focus::Left, Focus::Right, Focus::Why, Focus::Files, Focus::Left]);
    let mut alone = bench();
    alone.set_no_right("nothing better");
    alone.predict();
    typed(&mut app, "2");
    told(&mut app, Snapshot::of(&alone));
    assert_eq!(app.focus, Focus::Left, "the right side went");
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.focus, Focus::Why);
    press(&mut app, KeyCode::BackTab);
    assert_eq!(app.focus, Focus::Left);
}

#[test]
fn after_an_edit_the_cursor_is_on_the_first_step_with_a_reason_of_its_own() {
    let mut app = app();
    typed(&mut app, "G");
    assert_ne!(app.selected, 1);
    let mut bench = bench();
    bench.pretend(&["z".into()]);
    let effects = told(&mut app, Snapshot::of(&bench));
    assert_eq!(app.selected, 1, "COPY . .");
    assert!(effects.iter().any(|e| matches!(e, Effect::Tick(_))), "what changed stands out");
    assert!(app.flashing);
    app.update(Message::Tick);
    assert!(!app.flashing);
}

#[test]
fn what_was_saved_is_in_sight_unless_somebody_looks_around_among_the_files() {
    let mut bench = bench();
    let mut app = app();
    let save = |bench: &mut Workbench, path: &str| {
        let mut tree = bench.tree().clone();
        tree.insert(path, crate::context::Entry::file(0o600, path.as_bytes()));
        bench.set_tree(tree, &[path.to_string()]);
        bench.edited(&[path.to_string()], false);
        Snapshot::of(bench)
    };
    let snapshot = save(&mut bench, "src/b.js");
    told(&mut app, snapshot);
    assert_eq!(app.files.selected_path(), Some("src/b.js"));
    typed(&mut app, "4");
    let snapshot = save(&mut bench, "z");
    told(&mut app, snapshot);
    assert_eq!(app.files.selected_path(), Some("src/b.js"));
}

#[test]
fn a_move_that_is_off_stays_in_the_list_to_be_switched_on() {
    let row = |id: &str| MoveRow {
        id: id.into(),
        name: id.into(),
        why_safe: String::new(),
        saves: 1.0,
        before: Vec::new(),
        after: Vec::new(),
        on: true,
    };
    let with = |ids: &[&str]| {
        let rows = ids.iter().map(|id| row(id)).collect();
        Snapshot { moves: Some(Arc::new(Moves { rows, ..Moves::default() })), ..Snapshot::of(&bench()) }
    };
    let mut app = app();
    told(&mut app, with(&["a", "b"]));
    typed(&mut app, "m");
    let off = BTreeSet::from(["a".to_string()]);
    assert_eq!(typed(&mut app, " "), [Effect::Ask(Request::Skip(off))]);
    told(&mut app, with(&["b"]));
    let known: Vec<(&str, bool)> = app.known_moves.iter().map(|m| (m.id.as_str(), m.on)).collect();
    assert_eq!(known, [("a", false), ("b", true)]);
    assert_eq!(typed(&mut app, " "), [Effect::Ask(Request::Skip(BTreeSet::new()))]);
    told(&mut app, with(&["c"]));
    assert_eq!(app.known_moves.len(), 1, "of another Dockerfile");
}

#[test]
fn w_writes_only_after_yes() {
    let mut app = app();
    typed(&mut app, "w");
    assert_eq!(app.overlay, Overlay::None, "the right side is no reordering here");
    let mut snapshot = Snapshot::of(&bench());
    snapshot.moves = Some(Arc::default());
    snapshot.right_text = None;
    told(&mut app, snapshot.clone());
    typed(&mut app, "w");
    assert!(app.note.as_deref().is_some_and(|n| n.contains("no other order")), "{:?}", app.note);
    snapshot.right_text = Some(RIGHT.into());
    told(&mut app, snapshot);
    assert_eq!(typed(&mut app, "w"), []);
    assert_eq!(app.overlay, Overlay::Write);
    assert_eq!(typed(&mut app, "e"), [], "nothing else can be pressed");
    assert_eq!(
        typed(&mut app, "y"),
        [Effect::Ask(Request::Write { before: LEFT.into(), text: RIGHT.into() })]
    );
    assert_eq!(app.overlay, Overlay::None);
}

#[test]
fn y_copies_the_side_that_has_the_keys() {
    let mut app = app();
    assert_eq!(typed(&mut app, "1y"), [Effect::Copy(LEFT.into())]);
    assert_eq!(typed(&mut app, "2y"), [Effect::Copy(RIGHT.into())]);
}

#[test]
fn every_action_has_a_key_that_reaches_it_and_no_key_is_taken_twice() {
    use super::actions::{KEYS, Scope};
    for scope in [Scope::Steps, Scope::Files, Scope::Typing, Scope::Moves, Scope::Writing, Scope::Reading] {
        let mut met = Vec::new();
        for binding in KEYS.iter().filter(|b| b.scopes.contains(&scope)) {
            let reached = binding.keys.iter().filter(|k| !met.contains(*k)).count();
            assert!(reached > 0, "{scope:?}: {} is hidden", binding.help);
            assert_eq!(reached, binding.keys.len(), "{scope:?}: {}", binding.shown());
            met.extend(binding.keys);
        }
        assert!(!keys::help(KEYS, &scope).is_empty());
    }
}

#[test]
fn the_mouse_selects_and_opens() {
    use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut app = app();
    let click = |app: &mut App, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        app.update(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    };
    let panes = crate::tui::view::layout::panes(&app);
    let left = panes.left.expect("it is shown");
    click(&mut app, left.x + 5, left.y + 3);
    assert_eq!((app.focus, app.selected), (Focus::Left, 2));
    let files = panes.files.expect("they are shown");
    click(&mut app, files.x + 5, files.y + 2);
    assert_eq!((app.focus, app.files.selected), (Focus::Files, 1));
    click(&mut app, files.x + 5, files.y + 1);
    assert_eq!(app.files.selected, 0);
    let rows = app.files.rows.len();
    click(&mut app, files.x + 5, files.y + 1);
    assert_eq!(app.files.rows.len(), rows - 2, "the directory is closed");
    typed(&mut app, "/src");
    press(&mut app, KeyCode::Enter);
    click(&mut app, files.x + 5, files.y + 3);
    assert_eq!(app.files.selected, 1, "the filter stands above the files");
    click(&mut app, files.x + 5, files.y + 1);
    assert_eq!(app.files.selected, 1, "the filter is no file");
    press(&mut app, KeyCode::Esc);
    typed(&mut app, "1P");
    let left = crate::tui::view::layout::panes(&app).left.expect("it is shown");
    click(&mut app, left.x + 5, left.y + 3);
    assert_eq!(app.selected, 1, "lines are spaced out where there is room");
    app.update(Message::Resize(120, 16));
    let left = crate::tui::view::layout::panes(&app).left.expect("it is shown");
    let side = &app.shown().expect("told").left;
    assert!(!crate::tui::view::layout::spaced(&app, left, side), "there is no room for that");
    click(&mut app, left.x + 5, left.y + 3);
    assert_eq!(app.selected, 2);
}

#[test]
fn what_was_written_is_told_until_the_next_key() {
    let mut app = app();
    let note = |app: &mut App, note: &str| app.update(Message::Told(Told::Note(note.into())));
    let mut bench = bench();
    let mut saved = |path: &str| {
        bench.edited(&[path.to_string()], false);
        Snapshot::of(&bench)
    };
    note(&mut app, "Dockerfile is written");
    told(&mut app, saved("Dockerfile"));
    assert_eq!(app.note.as_deref(), Some("Dockerfile is written"), "its own edit is seen after it");
    typed(&mut app, "j");
    assert_eq!(app.note, None);
    typed(&mut app, "t");
    assert!(app.note.is_some());
    told(&mut app, saved("src/a.js"));
    assert_eq!(app.note, None, "what a key said gives way to what was saved");
}
