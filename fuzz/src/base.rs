//! What rendering needs of it.

pub mod visible;
