//! Where a simulation may plant a fault, to show that it would be found. Without the feature `simulation` there is nothing here but `false`.

/// Whether the fault of that name ([`Plant`](crate::simulation::Plant)) is planted.
#[cfg(feature = "simulation")]
macro_rules! planted {
    ($fault:ident) => {
        $crate::simulation::is_planted($crate::simulation::Plant::$fault)
    };
}

#[cfg(not(feature = "simulation"))]
macro_rules! planted {
    ($fault:ident) => {
        $crate::planted::NEVER
    };
}

/// No fault is planted. By a name, since lints say of a plain `false` that it is not needed.
#[cfg(not(feature = "simulation"))]
pub(crate) const NEVER: bool = false;

pub(crate) use planted;
