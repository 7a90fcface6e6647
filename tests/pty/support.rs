//! The program in a pseudo terminal, and what is on its screen.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, SlavePty, native_pty_system,
};
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held for reading by tests that only need the right answer, for writing by tests that measure
/// time: these run alone.
static TURN: RwLock<()> = RwLock::new(());

/// A turn beside other tests.
pub fn shared() -> RwLockReadGuard<'static, ()> {
    TURN.read().unwrap_or_else(PoisonError::into_inner)
}

/// A turn alone.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    TURN.write().unwrap_or_else(PoisonError::into_inner)
}

/// Directories for one test's history, configuration and files.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The environment of every program started here.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).to_str().expect("UTF-8").to_owned();
        vec![
            ("HOME", path("home")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_STATE_HOME", path("state")),
            ("XDG_CACHE_HOME", CACHE.into()),
            ("TERM", "xterm-256color".into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("PS1", "shell> ".into()),
        ]
    }

    /// Runs the program without a terminal.
    pub fn heconv(&self, args: &[&str]) -> std::process::Output {
        let mut command = Command::new(PROGRAM);
        command.args(args).envs(self.environment()).current_dir(self.0.path());
        command.output().expect("the program starts")
    }
}

/// The cache of all tests: the machine is calibrated by the first that needs it, and not again.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_heconv");

/// Starts the program, keeps its number in a file and tells how it ended, in a shell that keeps the
/// terminal open until a line is typed.
/// `LIMIT` is the most addresses it may have, in KiB.
const WRAPPED: &str = "${LIMIT:+ulimit -v $LIMIT}
sh -c 'echo $$ > pid.new; mv pid.new pid; exec \"$0\" \"$@\"' \"$@\"
echo \"ended with $?.\"
read line";

/// What the terminal has shown so far.
struct Seen {
    parser: vt100::Parser,
    /// How many of the bytes are on the screen: a frame shows when it is whole.
    shown: usize,
    bytes: Vec<u8>,
    closed: bool,
}

/// A terminal and the program in it.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    /// Keeps the terminal open.
    _slave: Box<dyn SlavePty + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    modes: String,
    pid_file: PathBuf,
}

/// How to start a terminal.
pub struct Setup<'a> {
    pub place: &'a Place,
    pub size: (u16, u16),
    pub args: &'a [&'a str],
    pub variables: &'a [(&'a str, &'a str)],
}

impl<'a> Setup<'a> {
    pub fn new(place: &'a Place) -> Self {
        Self { place, size: (120, 40), args: &[], variables: &[] }
    }

    fn builder(&self, argv: &[&str]) -> CommandBuilder {
        let mut command = CommandBuilder::new(argv[0]);
        command.args(&argv[1..]);
        command.args(self.args);
        command.cwd(self.place.0.path());
        for name in ["NO_COLOR", "COLORTERM", "ENV"] {
            command.env_remove(name);
        }
        for (name, value) in self.place.environment() {
            command.env(name, value);
        }
        for (name, value) in self.variables {
            command.env(name, value);
        }
        command
    }

    fn pair(&self) -> PtyPair {
        native_pty_system().openpty(pty_size(self.size)).expect("a pseudo terminal")
    }

    /// The program in a terminal, its first frame drawn.
    pub fn open(&self) -> Terminal {
        self.open_at("noise budget")
    }

    /// The program in a terminal, its first frame drawn, which has `text`.
    pub fn open_at(&self, text: &str) -> Terminal {
        let mut terminal = self.start(&["sh", "-c", WRAPPED, "sh", PROGRAM]);
        terminal.wait_for("the first frame", |screen| screen.contains(text));
        terminal
    }

    /// A shell in a terminal.
    pub fn shell(&self) -> Terminal {
        let mut terminal = self.start(&["sh", "-i"]);
        terminal.wait_for("a prompt", |screen| screen.contains("shell>"));
        terminal
    }

    fn start(&self, argv: &[&str]) -> Terminal {
        let PtyPair { slave, master } = self.pair();
        let modes = modes(master.as_ref());
        let seen = Seen {
            parser: vt100::Parser::new(self.size.1, self.size.0, 0),
            shown: 0,
            bytes: Vec::new(),
            closed: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let reader = master.try_clone_reader().expect("a reader");
        let reading = Arc::clone(&seen);
        std::thread::spawn(move || read(reader, &reading));
        let child = slave.spawn_command(self.builder(argv)).expect("the program starts");
        let writer = master.take_writer().expect("a writer");
        let pid_file = self.place.path("pid");
        Terminal { master, writer, _slave: slave, child, seen, modes, pid_file }
    }

    /// Starts the program itself in a terminal, which closes once the first frame is drawn and
    /// `typed` is taken in; gives how the program ended.
    pub fn open_and_vanish(&self) -> ExitStatus {
        let PtyPair { slave, master } = self.pair();
        let mut child = slave.spawn_command(self.builder(&[PROGRAM])).expect("the program starts");
        drop(slave);
        let mut reader = master.try_clone_reader().expect("a reader");
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&bytes).contains("noise") {
            let count = reader.read(&mut buffer).expect("output");
            assert!(count > 0, "it ended early");
            bytes.extend_from_slice(&buffer[..count]);
        }
        drop((reader, master));
        ended(child.as_mut())
    }
}

/// Waits for a process to end.
fn ended(child: &mut (dyn Child + Send + Sync)) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a state") {
            return status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn read(mut reader: Box<dyn Read + Send>, seen: &(Mutex<Seen>, Condvar)) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut now = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.take(&buffer[..count]);
        now.closed = count == 0;
        seen.1.notify_all();
        if now.closed {
            return;
        }
    }
}

impl Seen {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let last = |mark: &[u8]| {
            let rest = &self.bytes[self.shown..];
            rest.windows(mark.len()).rposition(|here| here == mark).map(|at| self.shown + at)
        };
        let end = match (last(b"\x1b[?2026h"), last(b"\x1b[?2026l")) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) => begin,
            _ => self.bytes.len(),
        };
        self.parser.process(&self.bytes[self.shown..end]);
        self.shown = end;
    }
}

fn pty_size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("terminal modes"))
}

impl Terminal {
    /// Waits until the screen is as wanted, and gives how long that took.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Duration {
        self.wait(what, |seen| wanted(&seen.parser.screen().contents()))
    }

    /// Waits for a text on the screen.
    pub fn wait_for_text(&mut self, text: &str) -> Duration {
        self.wait_for(text, |screen| screen.contains(text))
    }

    fn wait(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Duration {
        let start = Instant::now();
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !wanted(&seen) {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let closed = if seen.closed { ", and the terminal is closed" } else { "" };
            let screen = seen.parser.screen().contents();
            assert!(!left.is_zero() && !seen.closed, "no {what}{closed}:\n{screen}");
            seen = changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        start.elapsed()
    }

    /// Types.
    pub fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.writer.write_all(keys.as_ref()).expect("typed");
        self.writer.flush().expect("typed");
    }

    /// Types, and waits for a text on the screen.
    pub fn send_for(&mut self, keys: &str, text: &str) -> Duration {
        self.send(keys);
        self.wait_for_text(text)
    }

    /// Closes what shows `text`. Whatever is typed next comes after that, and not as one key with
    /// the escape.
    pub fn close(&mut self, text: &str) {
        self.send("\x1b");
        self.wait_for("it closed", |screen| !screen.contains(text));
    }

    /// Runs what is chosen to the end.
    pub fn run(&mut self) {
        self.send("\r");
        self.finish();
    }

    /// Waits for an exact result.
    pub fn finish(&mut self) {
        self.wait_for("a result", |screen| screen.contains("exact  ") && screen.contains("idle"));
    }

    /// Types a value into the prompt that shows, in place of what is there.
    pub fn answer(&mut self, value: &str) {
        self.send("\x15");
        self.send(value);
        let shown = value.to_owned();
        self.wait_for("the answer", |screen| screen.contains(&shown));
        self.send("\r");
    }

    pub fn resize(&mut self, size: (u16, u16)) {
        self.master.resize(pty_size(size)).expect("resized");
    }

    /// The screen's text.
    pub fn screen(&self) -> String {
        self.look(|seen| seen.parser.screen().contents())
    }

    /// Everything written to the terminal so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.look(|seen| seen.bytes.clone())
    }

    fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        let text = std::fs::read_to_string(&self.pid_file).expect("a process");
        text.trim().parse().expect("a number")
    }

    pub fn kill(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// Waits for the program to end with `code`, and checks that the terminal is as it was.
    pub fn ends_with(&mut self, code: i32) -> Duration {
        let took = self.wait_for("the end", |screen| screen.contains("ended with"));
        assert!(self.screen().contains(&format!("ended with {code}.")), "{}", self.screen());
        self.is_as_before();
        took
    }

    /// Waits for the program to die with `code`, and for the terminal to be as it was.
    pub fn dies_with(&mut self, code: i32) {
        let (modes, before) = (self.modes.clone(), Instant::now());
        // Whoever tidies up may come after the end, and after what a shell writes by then.
        let ended = format!("ended with {code}.");
        self.wait("the end", |seen| String::from_utf8_lossy(&seen.bytes).contains(&ended));
        while self::modes(self.master.as_ref()) != modes && before.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.wait("the main screen", |seen| !seen.parser.screen().alternate_screen());
        self.is_as_before();
    }

    /// Quits with a key.
    pub fn quit(&mut self) {
        self.send("q");
        self.ends_with(0);
    }

    /// Checks that nothing of the explorer is left in the terminal.
    pub fn is_as_before(&self) {
        assert_eq!(modes(self.master.as_ref()), self.modes, "the terminal's modes are back");
        self.look(|seen| {
            let screen = seen.parser.screen();
            assert!(!screen.alternate_screen(), "the alternate screen is left");
            assert!(!screen.hide_cursor(), "the cursor is shown");
            assert!(!screen.bracketed_paste(), "bracketed paste is off");
            let mouse = screen.mouse_protocol_mode();
            assert_eq!(mouse, vt100::MouseProtocolMode::None, "the mouse is the terminal's");
            assert!(!screen.contents().contains("noise budget"), "{}", screen.contents());
        });
    }

    /// Waits until the explorer has the terminal.
    pub fn is_taken(&mut self) {
        self.wait("the explorer", |seen| {
            let screen = seen.parser.screen();
            screen.alternate_screen() && screen.bracketed_paste()
        });
    }

    /// Waits until a shell has the terminal, and waits for a command.
    pub fn is_given_back(&mut self) {
        self.wait("the shell", |seen| {
            let screen = seen.parser.screen();
            !screen.alternate_screen() && screen.contents().trim_end().ends_with("shell>")
        });
    }

    /// Checks that the text on the screen stays this while the program takes in a key that shows
    /// and a key that hides something.
    pub fn is_unchanged(&mut self, before: &str) {
        self.send_for("?", "arrows scroll");
        self.close("arrows scroll");
        self.wait_for("the screen as before", |screen| screen == before);
    }

    /// Waits until the screen has all that is known before a run.
    pub fn is_ready(&mut self) {
        self.wait_for("what the run will take", |screen| {
            let upload = screen.lines().find_map(|line| line.split_once("upload"));
            upload.is_some_and(|(_, value)| value.contains("iB"))
        });
    }

    /// Processor time of the program's threads so far.
    pub fn processor_time(&self) -> Duration {
        let tasks = Path::new("/proc").join(self.pid().to_string()).join("task");
        let tasks = std::fs::read_dir(tasks).expect("threads");
        let time = |task: std::io::Result<std::fs::DirEntry>| {
            let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
        };
        tasks.filter_map(time).sum()
    }
}

impl Drop for Terminal {
    /// Ends the program where a test did not.
    fn drop(&mut self) {
        if !self.screen().contains("ended with")
            && let Ok(pid) = std::fs::read_to_string(&self.pid_file)
        {
            let kill = format!("kill -KILL {}", pid.trim());
            let _ = Command::new("sh").args(["-c", &kill]).output();
        }
        let _ = self.writer.write_all(b"\n");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
