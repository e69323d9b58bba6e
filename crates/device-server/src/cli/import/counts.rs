//! What an import did, summed up.

use std::collections::BTreeMap;

use device_core::DeviceKind;

use crate::cli::{Exit, Output};

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) users: u64,
    pub(super) devices: BTreeMap<DeviceKind, u64>,
    pub(super) written: u64,
    pub(super) unchanged: u64,
    pub(super) left_alone: u64,
    pub(super) rejected: u64,
}

impl Counts {
    pub(super) fn exit(&self) -> Exit {
        match (self.rejected, self.left_alone) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Conflict,
            _ => Exit::Failed,
        }
    }

    pub(super) fn print(&self, output: Output) {
        let devices = |separator, quote| {
            let each = self
                .devices
                .iter()
                .map(|(kind, count)| format!("{quote}{kind}{quote}{separator}{count}"));
            each.collect::<Vec<_>>().join(",")
        };
        let Self { users, written, unchanged, left_alone, rejected, .. } = self;
        match output {
            Output::Text => eprintln!(
                "{users} users ({}): {written} sets written, {unchanged} unchanged, {left_alone} left alone, {rejected} rejected",
                devices(" ", "")
            ),
            Output::Json => println!(
                "{{\"users\":{users},\"devices\":{{{}}},\"written\":{written},\"unchanged\":{unchanged},\
                 \"left_alone\":{left_alone},\"rejected\":{rejected}}}",
                devices(":", "\"")
            ),
        }
    }
}
