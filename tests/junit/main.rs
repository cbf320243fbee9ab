//! `junit.xml` as its readers see it: a real consumer (`consumer`), the schema Jenkins validates with (`schema`), and a
//! strict XML parser on every text there can be (`any_text`). What is written for programs is held against its own schema
//! (`json_schema`).
//!
//! Most reports are made here, step by step (`draft`); some come from real runs of the binary (`runs`). The expected
//! text is computed from XML's own grammar (`document`), never with the code under test.

#![allow(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod any_text;
mod consumer;
mod document;
mod draft;
mod json_schema;
#[path = "../python/mod.rs"]
mod python;
mod runs;
mod schema;
