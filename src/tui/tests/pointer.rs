//! The mouse: what is under it, and what a click, the wheel and a drag do.

use ratatui::layout::{Position, Rect};

use super::{frames, scene};
use crate::tui::app::{App, Overlay, Panel, Screen};
use crate::tui::event::{Event, Pointer};
use crate::tui::form::Field;
use crate::tui::meaning::MEANINGS;
use crate::tui::replay::Replay;
use crate::tui::view::{Hit, hit};

/// Where a text is on the screen.
fn place(replay: &Replay, (width, height): (u16, u16), text: &str) -> Position {
    let shown = frames::text(&replay.draw(width, height));
    let (y, line) = shown.lines().enumerate().find(|(_, line)| line.contains(text)).expect(text);
    let x = line[..line.find(text).unwrap_or(0)].chars().count();
    Position::new(x as u16 + 1, y as u16)
}

fn hit_at(replay: &Replay, size: (u16, u16), text: &str) -> Hit {
    hit(&replay.app, Rect::new(0, 0, size.0, size.1), place(replay, size, text))
}

fn click(app: &mut App, hit: Hit) {
    app.update(0, Event::Pointer(Pointer::Press(hit)));
}

#[test]
fn what_is_drawn_is_what_is_hit() {
    for size in [(120, 40), (200, 60)] {
        let explore = scene("finished");
        assert_eq!(hit_at(&explore, size, "3 Sweep"), Hit::Screen(Screen::Sweep));
        let Hit::Layer(row) = hit_at(&explore, size, "c64-56-k3") else { panic!("a layer") };
        let mut app = explore.app.clone();
        click(&mut app, Hit::Layer(row));
        assert_eq!(app.form.layer.full_name(), "bench/c64-56-k3");
        let field = hit_at(&explore, size, "special bits");
        let wanted = Field::ALL.iter().position(|field| *field == Field::SpecialBits);
        assert_eq!(field, Hit::Field(wanted.expect("a field")));
        for name in ["multiplied", "response", "server peak", "rotations", "download"] {
            let Hit::Figure(place) = hit_at(&explore, size, name) else { panic!("{name}") };
            assert_eq!(MEANINGS[place].name, name);
        }
        let compare = scene("compare");
        let Hit::Row(row) = hit_at(&compare, size, "hadamard-fused eager") else { panic!("a row") };
        let run = compare.app.compare.order()[row];
        let record = &compare.app.compare.run(run).expect("a run").record;
        assert_eq!(record.reduction, "eager");
        let sweep = scene("sweep done");
        assert!(matches!(hit_at(&sweep, size, "coefficient"), Hit::Row(_)));
    }
    // On a small screen there are no lists, but figures.
    let explore = scene("finished");
    assert!(matches!(hit_at(&explore, (80, 24), "multiplied"), Hit::Figure(_)));
}

#[test]
fn clicks_choose_and_then_open() {
    let mut app = scene("finished").app;
    click(&mut app, Hit::Figure(2));
    assert_eq!((app.panel, app.figure, app.overlay.is_none()), (Panel::Figures, 2, true));
    click(&mut app, Hit::Figure(2));
    assert!(matches!(app.overlay, Some(Overlay::Meaning(2))));
    click(&mut app, Hit::Nothing);
    assert!(app.overlay.is_none());
    click(&mut app, Hit::Field(3));
    click(&mut app, Hit::Field(3));
    assert!(matches!(app.overlay, Some(Overlay::Prompt { .. })));
    // What is asked waits for its answer.
    click(&mut app, Hit::Screen(Screen::Sweep));
    assert_eq!(app.screen, Screen::Explore);
    let mut app = scene("compare").app;
    click(&mut app, Hit::Row(2));
    assert_eq!((app.compare.cursor(), app.screen), (2, Screen::Compare));
    click(&mut app, Hit::Row(2));
    assert_eq!(app.screen, Screen::Explore);
}

#[test]
fn the_wheel_moves_in_its_pane_and_borders_are_dragged() {
    let mut app = scene("finished").app;
    app.update(0, Event::Pointer(Pointer::Wheel { down: true, hit: Hit::Field(0) }));
    assert_eq!((app.panel, app.field), (Panel::Parameters, 3));
    app.update(0, Event::Pointer(Pointer::Wheel { down: false, hit: Hit::Field(0) }));
    assert_eq!(app.field, 0);
    let replay = scene("finished");
    let size = Rect::new(0, 0, 120, 40);
    assert_eq!(hit(&replay.app, size, Position::new(38, 12)), Hit::Border);
    // Without the button on the border nothing is dragged.
    app.update(0, Event::Pointer(Pointer::Drag(50)));
    assert_eq!(app.left, 38);
    click(&mut app, Hit::Border);
    app.update(0, Event::Pointer(Pointer::Drag(50)));
    app.update(0, Event::Pointer(Pointer::Drag(500)));
    assert_eq!(app.left, 70);
    app.update(0, Event::Pointer(Pointer::Drag(50)));
    app.update(0, Event::Pointer(Pointer::Release));
    app.update(0, Event::Pointer(Pointer::Drag(40)));
    assert_eq!(app.left, 50);
    let mut moved = replay.clone();
    moved.app = app;
    assert_eq!(hit(&moved.app, size, Position::new(50, 12)), Hit::Border);
}

#[test]
fn the_panel_that_takes_keys_is_zoomed() {
    use crate::tui::action::Action;
    let mut replay = scene("finished");
    replay.app.act(Action::NextPanel);
    replay.app.act(Action::Zoom);
    let shown = frames::text(&replay.draw(120, 40));
    // Every field has room.
    assert!(shown.contains("round trip") && !shown.contains("noise budget"), "{shown}");
    replay.app.act(Action::Close);
    assert!(frames::text(&replay.draw(120, 40)).contains("noise budget"));
}
