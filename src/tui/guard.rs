//! What gives the terminal back where the explorer cannot: a process of its own.
//!
//! An allocation that fails aborts the process, and so do faults of memory and SIGKILL, without a chance
//! to tidy up. A handler of SIGABRT would have to be `unsafe` and could call next to nothing, and against
//! SIGKILL there is none. So the explorer starts this program once more: the guard knows how the
//! terminal was, shares it, and waits at a pipe, whose other end the system closes however the explorer
//! ends. A byte in the pipe says whether the terminal is taken or given back.

use std::io::{self, Read, Write, stdin, stdout};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::SigSet;
use nix::sys::termios::{
    ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, Termios, cfmakeraw, tcgetattr,
    tcsetattr,
};

use super::terminal::show_main_screen;

/// The terminal is the explorer's.
const TAKEN: u8 = b't';
/// The terminal is as it was.
const GIVEN_BACK: u8 = b'g';

/// The explorer's end of the pipe; without a guard it does nothing.
pub struct Guard {
    /// The terminal's modes before it was taken: input, output, control, local.
    modes: Option<[u64; 4]>,
    child: Option<Child>,
}

impl Guard {
    /// A guard over the terminal as it is now, which is yet to be posted.
    pub fn new() -> Self {
        let modes = tcgetattr(stdin()).ok().map(|now| {
            let (input, output) = (now.input_flags.bits(), now.output_flags.bits());
            let (control, local) = (now.control_flags.bits(), now.local_flags.bits());
            [input, output, control, local].map(u64::from)
        });
        Self { modes, child: None }
    }

    /// Starts the guard over a terminal that is taken, once. Where that cannot be, the explorer goes
    /// without.
    pub fn post(&mut self) {
        let Some(modes) = self.modes.take() else { return };
        let Ok(program) = std::env::current_exe() else { return };
        let mut command = Command::new(program);
        command.arg("guard").args(modes.map(|mode| mode.to_string()));
        self.child = command.stdin(Stdio::piped()).spawn().ok();
        self.taken();
    }

    /// Tells that the terminal is taken.
    pub fn taken(&mut self) {
        self.tell(TAKEN);
    }

    /// Tells that the terminal has been given back.
    pub fn given_back(&mut self) {
        self.tell(GIVEN_BACK);
    }

    fn tell(&mut self, state: u8) {
        // A guard that has gone is not needed to go on.
        let pipe = self.child.as_mut().and_then(|child| child.stdin.as_mut());
        let _ = pipe.map(|pipe| pipe.write_all(&[state]));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// The guard: waits for the end of the explorer, and gives the terminal back with these modes if it
/// has not been by then.
///
/// # Errors
/// That the terminal cannot be set.
pub fn stand_guard([input, output, control, local]: [u64; 4]) -> io::Result<()> {
    // What ends the explorer from the keyboard must not end the guard, and once a shell has the
    // terminal again, the guard would be stopped for setting it.
    SigSet::all().thread_block()?;
    let mut last = GIVEN_BACK;
    for byte in stdin().lock().bytes() {
        last = byte?;
    }
    if last == GIVEN_BACK {
        return Ok(());
    }
    show_main_screen();
    let mut modes = tcgetattr(stdout())?;
    let mut raw = modes.clone();
    cfmakeraw(&mut raw);
    // A shell that has set modes of its own by now is not to be disturbed.
    let flags = |modes: &Termios| (modes.input_flags, modes.output_flags, modes.local_flags);
    if flags(&modes) != flags(&raw) {
        return Ok(());
    }
    modes.input_flags = InputFlags::from_bits_retain(input as _);
    modes.output_flags = OutputFlags::from_bits_retain(output as _);
    modes.control_flags = ControlFlags::from_bits_retain(control as _);
    modes.local_flags = LocalFlags::from_bits_retain(local as _);
    tcsetattr(stdout(), SetArg::TCSANOW, &modes)?;
    writeln!(io::stderr(), "\nheconv: the explorer died; the terminal is as it was")
}
