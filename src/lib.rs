//! Joingate: one door between a company's applications and the WhatsApp Groups join request endpoints of Meta's
//! Graph API.
//!
//! Modules import one way only, from the bottom of this list to the top; a test holds the line.
//!
//! | module | what it does |
//! |---|---|
//! | [`domain`] | the words of the business, without input or output |
//! | [`json`] | JSON that others write, every member once |
//! | [`config`] | every setting with its default, bounds and meaning |
//! | [`telemetry`] | logs, metrics and the audit log |
//! | [`net`] | the one constructor of HTTP clients |
//! | [`store`] | what replicas share: records of keys, decisions, marks |
//! | [`auth`] | internal tokens |
//! | [`limits`] | what callers may use and what is sent to Graph |
//! | [`graph`] | Meta's Graph API: client, retries, code table |
//! | [`moderation`] | listing and deciding |
//! | [`api`] | inbound HTTP: routes, problems, OpenAPI document, docs |
//! | [`app`] | puts everything together and takes it down |
//! | [`cli`] | the commands |

pub mod api;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod domain;
pub mod graph;
pub mod json;
pub mod limits;
pub mod moderation;
pub mod net;
pub mod store;
pub mod telemetry;
