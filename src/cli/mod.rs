//! The commands, one file each.

mod check;
mod openapi;
mod serve;
pub mod token;

pub use check::{CheckError, check};
pub use openapi::print_openapi;
pub use serve::{ServeError, serve};

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

use crate::app::load_settings;
use crate::config::{Environment, GraphSettings, SettingProblems, Settings};
use crate::telemetry::{COMMIT, VERSION};

/// HTTP gateway over the WhatsApp Groups join request endpoints of Meta's Graph API
#[derive(Debug, Parser)]
#[command(version = build(), about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `serve` when nothing is named
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings, for `serve` without its name
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Which program this is: its version, the commit it was built from, and the version of Graph that it is written for.
fn build() -> &'static str {
    static BUILD: LazyLock<String> = LazyLock::new(|| {
        format!("{VERSION} (commit {COMMIT}, Graph API {})", GraphSettings::DEFAULT_VERSION)
    });
    &BUILD
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway (the default)
    Serve(SettingsArgs),
    /// Check every setting, print all problems at once or the settings in force, without secrets
    Check(CheckArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Mint an internal token for development and smoke tests
    Token(token::TokenArgs),
}

/// What `check` checks.
#[derive(Args, Clone, Debug, Default)]
pub struct CheckArgs {
    /// Where the settings are
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Also ask Graph what the tokens are worth: one call for each
    #[arg(long)]
    pub online: bool,
}

/// Where the settings are.
#[derive(Args, Clone, Debug, Default)]
pub struct SettingsArgs {
    /// TOML file, else the one that `JOINGATE_CONFIG` names; `JOINGATE_…` environment variables override it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl SettingsArgs {
    /// Reads the settings from the file and the environment of this process, and checks keys and certificates with
    /// them, so that all problems come back at once.
    fn load(&self) -> Result<Settings, SettingProblems> {
        let environment = Environment::of_process();
        let file = self.config.as_deref().or(environment.config_file());
        load_settings(file, &environment)
    }
}
