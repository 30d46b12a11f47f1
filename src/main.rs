//! Picks the command, runs it, and turns its end into an exit code: 0 done, 1 failed, 2 usage or bad settings.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use joingate::app::StartError;
use joingate::cli::token::TokenError;
use joingate::cli::{CheckError, Cli, Command, ServeError, check, print_openapi, serve, token};

const DONE: u8 = 0;
const FAILED: u8 = 1;
const BAD_SETTINGS: u8 = 2;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let Cli { command, settings } = Cli::parse();
    let mut out = std::io::stdout().lock();
    let (code, message) = match command.unwrap_or(Command::Serve(settings)) {
        Command::Serve(args) => {
            // The audit log needs stdout.
            drop(out);
            ended(serve(&args), |error| match error {
                ServeError::Settings(_)
                | ServeError::Audit(_)
                | ServeError::Collector(_)
                | ServeError::Start(
                    StartError::Keys(_)
                    | StartError::Graph(_)
                    | StartError::Certificate(_)
                    | StartError::Store(_)
                    | StartError::Listen { .. },
                ) => BAD_SETTINGS,
                ServeError::Logging(_)
                | ServeError::Traces(_)
                | ServeError::CutOff
                | ServeError::Start(_)
                | ServeError::System(_) => FAILED,
            })
        }
        Command::Check(args) => ended(check(&args, &mut out), |error| match error {
            CheckError::Settings(_) => BAD_SETTINGS,
            CheckError::Output(_) | CheckError::Client(_) | CheckError::Metrics(_) | CheckError::Tokens => {
                FAILED
            }
        }),
        Command::Openapi => ended(print_openapi(&mut out), |_| FAILED),
        Command::Token(args) => ended(token::mint(&args, &mut out), |error| match error {
            TokenError::Algorithm(_) | TokenError::Claim { .. } => USAGE,
            TokenError::KeyFile(_)
            | TokenError::UnusableKey
            | TokenError::Signing(_)
            | TokenError::Output(_) => FAILED,
        }),
    };
    if let Some(message) = message
        && writeln!(std::io::stderr(), "joingate: {}", message.trim_end()).is_err()
    {
        return ExitCode::from(FAILED);
    }
    ExitCode::from(code)
}

fn ended<E: std::fmt::Display>(result: Result<(), E>, code: impl Fn(&E) -> u8) -> (u8, Option<String>) {
    match result {
        Ok(()) => (DONE, None),
        Err(error) => (code(&error), Some(error.to_string())),
    }
}
