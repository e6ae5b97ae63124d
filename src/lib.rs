//! Veilway links the records of people across services without anyone who links, or who
//! analyses, seeing who they are, and turns the linked records into client pathways.
//!
//! Data walks through rooms, left to right, and nothing right of the gate can name a type
//! that holds a name or a birth date:
//!
//! ```text
//!  CLEAR SIDE: sees names                    │ GATE  │   CODED SIDE: sees tokens only
//!  sources ─► standardise ─► slk ─► encode ─►│package│─► link ─────────► pathways ─► report
//!   rows        Person       Slk581  Encoded │ file  │   block ► compare
//!                                            │       │   ► score ► cluster
//!  under all rooms: project · error · progress · files · ids · days      clear side only: key
//!  beneath both sides: engine                                     coded side only: kernel
//! ```
//!
//! `ARCHITECTURE.md` has one paragraph a room: what comes in, what goes out, what it must
//! never see.

// Tests make their own files; see `clippy.toml`.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod bench;
mod clear;
pub mod cli;
pub mod config;
pub mod days;
pub mod deidentify;
pub mod demo;
pub mod dex;
pub mod disclosure;
pub mod encode;
mod engine;
pub mod error;
pub mod evaluate;
pub mod files;
pub mod ids;
pub mod kernel;
pub mod key;
pub mod link;
pub mod package;
pub mod pathways;
pub mod progress;
pub mod project;
pub mod quality;
pub mod release;
pub mod report;
pub mod slk;
pub mod sources;
pub mod standard;
pub mod standardise;
pub mod synth;

pub use error::{Class, Error};
