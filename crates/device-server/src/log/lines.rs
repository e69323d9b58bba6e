//! Lines on their way to where they are written: they wait a moment for others, unless one of them is a warning.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others. What a killed process has not written is lost, so it is short.
const DELAY_MAX: Duration = Duration::from_millis(10);

/// Bytes that wait at most. Whoever comes then writes them, as slowly as they are taken.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// Lines that wait, and where they go.
#[derive(Debug)]
pub(super) struct Lines<O> {
    waiting: Mutex<Waiting>,
    /// Told when the first line waits, and at the end.
    changed: Condvar,
    /// Held from taking lines to having written them, which keeps them in their order.
    out: Mutex<O>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    ended: bool,
}

impl<O: Write> Lines<O> {
    pub(super) fn new(out: O) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), out: Mutex::new(out) }
    }

    fn add(&self, line: &[u8], at_once: bool) {
        let mut waiting = self.waiting.lock();
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        let full = waiting.bytes.len() >= WAITING_BYTES_MAX;
        drop(waiting);
        if at_once || full {
            self.flush();
        } else if is_first {
            self.changed.notify_one();
        }
    }

    fn flush(&self) {
        let mut out = self.out.lock();
        let bytes = mem::take(&mut self.waiting.lock().bytes);
        // Nobody could be told that the log cannot be written.
        let _unwritten = out.write_all(&bytes);
    }

    fn end(&self) {
        self.waiting.lock().ended = true;
        self.changed.notify_one();
    }

    /// Writes what waits, until the end.
    fn keep_flushing(&self) {
        loop {
            let mut waiting = self.waiting.lock();
            while waiting.bytes.is_empty() && !waiting.ended {
                self.changed.wait(&mut waiting);
            }
            if !waiting.ended {
                self.changed.wait_for(&mut waiting, DELAY_MAX);
            }
            let ended = waiting.ended;
            drop(waiting);
            self.flush();
            if ended {
                return;
            }
        }
    }
}

/// The thread that writes lines. When this goes, it has written all of them.
#[derive(Debug)]
pub struct Flushing {
    lines: Arc<Lines<io::Stderr>>,
    thread: Option<JoinHandle<()>>,
}

impl Flushing {
    pub(super) fn start(lines: Arc<Lines<io::Stderr>>) -> io::Result<Self> {
        let flushed = Arc::clone(&lines);
        let thread =
            thread::Builder::new().name("log".into()).spawn(move || flushed.keep_flushing())?;
        Ok(Self { lines, thread: Some(thread) })
    }
}

impl Drop for Flushing {
    fn drop(&mut self) {
        self.lines.end();
        // It does not panic, and if it did, its lines would be flushed here.
        let _ended = self.thread.take().map(JoinHandle::join);
        self.lines.flush();
    }
}

/// Where tracing writes its lines to.
#[derive(Debug)]
pub(super) struct ToLines(pub(super) Arc<Lines<io::Stderr>>);

/// One line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    lines: &'a Lines<io::Stderr>,
    at_once: bool,
}

impl<'a> MakeWriter<'a> for ToLines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: &self.0, at_once: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line { lines: &self.0, at_once: *metadata.level() <= Level::WARN }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.add(line, self.at_once);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(thread: usize, number: usize) -> String {
        format!("{thread} {number}\n")
    }

    #[test]
    fn lines_are_whole_in_order_and_all_there() {
        const THREADS: usize = 4;
        const LINES: usize = 20_000;
        let lines = Lines::new(Vec::new());
        thread::scope(|scope| {
            let flushing = scope.spawn(|| lines.keep_flushing());
            let writing: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let lines = &lines;
                    scope.spawn(move || {
                        for number in 0..LINES {
                            lines.add(line(thread, number).as_bytes(), number % 1_000 == 0);
                        }
                    })
                })
                .collect();
            writing.into_iter().for_each(|thread| thread.join().unwrap());
            lines.end();
            flushing.join().unwrap();
        });
        let written = String::from_utf8(lines.out.into_inner()).unwrap();
        let mut next = [0; THREADS];
        for text in written.lines() {
            let (thread, _) = text.split_once(' ').unwrap();
            let thread: usize = thread.parse().unwrap();
            assert_eq!(format!("{text}\n"), line(thread, next[thread]));
            next[thread] += 1;
        }
        assert_eq!(next, [LINES; THREADS]);
    }

    #[test]
    fn a_warning_is_written_at_once_with_what_came_before() {
        let lines = Lines::new(Vec::new());
        lines.add(b"one\n", false);
        assert_eq!(*lines.out.lock(), b"");
        lines.add(b"two\n", true);
        assert_eq!(*lines.out.lock(), b"one\ntwo\n");
    }

    #[test]
    fn what_waits_is_bounded() {
        let lines = Lines::new(Vec::new());
        for _ in 0..3 {
            lines.add(&vec![b'x'; WAITING_BYTES_MAX - 1], false);
        }
        assert!(lines.waiting.lock().bytes.len() < WAITING_BYTES_MAX);
    }
}
