//! What every screen looks like, at every size, with colours and without.
//!
//! After a change that is meant, look at what `INSTA_UPDATE=always cargo test --release frames`
//! changes in the snapshots.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::{SCENES, scene, with_style};
use crate::tui::colour::ColourDepth;
use crate::tui::glyphs::Glyphs;

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (40, 10), (1, 1)];

/// The text of a frame.
pub(super) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// The looks of a cell; pixels of pictures are all one.
fn look(cell: &Cell) -> String {
    if cell.symbol() == "▀" {
        return "pixels".into();
    }
    let colour = |colour: Color| match colour {
        Color::Reset => "-".into(),
        colour => colour.to_string(),
    };
    let (fg, bg) = (colour(cell.fg), colour(cell.bg));
    if cell.modifier.is_empty() {
        return format!("{fg} on {bg}");
    }
    format!("{fg} on {bg} {}", format!("{:?}", cell.modifier).to_lowercase())
}

/// The looks of a frame: of each row, how many cells have which, and a digest of the pixels.
fn looks(buffer: &Buffer) -> String {
    let mut known: Vec<String> = Vec::new();
    let mut rows = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut pixels = None;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let look = look(cell);
            if look == "pixels" {
                let bytes = format!("{}{}", cell.fg, cell.bg).into_bytes();
                let digest = bytes.iter().fold(pixels.unwrap_or(0xcbf2_9ce4_8422_2325), |d, b| {
                    (d ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
                });
                pixels = Some(digest);
            }
            let index = known.iter().position(|one| *one == look).unwrap_or(known.len());
            if index == known.len() {
                known.push(look);
            }
            match runs.last_mut() {
                Some((last, count)) if *last == index => *count += 1,
                _ => runs.push((index, 1)),
            }
        }
        for (index, count) in runs {
            let letter = char::from(b'a' + index as u8);
            let _ = write!(rows, "{letter}{count}");
        }
        if let Some(digest) = pixels {
            let _ = write!(rows, " {:08x}", digest >> 32);
        }
        rows.push('\n');
    }
    for (letter, look) in ('a'..).zip(known) {
        let _ = writeln!(rows, "{letter}: {look}");
    }
    rows
}

#[test]
fn screens_in_colour_and_without() {
    for (depth, depth_name) in [(ColourDepth::True, "colour"), (ColourDepth::None, "none")] {
        for (name, replay) in SCENES.iter() {
            let replay = with_style(replay, depth, &Glyphs::UNICODE);
            let mut all = String::new();
            for (width, height) in SIZES {
                let buffer = replay.draw(width, height);
                let _ = writeln!(all, "{width}x{height}\n{}", text(&buffer));
                all.push_str(&looks(&buffer));
            }
            let file = format!("{}-{depth_name}", name.replace(' ', "-"));
            insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(file, all);
            });
        }
    }
}

#[test]
fn without_colours_no_cell_has_one() {
    for (name, replay) in SCENES.iter() {
        let replay = with_style(replay, ColourDepth::None, &Glyphs::UNICODE);
        for (width, height) in SIZES {
            for cell in &replay.draw(width, height).content {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name} {cell:?}");
            }
        }
    }
}

#[test]
fn what_is_chosen_is_seen_without_colours() {
    let replay = with_style(&scene("ready"), ColourDepth::None, &Glyphs::UNICODE);
    let buffer = replay.draw(120, 40);
    let marked = |cell: &&Cell| cell.modifier.contains(Modifier::REVERSED);
    assert!(buffer.content.iter().filter(marked).count() > 20);
}

#[test]
fn ascii_is_ascii_on_every_screen() {
    for (name, replay) in SCENES.iter() {
        for depth in [ColourDepth::True, ColourDepth::None] {
            let replay = with_style(replay, depth, &Glyphs::ASCII);
            for (width, height) in SIZES {
                let text = text(&replay.draw(width, height));
                let foreign: String = text.chars().filter(|c| !c.is_ascii()).collect();
                assert!(foreign.is_empty(), "{name} at {width}x{height}: {foreign:?} in\n{text}");
            }
        }
    }
}

#[test]
fn the_first_frame_tells_of_noise_and_a_finished_run_is_exact() {
    let text = |name| text(&scene(name).draw(80, 24));
    assert!(text("ready").contains("noise budget"));
    assert!(text("finished").contains("exact"));
    assert!(!text("ready").contains("exact  "));
    assert!(text("invalid").contains("fixes it: limb bits 36 36 -> 31 31"));
    assert!(text("error").contains("cannot start threads"));
    assert!(text("compare empty").contains("no runs yet"));
}
