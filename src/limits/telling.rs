//! Tells other replicas what this one has learned of Graph.

use std::time::Duration;

use super::GraphPacing;
use super::news::PauseNews;
use crate::domain::Deadline;
use crate::store::SharedPause;

/// How long it may take, and how long after a failure it is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Goes on for as long as it is polled; ends at once where there is no other replica.
pub async fn tell_others(pacing: &GraphPacing) {
    let Some(replicas) = &pacing.replicas else { return };
    loop {
        let (told, pace) = pacing.news().await;
        let until = Deadline::after(PATIENCE);
        let mut failed = false;
        for (news, left) in told.pauses {
            let PauseNews { group, reason, row, learned, .. } = &news;
            let (group, reason, row, learned) = (group.as_ref(), reason.as_str(), *row, *learned);
            let pause = SharedPause { group, left, reason, row, pace, learned };
            if replicas.store().pause(pause, until).await.is_err() {
                failed = true;
                if let Some(others) = &mut pacing.gate().others {
                    others.news.put_back(news);
                }
            }
        }
        // If this fails, one replica after the other tries for itself.
        if told.resumed && replicas.store().resume(until).await.is_err() {
            failed = true;
        }
        if failed {
            tokio::time::sleep(PATIENCE).await;
        }
    }
}
