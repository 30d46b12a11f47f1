//! Random programs of decisions, lists and trouble against the gateway and the sandbox, and what must hold for all
//! of them: what is sent, and what is said.
//!
//! `JOINGATE_MODEL_PROGRAMS` sets how many programs are run, `JOINGATE_MODEL_SEED` where they begin.

mod gateway;
mod play;
mod program;
mod record;
mod said;
mod sent;
mod tally;

use std::panic::resume_unwind;
use std::thread;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::gateway::Gateway;
use self::program::{Program, programs};
use self::record::Record;
use self::tally::Tally;

/// Programs that run at the same time, each on a gateway of its own: they mostly wait.
const AT_ONCE: usize = 16;
const PROGRAMS: u32 = 2_000;
/// Tries to make a program that fails smaller.
const SHRINKS: u32 = 300;

#[test]
fn every_program_of_decisions_is_told_the_truth() {
    let programs = number("JOINGATE_MODEL_PROGRAMS").unwrap_or(u64::from(PROGRAMS));
    let seed = number("JOINGATE_MODEL_SEED").unwrap_or(1);
    let each = u32::try_from(programs.div_ceil(AT_ONCE as u64)).unwrap();
    let run = |worker| thread::spawn(move || run(worker, seed, each));
    let workers = (0..AT_ONCE).map(run).collect::<Vec<_>>();
    let ends = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
    let (tallies, failures): (Vec<_>, Vec<_>) = ends.unzip();
    let tally = tallies.into_iter().fold(Tally::default(), Tally::plus);
    println!("{tally}");
    let failures = failures.into_iter().flatten().collect::<Vec<_>>();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    tally.assert_everything_occurred(programs);
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting of the gateway")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// Runs programs one after another; the smallest one that fails, as a text.
fn run(worker: usize, seed: u64, programs_to_run: u32) -> (Tally, Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gateway = runtime.block_on(Gateway::start(worker));
    let mut seeds = [0; 32];
    seeds[..8].copy_from_slice(&seed.to_le_bytes());
    seeds[8..16].copy_from_slice(&(worker as u64).to_le_bytes());
    let config = Config {
        cases: programs_to_run,
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seeds));
    let tally = std::cell::RefCell::new(Tally::default());
    let result = runner.run(&programs(), |program| {
        let record = runtime.block_on(play::play(&gateway, &program));
        tally.borrow_mut().count(&record);
        if record.is_out_of_order() { Ok(()) } else { judge(&record) }
    });
    runtime.block_on(gateway.stop());
    let failure = match result {
        Ok(()) => None,
        Err(TestError::Fail(reason, program)) => Some(describe(worker, seed, reason.message(), &program)),
        Err(TestError::Abort(reason)) => Some(format!("worker {worker} gave up: {reason}")),
    };
    (tally.into_inner(), failure)
}

fn judge(record: &Record) -> Result<(), TestCaseError> {
    let mut findings = record.findings.clone();
    sent::check(record, &mut findings);
    said::check(record, &mut findings);
    if findings.is_empty() {
        return Ok(());
    }
    let requests = record.requests.iter().map(|request| format!("{request:#?}")).collect::<Vec<_>>();
    let calls = record.calls.iter().map(|call| format!("{call:?}")).collect::<Vec<_>>();
    let effects = record.effects.iter().map(|effect| format!("{effect:?}")).collect::<Vec<_>>();
    let instances = record.instances.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>();
    let parts = [findings, requests, calls, effects, instances];
    Err(TestCaseError::fail(parts.map(|part| part.join("\n")).join("\n---\n")))
}

fn describe(worker: usize, seed: u64, reason: &str, program: &Program) -> String {
    format!("seed {seed}, worker {worker}: the smallest program that fails is\n{program:#?}\n{reason}")
}
