//! The committed corpus of the fuzz targets, run as a plain test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use checks::CHECKS;

#[path = "../../fuzz/checks/mod.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets call these from another package")]
mod checks;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz");

/// In byte order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = listed.map(|entry| entry.unwrap().path()).collect::<BTreeSet<_>>();
    paths.into_iter().collect()
}

fn names(folder: &str) -> Vec<String> {
    let paths = entries(&Path::new(FUZZ).join(folder));
    paths.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_check_holds_for_every_file_of_its_corpus() {
    for (name, check) in CHECKS {
        let files = entries(&Path::new(FUZZ).join("corpus").join(name));
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            // Shown when the check panics.
            println!("{}", file.display());
            check(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_check_has_a_target_and_a_corpus_and_there_are_no_others() {
    let manifest = fs::read_to_string(format!("{FUZZ}/Cargo.toml")).unwrap();
    let manifest = toml::from_str::<toml::Table>(&manifest).unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap());
    let checks = CHECKS.map(|(name, _)| name);
    assert_eq!(bins.collect::<Vec<_>>(), checks);
    assert_eq!(names("fuzz_targets"), checks);
    assert_eq!(names("corpus"), checks);
}

#[test]
fn the_corpus_is_small() {
    let files = CHECKS.iter().flat_map(|(name, _)| entries(&Path::new(FUZZ).join("corpus").join(name)));
    let sizes = files.map(|file| fs::metadata(file).unwrap().len()).collect::<Vec<_>>();
    assert!(sizes.len() <= 300, "{} files", sizes.len());
    assert!(sizes.iter().sum::<u64>() <= 300 * 1024, "{} bytes", sizes.iter().sum::<u64>());
}
