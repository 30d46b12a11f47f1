//! Work shared by all who ask for the same group. Whoever asks joins only work that begins after that moment, so of a
//! group at most one piece runs and one waits for it to end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::Instrument;

use crate::domain::{Deadline, GroupId};

/// What came of shared work.
#[derive(Debug)]
pub(super) struct Landed<T> {
    /// The result.
    pub(super) value: T,
    /// How long this one waited until the work began.
    pub(super) queued: Duration,
    /// Whether somebody else had asked for it already.
    pub(super) joined: bool,
}

/// Why somebody got no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// The work had not begun by then; this long its beginning had been waited for.
    Queued(Duration),
    /// The work had not ended by then; this long it had been waited for.
    Running(Duration),
    /// The work died.
    Died,
}

/// All that is under way. Work outlives the caller that began it, so it must be begun on a runtime that does, too.
pub(super) struct SingleFlight<T> {
    lines: Arc<Lines<T>>,
    tasks: TaskTracker,
}

type Work<T> = Box<dyn FnOnce(Deadline) -> BoxFuture<'static, T> + Send>;

#[derive(Clone, Debug)]
enum Progress<T> {
    Queued,
    Running(Instant),
    Ended(Instant, T),
}

/// Work that has not begun.
struct Queued<T> {
    progress: watch::Sender<Progress<T>>,
    /// The latest deadline of all who wait for it.
    until: Deadline,
    work: Work<T>,
}

/// What goes on for one group. It is there only while something does.
struct Line<T> {
    running: watch::Sender<Progress<T>>,
    queued: Option<Queued<T>>,
}

struct Lines<T>(Mutex<HashMap<GroupId, Line<T>>>);

/// Takes the line away if its task dies: who still waits learns of it, and the next one begins anew.
struct TaskOfLine<T> {
    lines: Arc<Lines<T>>,
    group: GroupId,
    done: bool,
}

impl<T: Clone + Send + Sync + 'static> SingleFlight<T> {
    pub(super) fn new() -> Self {
        Self { lines: Arc::new(Lines(Mutex::default())), tasks: TaskTracker::new() }
    }

    /// The result of work that begins from now on: of `work`, or of what somebody else asked for. It is given the latest
    /// deadline of all who wait for it, and ends early when none of them does any more.
    pub(super) async fn fly<F>(
        &self,
        group: &GroupId,
        until: Deadline,
        work: impl FnOnce(Deadline) -> F + Send + 'static,
    ) -> Result<Landed<T>, Missed>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let asked = Instant::now();
        let (mut progress, joined) = self.join(group, until, Box::new(|until| work(until).boxed()));
        let (began, value) = ended(&mut progress, asked, until).await?;
        Ok(Landed { value, queued: began.saturating_duration_since(asked), joined })
    }

    /// Waits for the end of what runs at the moment, if anything does that began so long ago at most.
    pub(super) async fn running_ended(&self, group: &GroupId, began_within: Duration, until: Deadline) {
        let running = self.lines.lock().get(group).map(|line| line.running.subscribe());
        let Some(mut progress) = running else { return };
        // For as long as its result would do.
        let left = match *progress.borrow() {
            Progress::Running(began) => began_within.saturating_sub(began.elapsed()),
            Progress::Queued | Progress::Ended(..) => began_within,
        };
        if !left.is_zero() {
            // Without a result there is simply nothing to be had from it.
            drop(ended(&mut progress, Instant::now(), until.capped(left)).await);
        }
    }

    /// The result of work that nobody else may share. It ends with whoever waits for it.
    pub(super) async fn alone(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let task = self.tasks.spawn(work.in_current_span());
        AbortOnDropHandle::new(task).await.ok()
    }

    fn join(&self, group: &GroupId, until: Deadline, work: Work<T>) -> (watch::Receiver<Progress<T>>, bool) {
        let mut lines = self.lines.lock();
        let queued = |work| {
            let (progress, receiver) = watch::channel(Progress::Queued);
            (Queued { progress, until, work }, receiver)
        };
        match lines.get_mut(group) {
            Some(Line { queued: Some(next), .. }) => {
                next.until = next.until.max(until);
                (next.progress.subscribe(), true)
            }
            Some(line) => {
                let (next, receiver) = queued(work);
                line.queued = Some(next);
                (receiver, false)
            }
            None => {
                let (first, receiver) = queued(work);
                lines.insert(group.clone(), Line { running: first.progress.clone(), queued: None });
                let task = TaskOfLine { lines: Arc::clone(&self.lines), group: group.clone(), done: false };
                // In nobody's span: it goes on to the work of others.
                self.tasks.spawn(task.run(first));
                (receiver, false)
            }
        }
    }
}

/// Waits until the work has ended.
async fn ended<T: Clone>(
    progress: &mut watch::Receiver<Progress<T>>,
    asked: Instant,
    until: Deadline,
) -> Result<(Instant, T), Missed> {
    let is_end = |progress: &Progress<T>| matches!(progress, Progress::Ended(..));
    let end = async { progress.wait_for(is_end).await.map(|end| end.clone()) };
    let progress = match tokio::time::timeout_at(until.at().into(), end).await {
        Ok(end) => end.map_err(|_closed| Missed::Died)?,
        Err(_elapsed) => progress.borrow().clone(),
    };
    match progress {
        Progress::Queued => Err(Missed::Queued(asked.elapsed())),
        Progress::Running(began) => Err(Missed::Running(began.max(asked).elapsed())),
        Progress::Ended(began, value) => Ok((began, value)),
    }
}

impl<T: Clone> TaskOfLine<T> {
    async fn run(mut self, first: Queued<T>) {
        let mut next = Some(first);
        while let Some(Queued { progress, until, work }) = next {
            let began = Instant::now();
            progress.send_replace(Progress::Running(began));
            tokio::select! {
                biased;
                value = work(until) => drop(progress.send_replace(Progress::Ended(began, value))),
                () = progress.closed() => (),
            }
            next = self.lines.next(&self.group);
        }
        self.done = true;
    }
}

impl<T> Drop for TaskOfLine<T> {
    fn drop(&mut self) {
        // At a regular end it is gone already, and somebody may have begun another.
        if !self.done {
            self.lines.lock().remove(&self.group);
        }
    }
}

impl<T> Lines<T> {
    /// What is to run next; without it the line is gone.
    fn next(&self, group: &GroupId) -> Option<Queued<T>> {
        let mut lines = self.lock();
        let line = lines.get_mut(group)?;
        let next = line.queued.take().filter(|next| next.progress.receiver_count() > 0);
        match &next {
            Some(next) => line.running = next.progress.clone(),
            None => drop(lines.remove(group)),
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GroupId, Line<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for SingleFlight<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SingleFlight")
            .field("groups", &self.lines.lock().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use futures_util::poll;
    use tokio::sync::Semaphore;

    use super::*;

    fn group() -> GroupId {
        GroupId::parse("a").unwrap()
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_mins(1))
    }

    /// Work that numbers itself as it begins, and ends once for every permit.
    struct Bench {
        flights: SingleFlight<usize>,
        begun: Arc<AtomicUsize>,
        gate: Arc<Semaphore>,
    }

    impl Bench {
        fn new() -> Self {
            let flights = SingleFlight::new();
            Self { flights, begun: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
        }

        async fn fly(&self, until: Deadline) -> Result<Landed<usize>, Missed> {
            let (begun, gate) = (Arc::clone(&self.begun), Arc::clone(&self.gate));
            let work = |_until| async move {
                let number = begun.fetch_add(1, Ordering::Relaxed);
                gate.acquire_owned().await.unwrap().forget();
                number
            };
            self.flights.fly(&group(), until, work).await
        }

        async fn has_begun(&self, works: usize) {
            while self.begun.load(Ordering::Relaxed) < works {
                tokio::task::yield_now().await;
            }
        }

        fn is_idle(&self) -> bool {
            self.flights.lines.lock().is_empty()
        }

        async fn becomes_idle(&self) {
            while !self.is_idle() {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn whoever_asks_while_work_runs_shares_the_next_one() {
        let bench = Bench::new();
        let mut first = Box::pin(bench.fly(soon()));
        assert!(poll!(&mut first).is_pending());
        bench.has_begun(1).await;
        let mut others = Box::pin(join_all((0..1000).map(|_| bench.fly(soon()))));
        assert!(poll!(&mut others).is_pending());
        bench.gate.add_permits(2);
        let first = first.await.unwrap();
        assert_eq!((first.value, first.joined), (0, false));
        let others = others.await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert!(others.iter().all(|landed| landed.value == 1));
        assert_eq!(others.iter().filter(|landed| !landed.joined).count(), 1);
        bench.becomes_idle().await;
        assert_eq!(bench.begun.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_caller_that_leaves_ends_nothing_for_the_others() {
        let bench = Bench::new();
        let (mut first, mut second) = (Box::pin(bench.fly(soon())), Box::pin(bench.fly(soon())));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        bench.has_begun(1).await;
        drop(second);
        let mut third = Box::pin(bench.fly(soon()));
        assert!(poll!(&mut third).is_pending());
        bench.gate.add_permits(2);
        assert_eq!(first.await.unwrap().value, 0);
        assert_eq!(third.await.unwrap().value, 1);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_ends_and_does_not_begin() {
        let bench = Bench::new();
        let (mut first, mut second) = (Box::pin(bench.fly(soon())), Box::pin(bench.fly(soon())));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        bench.has_begun(1).await;
        drop((first, second));
        bench.becomes_idle().await;
        assert_eq!(bench.begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn everybody_waits_for_the_own_deadline_and_the_work_has_the_latest() {
        let bench = Bench::new();
        let mut running = Box::pin(bench.fly(soon()));
        assert!(poll!(&mut running).is_pending());
        bench.has_begun(1).await;
        let now = Deadline::after(Duration::ZERO);
        assert!(matches!(bench.fly(now).await.unwrap_err(), Missed::Queued(_)));
        let latest = soon();
        let given = |until| async move { until };
        let flights = SingleFlight::new();
        let name = group();
        let mut block = Box::pin(flights.fly(&name, soon(), given));
        assert!(poll!(&mut block).is_pending());
        let queue =
            [Deadline::after(Duration::from_secs(30)), latest, Deadline::after(Duration::from_secs(20))];
        let waiting = join_all(queue.map(|until| flights.fly(&name, until, given)));
        let (_, waiting) = tokio::join!(block, waiting);
        assert!(waiting.into_iter().all(|landed| landed.unwrap().value == latest));
        let mut late = Box::pin(bench.fly(Deadline::after(Duration::from_millis(50))));
        assert!(poll!(&mut late).is_pending());
        bench.gate.add_permits(1);
        drop(running.await);
        assert!(matches!(late.await.unwrap_err(), Missed::Running(_)));
    }

    #[tokio::test]
    async fn work_that_dies_leaves_nobody_waiting() {
        let flights = SingleFlight::<()>::new();
        let name = group();
        let die = |_until| async { panic!("it dies") };
        let (first, second) = tokio::join!(flights.fly(&name, soon(), die), flights.fly(&name, soon(), die));
        assert_eq!((first.unwrap_err(), second.unwrap_err()), (Missed::Died, Missed::Died));
        assert!(flights.lines.lock().is_empty());
        assert!(flights.fly(&name, soon(), |_until| async {}).await.is_ok());
    }

    #[tokio::test]
    async fn only_work_young_enough_is_worth_waiting_for() {
        let bench = Bench::new();
        let mut running = Box::pin(bench.fly(soon()));
        assert!(poll!(&mut running).is_pending());
        bench.has_begun(1).await;
        let name = group();
        bench.flights.running_ended(&name, Duration::ZERO, soon()).await;
        let mut end = Box::pin(bench.flights.running_ended(&name, Duration::from_mins(1), soon()));
        assert!(poll!(&mut end).is_pending());
        bench.gate.add_permits(1);
        end.await;
        assert!(running.await.is_ok());
    }
}
