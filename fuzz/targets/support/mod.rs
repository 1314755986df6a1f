//! What the targets that build files from a grammar share: choices, and a count of what is allocated.

pub mod choices;
pub mod meter;
pub mod road;
