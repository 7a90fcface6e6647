//! A sweep: the cross product of layers, parameter sets, algorithms and reductions, point by point.
//!
//! Every finished point is a row at once: a record, or the reason why there is none. Rows in a file
//! survive whatever stops the sweep, and the rest can be run later, or in shards on several machines.

mod difference;
mod execute;
mod file;
mod lines;
mod points;
mod resume;
mod shard;
mod table;
#[cfg(test)]
pub(in crate::tune) mod testing;

pub use difference::Differences;
pub use execute::{Measure, Pace, Stop, execute};
pub use file::{FileError, Resumed, RowFile};
pub use lines::{Format, Standing, Tally};
pub(in crate::tune) use points::distinct;
pub use points::{MAX_POINTS, Point, PointKey, Settings, Sweep, SweepError};
pub use shard::Shard;
pub use table::TableFile;
