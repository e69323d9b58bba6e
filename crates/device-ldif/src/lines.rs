//! Lines with their continuations put together (RFC 2849, notes 2 and 3), as bytes: a continuation may begin in the middle of a character.

use std::io::{self, BufRead, ErrorKind, Read as _};

use crate::limits::LINE_BYTES_MAX;

/// Lines of a file, one after the other.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    /// How many lines were read, continuations included.
    read: u64,
}

/// What is to be known of a line beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// The number of its first line in the file.
    pub(crate) number: u64,
    /// It has more bytes than are kept.
    pub(crate) too_long: bool,
    /// The file ends before the line does.
    pub(crate) cut_off: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, read: 0 }
    }

    /// Puts the next line into `text`, without its end. An empty line has no continuations: it ends an entry.
    pub(crate) fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Option<Extent>> {
        text.clear();
        let mut extent = Extent { number: self.read + 1, too_long: false, cut_off: false };
        if !self.append(text, &mut extent)? {
            return Ok(None);
        }
        while !text.is_empty() && self.peek()? == Some(b' ') {
            self.input.consume(1);
            self.append(text, &mut extent)?;
        }
        Ok(Some(extent))
    }

    /// Appends the rest of a line of the file, as far as there is room. Gives back whether there was anything.
    fn append(&mut self, text: &mut Vec<u8>, extent: &mut Extent) -> io::Result<bool> {
        let start = text.len();
        // Room for the end of a line at the limit, too.
        let room = (LINE_BYTES_MAX + 2).saturating_sub(start);
        let read = (&mut self.input).take(room as u64).read_until(b'\n', text)?;
        if text[start..].ends_with(b"\n") {
            text.pop();
            if text[start..].ends_with(b"\r") {
                text.pop();
            }
        } else if read == room {
            self.input.skip_until(b'\n')?;
            extent.too_long = true;
        } else {
            extent.cut_off = true;
        }
        if text.len() > LINE_BYTES_MAX {
            text.truncate(LINE_BYTES_MAX);
            extent.too_long = true;
        }
        self.read += 1;
        Ok(read > 0)
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
