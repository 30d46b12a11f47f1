//! A panic is a fault of the program. It becomes one log line with its place, and without data.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};

/// Logs panics in place of the default, which prints whatever was formatted into them: an error with the bytes it
/// failed on, or a value that was compared. Where the program went on, the request was answered with `internal`.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        // Taken only when `RUST_BACKTRACE` asks for it.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(
            place,
            cause = without_data(panic.payload()),
            backtrace,
            "a fault of the program: it panicked"
        );
    }));
}

/// A message that stands in the source as it is; one that was put together is left out.
fn without_data(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("left out, since it may hold data")
}
