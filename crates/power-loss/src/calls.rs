//! Lines of strace become calls: the two halves of a call of which another thread's lines came
//! in between are joined again.

use std::collections::HashMap;
use std::io::BufRead;

use crate::Error;

/// One system call, with the lines at which it was seen to start and to end.
///
/// strace sees the start before the kernel acts, and the end after it has: the true times lie in
/// between, so "done before" is never claimed wrongly.
#[derive(Debug)]
pub(crate) struct Call {
    pub start: usize,
    /// `usize::MAX` if the process died in it.
    pub end: usize,
    pub name: String,
    pub args: String,
    /// `None` if the process died in it.
    pub result: Option<i64>,
}

impl Call {
    /// The arguments, split at the commas that are in no string, list or struct.
    pub(crate) fn args(&self) -> Vec<&str> {
        let (mut parts, mut from, mut depth, mut quoted) = (vec![], 0, 0, false);
        for (at, byte) in self.args.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'[' | b'{' | b'(' if !quoted => depth += 1,
                b']' | b'}' | b')' if !quoted => depth -= 1,
                b',' if !quoted && depth == 0 => {
                    parts.push(self.args[from..at].trim());
                    from = at + 1;
                }
                _ => {}
            }
        }
        parts.push(self.args[from..].trim());
        parts
    }
}

/// Hands every call of one trace to `each`, in the order in which they ended; a `close` when it
/// starts, because its number can be given out again before its end is seen.
pub(crate) fn each_call(
    mut trace: impl BufRead,
    line: &mut usize,
    mut each: impl FnMut(Call) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut open: HashMap<String, Call> = HashMap::new();
    let mut text = String::new();
    while trace.read_line(&mut text)? > 0 {
        *line += 1;
        let bad =
            |found: &str| Error::Trace { line: *line, found: found.chars().take(200).collect() };
        let Some((thread, rest)) = text.trim_end().split_once(' ') else {
            text.clear();
            continue;
        };
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            // The end of a thread, or a signal.
        } else if let Some(rest) = rest.strip_prefix("<... ") {
            let (_, tail) = rest.split_once(" resumed>").ok_or_else(|| bad(rest))?;
            if let Some(mut call) = open.remove(thread) {
                let (args, result) = split_result(tail).ok_or_else(|| bad(rest))?;
                call.args.push_str(args);
                call.result = result;
                call.end = if result.is_some() { *line } else { usize::MAX };
                each(call)?;
            }
        } else if let Some(rest) = rest.strip_suffix("<unfinished ...>") {
            let (name, args) = rest.split_once('(').ok_or_else(|| bad(rest))?;
            let args = args.trim_end().to_owned();
            let call =
                Call { start: *line, end: usize::MAX, name: name.to_owned(), args, result: None };
            if name == "close" {
                each(Call { result: Some(0), ..call })?;
            } else {
                open.insert(thread.to_owned(), call);
            }
        } else {
            let (name, tail) = rest.split_once('(').ok_or_else(|| bad(rest))?;
            let (args, result) = split_result(tail).ok_or_else(|| bad(rest))?;
            let end = if result.is_some() { *line } else { usize::MAX };
            each(Call { start: *line, end, name: name.to_owned(), args: args.to_owned(), result })?;
        }
        text.clear();
    }
    let mut open: Vec<Call> = open.into_values().collect();
    open.sort_by_key(|call| call.start);
    open.into_iter().try_for_each(each)
}

/// `3, ...) = 17 (flags)` is the arguments and 17; a result of `?` is none: the process died in it.
fn split_result(tail: &str) -> Option<(&str, Option<i64>)> {
    let (args, result) = tail.rsplit_once(" = ")?;
    let args = args.trim_end().strip_suffix(')')?;
    let args = args.strip_suffix("<unfinished ...>").map_or(args, str::trim_end);
    let word = result.split([' ', '<']).next()?;
    let number = match word.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    };
    Some((args, number))
}

/// The bytes of a string as `strace -xx` writes it; `None` if it is not one, or is cut.
pub(crate) fn bytes_of(quoted: &str) -> Option<Vec<u8>> {
    let hex = quoted.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    if hex.len() % 4 != 0 {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    hex.chunks_exact(4).map(|byte| Some(digit(byte[2])? * 16 + digit(byte[3])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_the_halves_of_a_call_and_splits_its_arguments() {
        let trace = "1 pwrite64(3, \"\\x2c\\x29\", 2, 0 <unfinished ...>\n\
                     2 close(4) = 0\n\
                     1 <... pwrite64 resumed>) = 2\n\
                     3 write(5, \"\\x2c\", 1 <unfinished ...>) = ?\n\
                     2 fsync(3 <unfinished ...>\n";
        let mut seen = vec![];
        each_call(trace.as_bytes(), &mut 0, |call| {
            let args = call.args().join("|");
            seen.push((call.name, call.start, call.end, call.result, args));
            Ok(())
        })
        .expect("the trace is well formed");
        let text = |text: &str| text.to_owned();
        assert_eq!(
            seen,
            [
                (text("close"), 2, 2, Some(0), text("4")),
                (text("pwrite64"), 1, 3, Some(2), text("3|\"\\x2c\\x29\"|2|0")),
                (text("write"), 4, usize::MAX, None, text("5|\"\\x2c\"|1")),
                (text("fsync"), 5, usize::MAX, None, text("3")),
            ]
        );
    }
}
