//! Which of the unsynced changes a power loss leaves on the disk.

use crate::simulation::Random;

/// When a change was made, in the order of all changes of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// The place among all changes of a sector or a name.
    pub(super) change: u64,
    /// The first change of the same call.
    pub(super) call: u64,
}

/// A rule by which unsynced changes survive.
#[derive(Debug, Clone, Copy)]
pub(super) enum Survival {
    None,
    All,
    /// Each with probability 1/2.
    Half,
    /// What was made before: a disk that writes in order.
    Before(u64),
    /// What was made from then on: a disk that writes the newest first.
    Since(u64),
    /// Each call whole or not at all, with probability 1/2: long records survive as often as short ones.
    Calls {
        seed: u64,
    },
}

impl Survival {
    /// Whether a change survives.
    pub(super) fn keeps(self, stamp: Stamp, random: &mut Random) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Half => random.coin(),
            Self::Before(cut) => stamp.change < cut,
            Self::Since(cut) => stamp.change >= cut,
            // Every sector of a call must get the same answer.
            Self::Calls { seed } => Random::new(seed ^ Random::new(stamp.call).number()).coin(),
        }
    }
}

/// What one power loss does: one rule for all, or another one for each file.
#[derive(Debug)]
pub(super) struct PowerLoss {
    /// Shared by the files, so that "in order" is an order across files.
    cut: u64,
    for_all: Option<Survival>,
}

impl PowerLoss {
    /// A power loss with unsynced changes from `first` to below `end`.
    pub(super) fn new(first: u64, end: u64, random: &mut Random) -> Self {
        let cut = random.between(first.min(end), end);
        let mut loss = Self { cut, for_all: None };
        if random.coin() {
            loss.for_all = Some(loss.survival(random));
        }
        loss
    }

    /// The rule for the next file, or for the names.
    pub(super) fn survival(&self, random: &mut Random) -> Survival {
        self.for_all.unwrap_or_else(|| match random.below(6) {
            0 => Survival::None,
            1 => Survival::All,
            2 => Survival::Half,
            3 => Survival::Before(self.cut),
            4 => Survival::Since(self.cut),
            _ => Survival::Calls { seed: random.number() },
        })
    }
}
