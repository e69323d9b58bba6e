//! An event as one line: a JSON object with the time, the level, the event's own fields and where it comes from.
//!
//! tracing-subscriber writes the same, by way of a map of JSON values for each event.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};
use std::time::SystemTime;

use device_core::profile::needs_escapes;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as lines.
#[derive(Debug)]
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        #[expect(clippy::disallowed_methods, reason = "no rule reads it")]
        let now = humantime::format_rfc3339_micros(SystemTime::now());
        let metadata = event.metadata();
        write!(writer, "{{\"timestamp\":\"{now}\"")?;
        open_member(&mut writer, "level")?;
        writer.write_str(metadata.level().as_str())?;
        writer.write_char('"')?;
        let mut members = Members { writer: &mut writer, outcome: Ok(()), has_target: false };
        event.record(&mut members);
        let Members { outcome, has_target, .. } = members;
        outcome?;
        if !has_target {
            write_member(&mut writer, "target", &metadata.target())?;
        }
        writer.write_str("}\n")
    }
}

/// Writes fields as members.
struct Members<'a, 'w> {
    writer: &'a mut Writer<'w>,
    outcome: fmt::Result,
    /// An event that came by way of the crate `log` says itself where from.
    has_target: bool,
}

impl Members<'_, '_> {
    fn write(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>, &str) -> fmt::Result) {
        let name = match field.name() {
            "log.target" => {
                self.has_target = true;
                "target"
            }
            // The rest of what such an event says of itself: file and line.
            name if name.starts_with("log.") => return,
            name => name.strip_prefix("r#").unwrap_or(name),
        };
        if self.outcome.is_ok() {
            self.outcome = write(self.writer, name);
        }
    }
}

impl Visit for Members<'_, '_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |writer, name| write_number(writer, name, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |writer, name| write_number(writer, name, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |writer, name| write!(writer, ",\"{name}\":{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |writer, name| {
            open_member(writer, name)?;
            Escaped(writer).write_str(value)?;
            writer.write_char('"')
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, |writer, name| write_member(writer, name, &value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |writer, name| write_member(writer, name, &format_args!("{value:?}")));
    }
}

fn write_member(writer: &mut Writer<'_>, name: &str, value: &dyn fmt::Display) -> fmt::Result {
    open_member(writer, name)?;
    write!(Escaped(writer), "{value}")?;
    writer.write_char('"')
}

fn write_number(writer: &mut Writer<'_>, name: &str, value: impl itoa::Integer) -> fmt::Result {
    writer.write_str(",\"")?;
    writer.write_str(name)?;
    writer.write_str("\":")?;
    writer.write_str(itoa::Buffer::new().format(value))
}

fn open_member(writer: &mut Writer<'_>, name: &str) -> fmt::Result {
    writer.write_str(",\"")?;
    writer.write_str(name)?;
    writer.write_str("\":\"")
}

/// Escapes what may not stand in a JSON string (RFC 8259, 7).
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !needs_escapes(text) {
            return self.0.write_str(text);
        }
        let must_be_escaped = |character: char| character < ' ' || matches!(character, '"' | '\\');
        let mut rest = text;
        while let Some(at) = rest.find(must_be_escaped) {
            let (clean, more) = rest.split_at(at);
            self.0.write_str(clean)?;
            let mut characters = more.chars();
            match characters.next() {
                Some(quoted @ ('"' | '\\')) => write!(self.0, "\\{quoted}")?,
                Some(control) => write!(self.0, "\\u{:04x}", u32::from(control))?,
                None => {}
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(log: impl FnOnce()) -> String {
        let written = Written::default();
        let to = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_kind_of_field_is_json() {
        let hostile = "\"\\\n\r\t\0\u{1b}[31m{\"forged\":1}é\u{2028}";
        let missing: Option<&str> = None;
        let line = written(|| {
            let error = io::Error::other(hostile);
            tracing::warn!(
                target: "here",
                text = hostile,
                number = 7_u64,
                negative = -7_i64,
                yes = true,
                debug = ?Some(hostile),
                display = %hostile,
                error = &error as &dyn Error,
                missing,
                "said {hostile}"
            );
        });
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let mut read: Value = serde_json::from_str(&line).unwrap();
        let timestamp = read.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(humantime::parse_rfc3339(timestamp.as_str().unwrap()).is_ok(), "{timestamp}");
        let expected = json!({
            "level": "WARN", "target": "here", "message": format!("said {hostile}"), "text": hostile, "number": 7, "negative": -7, "yes": true,
            "debug": format!("{:?}", Some(hostile)), "display": hostile, "error": hostile,
        });
        assert_eq!(read, expected);
    }
}
