//! Entry by entry through a file.

use std::fmt;
use std::io::{self, BufRead};

use crate::entry::{Entry, Fault, Reason, Value};
use crate::limits::{ENTRY_BYTES_MAX, ENTRY_VALUES_MAX};
use crate::line::Line;
use crate::lines::{Extent, Lines};

/// Reads the entries of a file.
///
/// It keeps the values of those attributes that `wanted` names, which is given the attribute as written. Of other lines only
/// `attribute;option:` is looked at, so that a photograph above the limit of a line does not cost a user the devices.
pub struct Reader<R, W> {
    lines: Lines<R>,
    wanted: W,
    text: Vec<u8>,
    begun: bool,
    stopped: bool,
}

impl<R, W> fmt::Debug for Reader<R, W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// What stands on a line.
enum Next {
    /// Something, in the reader's buffer.
    Line(Extent),
    /// Nothing: the entry ends.
    Empty,
    /// The file ends.
    End,
}

/// Why there is no entry.
enum Lost {
    Input(io::Error),
    Fault(Fault),
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

impl<R: BufRead, W: Fn(&str) -> bool> Reader<R, W> {
    /// A reader from the beginning of `input`.
    pub fn new(input: R, wanted: W) -> Self {
        Self { lines: Lines::new(input), wanted, text: Vec::new(), begun: false, stopped: false }
    }

    /// The next entry, or why it is lost as a whole; after that the reader goes on behind it. `None` at the end of the file.
    ///
    /// # Errors
    /// Those of the input.
    pub fn next_entry(&mut self) -> io::Result<Option<Result<Entry, Fault>>> {
        while !self.stopped {
            let first = match self.next_line()? {
                Next::End => break,
                Next::Empty => continue,
                Next::Line(extent) => extent,
            };
            match self.read_entry(first) {
                Ok(Some(entry)) => return Ok(Some(Ok(entry))),
                Ok(None) => {}
                Err(Lost::Input(error)) => return Err(error),
                Err(Lost::Fault(fault)) => {
                    self.stopped = fault.reason == Reason::Version;
                    while let Next::Line(_) = self.next_line()? {}
                    return Ok(Some(Err(fault)));
                }
            }
        }
        Ok(None)
    }

    /// Reads the entry whose first line is in the buffer. `None` if that line is the version of the file.
    fn read_entry(&mut self, first: Extent) -> Result<Option<Entry>, Lost> {
        let name = self.line(first)?;
        if name.is("version") && !self.begun {
            if name.text().as_deref() != Ok("1") {
                return Err(lost(first, Reason::Version));
            }
            self.begun = true;
            return Ok(None);
        }
        if !name.is("dn") {
            return Err(lost(first, Reason::NoName));
        }
        if first.too_long {
            return Err(lost(first, Reason::LineTooLong));
        }
        let dn = name.text().map_err(|reason| lost(first, reason))?;
        self.begun = true;
        let mut entry =
            Entry { line: first.number, dn, ended: true, values: Vec::new(), faults: Vec::new() };
        let mut bytes = entry.dn.len();
        loop {
            let extent = match self.next_line()? {
                Next::Line(extent) => extent,
                Next::Empty => break,
                Next::End => {
                    entry.ended = false;
                    break;
                }
            };
            bytes += self.take(extent, &mut entry)?;
            let values = entry.values.len() + entry.faults.len();
            if bytes > ENTRY_BYTES_MAX || values > ENTRY_VALUES_MAX {
                return Err(lost(extent, Reason::EntryTooLarge));
            }
        }
        Ok(Some(entry))
    }

    /// Takes the value on the line in the buffer. Gives back how many bytes it has.
    fn take(&self, extent: Extent, entry: &mut Entry) -> Result<usize, Lost> {
        let line = self.line(extent)?;
        if line.is("changetype") || line.is("control") {
            return Err(lost(extent, Reason::Changes));
        }
        let value = if line.has_option_twice() {
            Err(Reason::OptionTwice)
        } else if !(self.wanted)(line.attribute) {
            return Ok(0);
        } else if extent.too_long {
            Err(Reason::LineTooLong)
        } else {
            line.text()
        };
        let number = extent.number;
        match value {
            Ok(text) => {
                let attribute: Box<str> = line.attribute.into();
                let bytes = attribute.len() + text.len();
                let has_options = line.has_options();
                entry.values.push(Value { line: number, attribute, has_options, text });
                Ok(bytes)
            }
            Err(reason) => {
                let attribute = Some(line.description.into());
                entry.faults.push(Fault { line: number, attribute, reason });
                Ok(line.description.len())
            }
        }
    }

    /// Goes on to the next line that is no comment.
    fn next_line(&mut self) -> io::Result<Next> {
        loop {
            match self.lines.next(&mut self.text)? {
                None => return Ok(Next::End),
                Some(_) if self.text.is_empty() => return Ok(Next::Empty),
                Some(extent) if self.text[0] == b'#' && !extent.cut_off => {}
                Some(extent) => return Ok(Next::Line(extent)),
            }
        }
    }

    /// The line in the buffer, taken apart.
    fn line(&self, extent: Extent) -> Result<Line<'_>, Lost> {
        if extent.cut_off {
            return Err(lost(extent, Reason::CutOff));
        }
        let reason = if extent.too_long { Reason::LineTooLong } else { Reason::NotALine };
        Line::parse(&self.text).ok_or_else(|| lost(extent, reason))
    }
}

fn lost(extent: Extent, reason: Reason) -> Lost {
    Lost::Fault(Fault { line: extent.number, attribute: None, reason })
}
