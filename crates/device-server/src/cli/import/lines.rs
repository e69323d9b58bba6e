//! Interchange lines, read by several threads and handed over in their order.
//!
//! To read the JSON takes as long as all that is done with it. So each reader locks the input, takes some lines, notes that the next turn is its own, and reads them while
//! another one takes the next. Who imports asks the readers in the order of the turns, so that users come in the order of their lines. A reader that is ahead waits: memory
//! does not grow with the input.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::{io, thread, vec};

use super::source::{Piece, Source};
use crate::cli::{Exit, Failure};
use crate::interchange::{self, Rejected};
use crate::limits::LINE_BYTES_MAX;

/// Bytes of lines that a reader takes at once, some hundred users; the last line may go beyond them.
const TAKEN_BYTES: usize = 256 * 1024;

/// Batches of all readers that wait for whoever imports, beside the one that each reads. With one alone, whoever comes first waits for the other's turn on the processor each time.
const WAITING_MAX: usize = 4;

/// Readers: more would wait for the one thread that imports.
const READERS_MAX: usize = 4;

/// Interchange lines.
pub(super) struct Lines {
    /// Whose batch is the next one.
    turns: Receiver<usize>,
    /// What each reader has read.
    batches: Vec<Receiver<Batch>>,
    /// What is left of the batch that is being handed over.
    pieces: vec::IntoIter<Piece>,
    /// How it ends, once that is known.
    end: Option<Result<(), Failure>>,
}

/// What some lines say.
struct Batch {
    pieces: Vec<Piece>,
    /// Nothing comes after it, and why.
    end: Option<Result<(), Failure>>,
}

impl Lines {
    /// Reads `input` with as many threads as the machine leaves beside the one that imports.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(super) fn new(input: BufReader<impl Read + Send + 'static>) -> io::Result<Self> {
        let others = thread::available_parallelism().map_or(1, usize::from) - 1;
        Self::with_readers(input, others.clamp(1, READERS_MAX))
    }

    fn with_readers(
        input: BufReader<impl Read + Send + 'static>,
        readers: usize,
    ) -> io::Result<Self> {
        let (turn, turns) = channel();
        let input = Arc::new(Mutex::new(Input { input, line: 0, ended: false, turn }));
        let mut batches = Vec::with_capacity(readers);
        for number in 0..readers {
            let (read, batch) = sync_channel((WAITING_MAX / readers).max(1));
            let input = Arc::clone(&input);
            thread::Builder::new()
                .name("devreg-reader".into())
                .spawn(move || read_lines(number, &input, &read))?;
            batches.push(batch);
        }
        Ok(Self { turns, batches, pieces: Vec::new().into_iter(), end: None })
    }

    fn next_batch(&self) -> Option<Batch> {
        let turn = self.turns.recv().ok()?;
        self.batches[turn].recv().ok()
    }
}

impl Source for Lines {
    fn next(&mut self) -> Result<Option<Piece>, Failure> {
        loop {
            if let Some(piece) = self.pieces.next() {
                return Ok(Some(piece));
            }
            if let Some(end) = self.end.take() {
                self.end = Some(Ok(()));
                return end.map(|()| None);
            }
            // Only a panic ends a reader before it has said how the input ends.
            let stopped = || Failure::new(Exit::Failed, "the input was not read to its end");
            let batch = self.next_batch().ok_or_else(stopped)?;
            (self.pieces, self.end) = (batch.pieces.into_iter(), batch.end);
        }
    }
}

/// Reads until there is nothing more, or nobody asks any more.
fn read_lines<R: Read>(number: usize, input: &Mutex<Input<R>>, read: &SyncSender<Batch>) {
    loop {
        // Poisoned by another reader's panic, which `Lines` is going to notice.
        let Ok(mut locked) = input.lock() else { return };
        let Some(taken) = locked.take(number) else { return };
        drop(locked);
        let pieces = taken.pieces();
        if read.send(Batch { pieces, end: taken.end }).is_err() {
            return;
        }
    }
}

/// The input, and how far it was taken.
struct Input<R> {
    input: BufReader<R>,
    /// The last line that was taken.
    line: u64,
    ended: bool,
    turn: Sender<usize>,
}

/// Whole lines.
struct Taken {
    /// The line before the first one.
    before: u64,
    text: Vec<u8>,
    end: Option<Result<(), Failure>>,
}

impl<R: Read> Input<R> {
    /// Takes lines for that reader; `None` after the end.
    fn take(&mut self, reader: usize) -> Option<Taken> {
        if self.ended {
            return None;
        }
        let mut taken = Taken { before: self.line, text: Vec::new(), end: None };
        while taken.end.is_none() && taken.text.len() < TAKEN_BYTES {
            taken.end = self.take_line(&mut taken.text);
            // Of a pipe that is slow, what is there is not kept waiting for the rest.
            if self.input.buffer().is_empty() && !taken.text.is_empty() {
                break;
            }
        }
        self.ended = taken.end.is_some();
        // Nobody listens if whoever imports has given up.
        self.turn.send(reader).ok()?;
        Some(taken)
    }

    /// Adds a line, or says how the input ends there.
    fn take_line(&mut self, text: &mut Vec<u8>) -> Option<Result<(), Failure>> {
        let before = text.len();
        let mut limited = (&mut self.input).take(LINE_BYTES_MAX as u64 + 1);
        let read = limited.read_until(b'\n', text);
        let failure = match read {
            Ok(0) => return Some(Ok(())),
            Ok(read) if read > LINE_BYTES_MAX => Failure::new(
                Exit::Failed,
                format!("line {}: longer than {LINE_BYTES_MAX} bytes", self.line + 1),
            ),
            Ok(_) => {
                self.line += 1;
                return None;
            }
            Err(error) => error.into(),
        };
        // What was read of it is no line.
        text.truncate(before);
        Some(Err(failure))
    }
}

impl Taken {
    /// What the lines say. Blank ones say nothing.
    fn pieces(&self) -> Vec<Piece> {
        let lines = self.text.split_inclusive(|byte| *byte == b'\n').zip(self.before + 1..);
        lines
            .filter(|(text, _)| !text.iter().all(u8::is_ascii_whitespace))
            .map(|(text, line)| {
                let user = std::str::from_utf8(text)
                    .map_err(|_| "not UTF-8".to_owned())
                    .and_then(interchange::read)
                    .map_err(|reason| {
                        vec![Rejected { line: None, what: "line".to_owned(), reason }]
                    });
                Piece { line, user }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of users, of nobody and of nothing, short and long ones, more than are taken at once.
    fn text() -> Vec<u8> {
        let mut text = Vec::new();
        for number in 0..20_000_usize {
            let line = match number % 7 {
                0 => String::new(),
                1 => "{".to_owned(),
                2 => {
                    format!(r#"{{"realm":"/{}","username":"u{number}"}}"#, "r".repeat(number % 50))
                }
                _ => format!(r#"{{"realm":"/alpha","username":"u{number}"}}"#),
            };
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        text
    }

    /// Line and user, or line and reason, of everything until the end; then how it ended.
    fn read(
        input: impl Read + Send + 'static,
        readers: usize,
    ) -> (Vec<(u64, String)>, Result<(), String>) {
        let mut lines =
            Lines::with_readers(BufReader::with_capacity(4_096, input), readers).unwrap();
        let mut found = Vec::new();
        loop {
            match lines.next() {
                Ok(Some(Piece { line, user: Ok(user) })) => {
                    found.push((line, user.owner.username.as_str().to_owned()));
                }
                Ok(Some(Piece { line, user: Err(rejected) })) => {
                    found.push((line, rejected[0].reason.clone()));
                }
                Ok(None) => {
                    assert!(matches!(lines.next(), Ok(None)), "the end stays the end");
                    return (found, Ok(()));
                }
                Err(failure) => return (found, Err(failure.message)),
            }
        }
    }

    #[test]
    fn lines_come_in_their_order_with_their_numbers_however_many_read_them() {
        let one = read(io::Cursor::new(text()), 1);
        assert_eq!(one.1, Ok(()));
        let numbers: Vec<u64> = one.0.iter().map(|(line, _)| *line).collect();
        let expected: Vec<u64> = (0..20_000).filter(|it| it % 7 != 0).map(|it| it + 1).collect();
        assert_eq!(numbers, expected);
        let named = one.0.iter().filter(|(line, said)| *said == format!("u{}", line - 1)).count();
        let nobody = one.0.iter().filter(|(_, said)| said.starts_with("not a JSON object")).count();
        assert!(named > 10_000 && nobody == 20_000 / 7, "{named} {nobody}");
        for readers in 2..=5 {
            assert!(read(io::Cursor::new(text()), readers) == one, "{readers} readers");
        }
    }

    /// An input that fails behind its lines, as a broken disk or network drive does.
    struct Broken(io::Cursor<Vec<u8>>);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk is broken")),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn what_stands_before_a_failure_comes_first() {
        let whole = read(io::Cursor::new(text()), 1).0;
        let mut cut = text();
        cut.extend_from_slice(b"{\"realm\":\"/al");
        for readers in 1..=4 {
            let (found, end) = read(Broken(io::Cursor::new(cut.clone())), readers);
            assert_eq!(end, Err("the disk is broken".to_owned()));
            assert!(found == whole, "{readers} readers");
        }
    }

    #[test]
    fn an_input_without_lines_and_one_without_a_last_newline() {
        assert_eq!(read(io::empty(), 3), (Vec::new(), Ok(())));
        assert_eq!(read(io::Cursor::new("\n \r\n"), 3), (Vec::new(), Ok(())));
        let line = r#"{"realm":"/alpha","username":"u"}"#;
        assert_eq!(read(io::Cursor::new(line), 3), (vec![(1, "u".to_owned())], Ok(())));
    }

    #[test]
    fn whoever_gives_up_leaves_no_reader_behind() {
        let (alive, gone) = channel::<()>();
        struct Held(io::Repeat, #[expect(dead_code, reason = "it is dropped")] Sender<()>);
        impl Read for Held {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let read = self.0.read(buffer)?;
                buffer[..read].fill(b'\n');
                buffer[0] = b'{';
                Ok(read)
            }
        }
        let input = BufReader::with_capacity(4_096, Held(io::repeat(0), alive));
        let mut lines = Lines::with_readers(input, 3).unwrap();
        assert!(lines.next().is_ok());
        drop(lines);
        assert!(gone.recv().is_err(), "all readers have ended and dropped the input");
    }
}
