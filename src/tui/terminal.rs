//! The terminal: taken for the explorer, and given back however that ends.

use std::io::{self, stdout};
use std::mem::ManuallyDrop;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::{Position, Rect, Size};
use ratatui::{DefaultTerminal, Frame};
use signal_hook::consts::SIGTSTP;

use super::guard::Guard;

/// The terminal while the explorer has it; dropping it gives the terminal back.
pub(super) struct Screen {
    /// Its own drop would complain on standard error, which panics where the terminal has gone.
    terminal: ManuallyDrop<DefaultTerminal>,
    guard: Guard,
    /// Whether the mouse is told of.
    mouse: bool,
}

impl Screen {
    /// Takes the terminal. The panic hook stays as it is: a panic of a worker thread must not touch
    /// the screen.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        let terminal = DefaultTerminal::new(CrosstermBackend::new(stdout()))?;
        let terminal = ManuallyDrop::new(terminal);
        let screen = Self { terminal, guard: Guard::new(), mouse };
        take(mouse)?;
        Ok(screen)
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<Size> {
        self.terminal.backend().size()
    }

    /// Draws a frame. Terminals that can show it whole or not at all are asked to.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(view)?;
        execute!(stdout(), EndSynchronizedUpdate)?;
        // The first frame does not wait for it.
        self.guard.post();
        Ok(())
    }

    /// Gives the terminal back and stops, until a shell brings the process back; then takes the
    /// terminal anew, empty and as large as it is by then.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        self.guard.given_back();
        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
        self.guard.taken();
        take(self.mouse)?;
        // `Terminal::clear` would ask the terminal for its cursor, and the answer would go to the
        // thread that reads keys.
        let size = self.terminal.backend().size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        self.guard.given_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse { execute!(stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Leaves the terminal as it was. Where it has gone there is nothing to leave, so errors do not
/// matter.
pub(super) fn give_back() {
    show_main_screen();
    let _ = disable_raw_mode();
}

/// Leaves the explorer's screen for what was there before.
pub(super) fn show_main_screen() {
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
}
