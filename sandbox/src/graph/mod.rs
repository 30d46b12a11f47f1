//! The Graph edge: what is read of a call, in which order it is checked, and how it is answered.

mod access;
mod answer;
mod body;
mod call;
mod catalogue;
mod cursor;
mod debug_token;
mod decide;
mod error;
mod list;
mod page;
mod route;

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use self::answer::Answer;
use self::call::Call;
use self::error::GraphError;
use crate::world::Shared;
use crate::world::faults::FaultSpec;

pub(crate) use self::page::MAX_LIMIT;
pub(crate) use self::route::is_version;

/// Largest request body that is read.
const MAX_BODY: usize = 1024 * 1024;

/// Serves any call outside the control API.
pub(crate) async fn serve(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let body = payload.to_bytes_limited(MAX_BODY).await;
    let body = body.map_err(|_too_large| ()).and_then(|read| read.map_err(|_broken| ()));
    let call = Call::read(&request, body.ok());
    let sequence = shared.lock().calls.open(call.record());
    #[expect(
        clippy::disallowed_methods,
        reason = "like Graph, the work goes on when the caller has hung up; the fault's delay bounds it"
    )]
    let work = actix_web::rt::spawn(work(shared.get_ref().clone(), call, sequence));
    match work.await {
        Ok(answer) => answer.into_response(),
        Err(_panicked_or_stopped) => HttpResponse::InternalServerError().finish(),
    }
}

async fn work(shared: Shared, call: Call, sequence: u64) -> Answer {
    let fault = shared.lock().faults.next_fault();
    let answer = match fault {
        Some(FaultSpec::HttpError { status, body, content_type }) => {
            Answer::raw(status, body.into_bytes(), content_type)
        }
        Some(FaultSpec::Delay(millis)) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            process(&shared, &call)
        }
        None => process(&shared, &call),
    };
    shared.lock().calls.close(sequence, answer.status());
    answer
}

/// Access first, then the quota, then the call itself: a refused caller uses up no throttle.
fn process(shared: &Shared, call: &Call) -> Answer {
    let mut world = shared.lock();
    let trace = world.numbers.trace();
    let mut usage = world.usage;
    let result = access::check(call, &world.token, shared.options.app_secret.as_deref()).and_then(|()| {
        if let Some(throttle) = world.faults.next_throttle() {
            usage = throttle.usage(usage);
            return Err(GraphError::of(throttle.code));
        }
        route::dispatch(shared, &mut world, call)
    });
    drop(world);
    Answer::of(result, &trace, &shared.options.version, usage)
}
