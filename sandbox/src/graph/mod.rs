//! The Graph edge: what is read of a call, in which order it is checked, and how it is answered.

mod access;
mod answer;
mod body;
mod call;
mod catalogue;
mod connection;
mod cursor;
mod debug_token;
mod decide;
mod error;
mod list;
mod page;
mod route;

use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, web};

use self::answer::{Answer, Common, Success};
use self::call::Call;
use self::connection::Connection;
use self::error::GraphError;
use crate::world::faults::AnswerFault;
use crate::world::throttle::Throttle;
use crate::world::usage::Usage;
use crate::world::{Shared, World};

pub(crate) use self::connection::keep_socket;
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
    let mut call = Call::read(&request, body.ok());
    admit(&shared, &mut call);
    let met = call.met.clone();
    #[expect(
        clippy::disallowed_methods,
        reason = "like Graph, the work goes on when the caller has hung up; its bounds end it"
    )]
    let work = actix_web::rt::spawn(work(shared.get_ref().clone(), call));
    let Ok(answer) = work.await else { return HttpResponse::InternalServerError().finish() };
    if met.fault.answer.is_proper() {
        return answer.into_response();
    }
    match Connection::of(&request) {
        Ok(connection) => connection.spoil(&answer, &met.fault.answer).await,
        Err(_out_of_sockets) => HttpResponse::InternalServerError().finish(),
    }
}

/// Gives the call its number and its fault. One step: calls meet the orders as they are numbered.
fn admit(shared: &Shared, call: &mut Call) {
    let (group, verb) = call.subject();
    let mut world = shared.lock();
    let World { faults, latency, chance, .. } = &mut *world;
    call.met = faults.meet(group.as_deref(), verb);
    call.latency = latency.draw(chance);
    call.sequence = world.calls.open(call.record());
}

async fn work(shared: Shared, call: Call) -> Answer {
    let fault = &call.met.fault;
    wait(Duration::from_millis(fault.delay_ms)).await;
    let mut answer = process(&shared, &call);
    if let AnswerFault::Error { status, body, content_type } = &fault.answer {
        answer = answer.replaced_by(*status, body, content_type);
    }
    wait(call.latency).await;
    if fault.answer.is_sent() {
        shared.lock().calls.close(call.sequence, answer.status());
    }
    answer
}

async fn wait(time: Duration) {
    // Even a sleep of no time would wait for the timer's next tick.
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn process(shared: &Shared, call: &Call) -> Answer {
    let mut guard = shared.lock();
    let world = &mut *guard;
    let trace = world.numbers.trace();
    let mut usage = None;
    let result = answer(shared, world, call, &mut usage);
    let usage = usage.unwrap_or_else(|| world.meter.usage(world.usage, Instant::now()));
    let (date, styles, version) = (world.clock.date(), world.styles, &shared.options.version);
    drop(guard);
    Answer::of(result, Common { date, trace: &trace, version, usage, styles })
}

/// Access first, then the quotas, then the call itself: a refused caller uses up nothing. A throttle
/// has a usage of its own to report.
fn answer(
    shared: &Shared,
    world: &mut World,
    call: &Call,
    usage: &mut Option<Usage>,
) -> Result<Success, GraphError> {
    let now = world.clock.now();
    let token = access::check(call, &world.tokens, now, shared.options.app_secret.as_deref())?;
    if call.subject().1.is_some() {
        access::permit(token)?;
    }
    let token = token.spec.token.clone();
    if let Some(throttle) = Throttle::refuse(&mut world.throttle) {
        *usage = Some(throttle.usage(world.usage));
        return Err(GraphError::of(throttle.code));
    }
    world.meter.take_app(Instant::now()).map_err(GraphError::over)?;
    route::dispatch(shared, world, call, &token)
}
