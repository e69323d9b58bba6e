use std::fmt;

/// What a check command found in one crash image.
///
/// The command says it by its exit code. A command that dies by itself is judged by the last
/// line `phase <name>` that it printed: in phase `open`, the store did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Exit code 0: everything that was promised is there.
    Survived,
    /// Exit code 10, or death while opening.
    OpenFailed,
    /// Exit code 11: something acknowledged is missing or older than promised.
    Lost,
    /// Exit code 12: a batch is there in part.
    Torn,
    /// Exit code 13: a value that was never written.
    Garbage,
    /// Exit code 14, or death after opening: it cannot be read completely or written further.
    Unusable,
    /// No answer within the time limit.
    Hung,
}

impl Verdict {
    /// Every verdict, in the order of the table's columns.
    pub const ALL: [Self; 7] = [
        Self::Survived,
        Self::OpenFailed,
        Self::Lost,
        Self::Torn,
        Self::Garbage,
        Self::Unusable,
        Self::Hung,
    ];

    /// The verdict of a command that ended by itself.
    pub fn of(exit_code: Option<i32>, phase: Option<&str>) -> Self {
        match (exit_code, phase) {
            (Some(0), _) => Self::Survived,
            (Some(10), _) => Self::OpenFailed,
            (Some(11), _) => Self::Lost,
            (Some(12), _) => Self::Torn,
            (Some(13), _) => Self::Garbage,
            (Some(14), _) => Self::Unusable,
            (_, None | Some("open")) => Self::OpenFailed,
            (_, Some(_)) => Self::Unusable,
        }
    }

    /// The exit code by which a check command says it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Survived => 0,
            Self::OpenFailed => 10,
            Self::Lost => 11,
            Self::Torn => 12,
            Self::Garbage => 13,
            Self::Unusable | Self::Hung => 14,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Survived => "survived",
            Self::OpenFailed => "open failed",
            Self::Lost => "lost",
            Self::Torn => "torn",
            Self::Garbage => "garbage",
            Self::Unusable => "unusable",
            Self::Hung => "hung",
        })
    }
}
