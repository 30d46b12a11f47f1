//! What is wrong with the settings, said so that the reader can mend it.

use std::fmt;

/// One thing wrong: which key, where it came from, what is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblem {
    /// Dotted key, such as `server.listen`.
    pub key: String,
    /// Where the value came from: the file, the environment variable, or nowhere.
    pub source: String,
    /// What is wrong, and what would be right. Never the value of a secret.
    pub message: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}): {}", self.key, self.source, self.message)
    }
}

/// Everything wrong with the settings, in the order of the sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblems(pub Vec<SettingProblem>);

impl SettingProblems {
    /// All of them in one line, for a log.
    pub fn one_line(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for SettingProblems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One stands in the one line that it needs.
        if let [only] = self.0.as_slice() {
            return writeln!(formatter, "1 problem in the settings: {only}");
        }
        writeln!(formatter, "{} problems in the settings:", self.0.len())?;
        for problem in &self.0 {
            writeln!(formatter, "  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingProblems {}
