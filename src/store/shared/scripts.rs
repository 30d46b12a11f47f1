//! What is done in Redis, each operation as one script: it happens whole or not at all, by Redis' own clock.

use redis::Script;

/// The scripts, sent once and called by their hash from then on.
pub(super) struct Scripts {
    pub(super) claim: Script,
    pub(super) write: Script,
    pub(super) remove: Script,
    pub(super) remember: Script,
    pub(super) forget: Script,
    pub(super) mark: Script,
    pub(super) units: Script,
    pub(super) call: Script,
    pub(super) pause: Script,
    pub(super) resume: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            claim: Script::new(include_str!("scripts/claim.lua")),
            write: Script::new(include_str!("scripts/write.lua")),
            remove: Script::new(include_str!("scripts/remove.lua")),
            remember: Script::new(include_str!("scripts/remember.lua")),
            forget: Script::new(include_str!("scripts/forget.lua")),
            mark: Script::new(include_str!("scripts/mark.lua")),
            units: Script::new(include_str!("scripts/units.lua")),
            call: Script::new(include_str!("scripts/call.lua")),
            pause: Script::new(include_str!("scripts/pause.lua")),
            resume: Script::new(include_str!("scripts/resume.lua")),
        }
    }
}
