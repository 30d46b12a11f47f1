//! `joingate check`: every setting, without starting anything.

use std::io::Write;

use super::SettingsArgs;
use crate::config::SettingProblems;

/// The settings do not hold.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Values, and what they point to.
    #[error(transparent)]
    Settings(#[from] SettingProblems),
    /// The result cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// Checks the settings and what they point to, and prints what is in force.
pub fn check(args: &SettingsArgs, out: &mut impl Write) -> Result<(), CheckError> {
    let settings = args.load()?;
    for setting in &settings.effective {
        let value = if setting.value.is_empty() { "–" } else { &setting.value };
        let changes = match (setting.is_live(), setting.from_environment) {
            (true, true) => ", fixed",
            (true, false) if settings.source.file().is_some() => ", re-read while running",
            (true | false, _) => "",
        };
        writeln!(out, "{} = {value}  ({}{changes})", setting.key, setting.source)?;
    }
    writeln!(out, "The settings are valid.")?;
    Ok(())
}
