//! `joingate check`: every setting, without starting anything.

use std::io::Write;

use super::SettingsArgs;
use crate::auth::{KeyProblems, Verifier};
use crate::config::SettingProblems;
use crate::net::{ClientError, http_client};

/// The settings do not hold.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Values.
    #[error(transparent)]
    Settings(#[from] SettingProblems),
    /// Keys of issuers.
    #[error(transparent)]
    Keys(#[from] KeyProblems),
    /// Certificates and proxies.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The result cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// Checks the settings and what they point to, and prints what is in force.
pub fn check(args: &SettingsArgs, out: &mut impl Write) -> Result<(), CheckError> {
    let settings = args.load()?;
    Verifier::new(&settings.auth)?;
    http_client(&settings.graph)?;
    for setting in &settings.effective {
        let value = if setting.value.is_empty() { "–" } else { &setting.value };
        writeln!(out, "{} = {value}  ({})", setting.key, setting.source)?;
    }
    writeln!(out, "The settings are valid.")?;
    Ok(())
}
