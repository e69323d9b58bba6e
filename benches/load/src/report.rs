//! Figures, and how they are shown.

use serde::Serialize;

use crate::drive::Driven;

const NANOSECONDS_A_US: f64 = 1_000.0;

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// Requests with a good answer.
    pub(crate) answered: u64,
    /// Requests without.
    pub(crate) errors: u64,
    /// What was wrong first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_error: Option<String>,
    pub(crate) seconds: f64,
    /// Good answers.
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    /// Processor time of the server for each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_us_per_request: Option<f64>,
    /// Bytes that the server read from disks for each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_bytes_per_request: Option<f64>,
}

impl Figures {
    pub(crate) fn of(driven: Driven) -> Self {
        let answered = driven.latencies_ns.len();
        let requests = answered + driven.errors;
        let seconds = driven.elapsed.as_secs_f64();
        let each = |used: u64| used as f64 / requests as f64;
        let quantile = |at| driven.latencies_ns.value_at_quantile(at) as f64 / NANOSECONDS_A_US;
        Self {
            answered,
            errors: driven.errors,
            seconds,
            requests_per_second: answered as f64 / seconds,
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            server_us_per_request: driven.server.map(|used| each(used.processor_us)),
            read_bytes_per_request: driven.server.and_then(|used| used.read_bytes).map(each),
            first_error: driven.first_error,
        }
    }

    /// For people, a line a figure.
    pub(crate) fn text(&self) -> String {
        let seen = |figure: Option<f64>, digits, unit| {
            figure.map_or_else(|| "not seen".into(), |used| format!("{used:.digits$} {unit}"))
        };
        let used = seen(self.server_us_per_request, 2, "us");
        let read = seen(self.read_bytes_per_request, 0, "bytes");
        let mut text = format!(
            "answered                  {}\n\
             errors                    {}\n\
             requests a second         {:.0}\n\
             median                    {:.0} us\n\
             99 %                      {:.0} us\n\
             99.9 %                    {:.0} us\n\
             server's processor time   {used} a request\n\
             read from disks           {read} a request",
            self.answered,
            self.errors,
            self.requests_per_second,
            self.p50_us,
            self.p99_us,
            self.p999_us,
        );
        if let Some(error) = &self.first_error {
            text.push_str(&format!("\nfirst error               {error}"));
        }
        text
    }
}
