//! Panics of RTen, made errors: what a damaged model asks of it is not always what it looks out for.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many calls are under way whose panics are not told: they are errors soon. RTen has threads of its
/// own, so that this is of the process, not of a thread.
static QUIET: AtomicUsize = AtomicUsize::new(0);

/// What `work` gives, or that it panicked. `work` must not leave anything broken behind that is used
/// again.
///
/// # Errors
/// Those of `work`, and its panic.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if QUIET.load(Ordering::SeqCst) == 0 {
                told(panic);
            }
        }));
    });
    QUIET.fetch_add(1, Ordering::SeqCst);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.fetch_sub(1, Ordering::SeqCst);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(format!("RTen failed: {text}"))
    })
}
