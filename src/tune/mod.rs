//! Finding the best: what no other point beats.

pub mod pareto;
