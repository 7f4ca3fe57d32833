//! Golden screens. After a wanted change: `INSTA_UPDATE=always cargo test --test tui_screens`, then read the diff.

mod tui_support;

use insta::assert_snapshot;
use layerlab::context::Tree;
use layerlab::tui::svg::svg;
use layerlab::tui::theme::{Theme, ThemeName};
use ratatui::crossterm::event::KeyCode;
use tui_support::{LEFT, RIGHT, STAGES, Screen, service, shop, trap};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

fn theme() -> Theme {
    Theme::default()
}

fn at_all_sizes(name: &str, make: impl Fn((u16, u16)) -> Screen) {
    for size in SIZES {
        assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), make(size).text());
    }
}

#[test]
fn at_the_start() {
    at_all_sizes("start", |size| Screen::shop(size, theme()));
}

#[test]
fn after_a_source_was_saved() {
    at_all_sizes("saved", |size| {
        let mut screen = Screen::shop(size, theme());
        screen.save("src/app.js");
        screen
    });
}

#[test]
fn the_files_and_what_each_would_break() {
    at_all_sizes("files", |size| {
        let mut screen = Screen::shop(size, theme());
        screen.select("package.json").keys("e").select("src/basket.js").keys(" ");
        screen
    });
}

#[test]
fn in_ascii() {
    for size in [(80, 24), (120, 40)] {
        let mut screen = Screen::shop(size, Theme::new(ThemeName::Mono, true));
        screen.save("src/app.js");
        let text = screen.text();
        assert!(text.is_ascii(), "{text}");
        assert_snapshot!(format!("ascii_{}x{}", size.0, size.1), text);
    }
}

#[test]
fn without_colours_the_words_and_signs_are_the_same_and_nothing_is_coloured() {
    use ratatui::style::Color;
    for size in SIZES {
        let screens = [ThemeName::Auto, ThemeName::Mono].map(|name| {
            let mut screen = Screen::shop(size, Theme::new(name, false));
            screen.save("src/app.js");
            screen
        });
        assert_eq!(screens[0].text(), screens[1].text());
        let mono = screens[1].buffer();
        assert!(mono.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
        let coloured = screens[0].buffer();
        assert!(coloured.content.iter().any(|c| c.fg == Color::Red));
    }
}

#[test]
fn several_stages() {
    at_all_sizes("stages", |size| {
        let mut screen = Screen::new(STAGES, None, service(), size, theme());
        screen.save("cmd/app/main.go");
        screen
    });
}

#[test]
fn a_text_that_cannot_be_read() {
    at_all_sizes("problem", |size| {
        let mut screen = Screen::shop(size, theme());
        screen.save("src/app.js");
        screen.bench.set_left(&LEFT.replace("RUN npm", "RUNN npm"));
        screen.bench.predict();
        screen.tell();
        screen
    });
}

#[test]
fn a_trap_and_polling() {
    let mut screen = Screen::shop((120, 40), theme()).adorned(trap);
    assert_snapshot!("trap", screen.text());
    screen.keys("i");
    assert_snapshot!("notes", screen.text());
}

#[test]
fn the_guide() {
    for size in [(80, 24), (120, 40)] {
        let mut screen = Screen::shop(size, theme());
        screen.app = layerlab::tui::app::App::new(theme(), size).guided();
        screen.tell();
        let mut shots = vec![screen.text()];
        for _ in layerlab::tui::app::guide::EDITS {
            screen.keys("e");
            shots.push(screen.text());
            screen.keys("b");
        }
        shots.push(screen.text());
        assert_snapshot!(format!("guide_{}x{}", size.0, size.1), shots.join("\n====\n"));
    }
}

#[test]
fn what_lies_over_the_panes() {
    for size in [(80, 24), (120, 40)] {
        for (name, keys) in [("help", "?"), ("moves", "m"), ("write", "w"), ("presenter", "P")] {
            let mut screen = Screen::shop(size, theme());
            screen.save("src/app.js").keys(keys);
            assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen.text());
        }
    }
}

#[test]
fn what_the_image_weighs() {
    let mut screen = Screen::new(STAGES, None, service(), (120, 40), theme());
    let sizes = screen.bench.sizes().expect("the Dockerfile can be read");
    screen.app.snapshot.as_mut().expect("told").sizes = Some(std::sync::Arc::new(sizes));
    screen.keys("z");
    let text = screen.text();
    for wanted in ["The image weighs", "FROM alpine:3.17", "Left behind", "builder", "The same another way"] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

#[test]
fn a_past_edit_and_the_way_back() {
    let mut screen = Screen::shop((120, 40), theme());
    screen.save("src/app.js").keys("b").save("package.json").keys("pp");
    assert_snapshot!("past", screen.text());
    screen.keys("nn");
    assert_eq!(screen.app.past, None);
}

#[test]
fn a_filter() {
    let mut screen = Screen::shop((120, 40), theme());
    screen.keys("/basket").key(KeyCode::Enter);
    assert_snapshot!("filter", screen.text());
}

#[test]
fn names_that_a_terminal_would_obey_are_shown_and_not_sent() {
    let tree = Tree::from_pairs([("a\x1b[2Jb\n.js", "1"), ("package.json", "{}")]);
    let mut screen = Screen::new(LEFT, Some(RIGHT), tree, (120, 40), theme());
    screen.select("a\x1b[2Jb\n.js").keys("e");
    let all: String = screen.buffer().content.iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(all.contains("a\\x1b[2Jb\\n.js"), "{all}");
    assert!(!all.chars().any(char::is_control));
}

#[test]
fn without_utf8_every_name_is_told_in_ascii() {
    let tree = Tree::from_pairs([("grün/日本.js", "1"), ("package.json", "{}")]);
    let mut screen = Screen::new(LEFT, Some(RIGHT), tree, (120, 40), Theme::new(ThemeName::Mono, true));
    screen.select("grün/日本.js").keys("e");
    let text = screen.text();
    assert!(text.is_ascii() && text.contains("gr?n/") && text.contains(".js"), "{text}");
}

#[test]
fn before_anything_is_known_and_when_nothing_fits() {
    let app = layerlab::tui::app::App::new(theme(), (80, 24));
    let draw = |app: &layerlab::tui::app::App| {
        let mut buffer =
            ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, app.size.0, app.size.1));
        layerlab::tui::view::draw(&mut buffer, app);
        tui_support::rows(&buffer).join("\n")
    };
    assert!(draw(&app).contains("reading the context"));
    let small = Screen::shop((50, 10), theme()).text();
    assert!(small.contains("layerlab needs 60x16,") && small.contains("this is 50x10."), "{small}");
}

/// What stands below the steps, a note or a problem, takes rows that the cursor must not be in.
#[test]
fn the_selected_step_is_in_sight_whatever_stands_below() {
    use std::fmt::Write as _;
    let mut long = "FROM alpine\n".to_string();
    for n in 100..160 {
        let _ = writeln!(long, "RUN echo {n}");
    }
    for size in [(80, 24), (100, 20), (120, 40), (200, 50)] {
        for (right, breaks, keys) in [
            (None, false, "1"),
            (None, true, "1"),
            (Some(&*long), false, "1"),
            (Some(&*long), true, "2"),
            (None, false, "1P"),
            (Some(&*long), false, "1P"),
        ] {
            let mut screen = Screen::new(&long, right, shop(), size, theme());
            if breaks {
                screen.bench.set_left(&long.replace("RUN echo 159", "RUNN echo 159"));
                screen.bench.predict();
                screen.tell();
            }
            screen.keys(keys);
            for n in 100..160 {
                screen.keys("j");
                let text = screen.text();
                assert!(text.contains(&format!("RUN echo {n}")), "{n} at {size:?}, {keys:?}\n{text}");
            }
        }
    }
}

#[test]
fn how_much_is_above_is_not_written_over_what_rebuilds() {
    use std::fmt::Write as _;
    let mut long = "FROM alpine\nCOPY . .\n".to_string();
    for n in 100..160 {
        let _ = writeln!(long, "RUN echo {n}");
    }
    for (width, right) in [(60, None), (70, None), (80, None), (120, None), (120, Some(&*long))] {
        let mut screen = Screen::new(&long, right, shop(), (width, 24), theme());
        screen.save("src/app.js").keys("1G");
        let text = screen.text();
        let title = text.lines().nth(1).expect("the title");
        assert!(title.contains("61 of 62 rebuild"), "{width}\n{text}");
        assert!(width < 80 || title.contains(" above "), "{width}\n{text}");
    }
}

#[test]
fn sides_that_fit_are_not_scrolled() {
    let mut screen = Screen::shop((80, 24), theme());
    screen.keys("1G");
    assert_eq!(screen.app.offset, 0, "{}", screen.text());
}

#[test]
fn all_that_lies_over_the_panes_can_be_read() {
    // The ends of what is said, which were cut off once.
    let ends = [
        ("?", "G", "in brackets it would cost that"),
        ("z", "g", "as docker history does."),
        ("m", "G", "line 4 copies to a path below it"),
        ("m", "g", "makes them)"),
    ];
    for size in [(80, 24), (120, 40), (200, 50)] {
        for (open, go, end) in ends {
            let mut screen = Screen::shop(size, theme());
            let sizes = screen.bench.sizes().expect("the Dockerfile can be read");
            screen.app.snapshot.as_mut().expect("told").sizes = Some(std::sync::Arc::new(sizes));
            screen.keys(open).keys(go);
            let text = screen.text();
            let words: String = text.replace(['│', '╭', '╮', '╰', '╯', '─'], " ");
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(end), "{end:?} after {open} {go} at {size:?}\n{text}");
        }
    }
}

#[test]
fn what_cannot_be_seen_of_the_moves_is_scrolled_to_and_the_last_move_stays_chosen() {
    let mut screen = Screen::shop((80, 16), theme());
    screen.keys("mG");
    assert!(screen.text().contains("line 4 copies to a path below it"), "{}", screen.text());
    assert_eq!(screen.app.chosen_move(), 1);
    screen.keys(" ");
    assert_eq!(screen.app.known_moves.iter().map(|m| m.on).collect::<Vec<_>>(), [true, false]);
    screen.keys("g");
    assert!(screen.text().contains("A rebuild is expected"), "{}", screen.text());
}

/// The README's picture is a screen; it cannot go stale.
#[test]
fn the_picture_in_the_readme_is_this_screen() {
    let mut screen = Screen::shop((120, 36), theme());
    screen.save("src/app.js");
    for path in ["src/basket.js", "package.json", "README.md"] {
        screen.keys("b").save(path);
    }
    screen.keys("b").save("src/app.js").select("src/app.js");
    let picture = svg(
        &screen.buffer(),
        ThemeName::Dark,
        "layerlab: src/app.js was saved; left, npm install runs again",
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/screen.svg");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always") {
        std::fs::write(path, &picture).expect("the picture can be written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == picture,
        "{path} is not what the screen looks like: update it as the head of this file says"
    );
    assert_eq!(shop().len(), 5);
}
