//! The settings that may change while running, and where they are read again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::entries::{Environment, content_of};
use super::{Effective, LimitSettings, LogLevel, Settings};

/// What may change while running. Everything else holds from start to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSettings {
    /// `graph.read_only`
    pub read_only: bool,
    /// `telemetry.level`
    pub level: LogLevel,
    /// `[limits]`
    pub limits: LimitSettings,
}

/// Where settings come from.
#[derive(Clone, Debug)]
pub struct SettingsSource {
    file: Option<PathBuf>,
    environment: Environment,
}

impl SettingsSource {
    /// A file, if there is one, with the environment over it.
    pub fn new(file: Option<&Path>, environment: Environment) -> Self {
        Self { file: file.map(Path::to_path_buf), environment }
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What overrides it.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Tells the content of the file at this moment from another; `None` when it cannot be read, or there is none.
    pub fn stamp(&self) -> Option<u64> {
        let content = content_of(self.file.as_deref()?).ok()?;
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Some(hasher.finish())
    }
}

impl LiveSettings {
    /// The part of these that may change while running.
    pub fn of(settings: &Settings) -> Self {
        Self {
            read_only: settings.graph.read_only,
            level: settings.telemetry.level,
            limits: settings.limits.clone(),
        }
    }
}

/// The keys whose values differ although a running gateway cannot take them.
pub fn needing_restart(running: &[Effective], read: &[Effective]) -> Vec<String> {
    let fixed = |settings: &[Effective]| {
        let fixed = settings.iter().filter(|setting| !setting.is_live());
        fixed.map(|setting| (setting.key.clone(), setting.value.clone())).collect::<BTreeMap<_, _>>()
    };
    let (running, read) = (fixed(running), fixed(read));
    let changed = running.keys().chain(read.keys()).filter(|key| running.get(*key) != read.get(*key));
    let mut changed = changed.cloned().collect::<Vec<_>>();
    changed.sort();
    changed.dedup();
    changed
}
