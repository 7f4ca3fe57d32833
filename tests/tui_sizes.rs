//! No size and no sequence of keys makes the screen panic, and nothing is drawn outside of it.

mod tui_support;

use layerlab::context::Tree;
use layerlab::tui::app::Message;
use layerlab::tui::theme::{Theme, ThemeName};
use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use tui_support::{LEFT, RIGHT, STAGES, Screen, service, shop, trap};

/// Keys that the table knows, and a few that it does not.
const KEYS: &str = "eubmwzpnN/?yPStihjklgG1234 qvx";

fn key() -> impl Strategy<Value = KeyCode> {
    let others = [
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
    ];
    let chars: Vec<KeyCode> = KEYS.chars().map(KeyCode::Char).collect();
    prop::sample::select(chars.into_iter().chain(others).collect::<Vec<_>>())
}

#[derive(Debug, Clone)]
enum Act {
    Key(KeyCode),
    Click(u16, u16),
    Scroll(u16, u16, bool),
    Resize(u16, u16),
    Save(usize),
    Break,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => key().prop_map(Act::Key),
        2 => (0..250_u16, 0..70_u16).prop_map(|(x, y)| Act::Click(x, y)),
        1 => (0..250_u16, 0..70_u16, any::<bool>()).prop_map(|(x, y, down)| Act::Scroll(x, y, down)),
        2 => (1..=250_u16, 1..=70_u16).prop_map(|(x, y)| Act::Resize(x, y)),
        1 => (0..3_usize).prop_map(Act::Save),
        1 => Just(Act::Break),
    ]
}

fn project(which: usize, size: (u16, u16), ascii: bool) -> Screen {
    let theme = Theme::new(ThemeName::Auto, ascii);
    match which {
        0 => Screen::new(LEFT, Some(RIGHT), shop(), size, theme).adorned(trap),
        1 => Screen::new(STAGES, Some(STAGES), service(), size, theme),
        2 => Screen::new("FROM scratch\n", None, Tree::default(), size, theme),
        _ => Screen::new("this is none", None, shop(), size, theme),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_keys_at_any_size(
        which in 0..4_usize,
        ascii in any::<bool>(),
        width in 1..=250_u16,
        height in 1..=70_u16,
        acts in prop::collection::vec(act(), 0..24),
    ) {
        let mut screen = project(which, (width, height), ascii);
        screen.buffer();
        for act in acts {
            let mouse = |kind, column, row| {
                Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
            };
            match act {
                Act::Key(code) => {
                    screen.message(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
                }
                Act::Click(x, y) => screen.message(mouse(MouseEventKind::Down(MouseButton::Left), x, y)),
                Act::Scroll(x, y, true) => screen.message(mouse(MouseEventKind::ScrollDown, x, y)),
                Act::Scroll(x, y, false) => screen.message(mouse(MouseEventKind::ScrollUp, x, y)),
                Act::Resize(x, y) => screen.message(Message::Resize(x, y)),
                Act::Save(n) => {
                    screen.save(["src/app.js", "go.mod", "new/file"][n]);
                }
                Act::Break => {
                    screen.bench.set_left("FROM x\nCOPY <<E");
                    screen.bench.predict();
                    screen.tell();
                }
            }
            screen.buffer();
            if let Some(at) = layerlab::tui::view::cursor(&screen.app) {
                prop_assert!(at.x < screen.app.size.0 && at.y < screen.app.size.1, "{at}");
            }
        }
    }
}

#[test]
fn every_size_draws() {
    let mut screens: Vec<Screen> = (0..4).map(|which| project(which, (80, 24), false)).collect();
    for screen in &mut screens {
        screen.keys("e");
    }
    for width in (1..=250).step_by(7).chain(58..=62).chain(98..=102) {
        for height in (1..=70).step_by(3).chain(14..=24) {
            for screen in &mut screens {
                screen.message(Message::Resize(width, height));
                screen.buffer();
            }
        }
    }
}
