//! Reads `junit.xml` like its consumers: with a real consumer (`consumer`), with the rules of the schema that Jenkins
//! uses (`schema`), and with a strict XML parser for arbitrary text (`any_text`). JSON output is checked against its
//! own schema (`json_schema`).
//!
//! Most reports are built here, step by step (`draft`); some are from real runs of the binary (`runs`). The expected
//! text is computed from XML's own grammar (`document`), never with the code under test.

#![allow(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod any_text;
mod consumer;
mod document;
mod draft;
mod json_schema;
mod runs;
mod schema;
