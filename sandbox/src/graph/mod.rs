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

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use self::answer::Answer;
use self::call::Call;
use self::connection::Connection;
use self::error::GraphError;
use crate::world::Shared;
use crate::world::faults::AnswerFault;
use crate::world::throttle::Throttle;

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
    call.met = world.faults.meet(group.as_deref(), verb);
    call.sequence = world.calls.open(call.record());
}

async fn work(shared: Shared, call: Call) -> Answer {
    let fault = &call.met.fault;
    if fault.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    let mut answer = process(&shared, &call);
    if let AnswerFault::Error { status, body, content_type } = &fault.answer {
        answer = answer.replaced_by(*status, body, content_type);
    }
    if fault.answer.is_sent() {
        shared.lock().calls.close(call.sequence, answer.status());
    }
    answer
}

/// Access first, then the quota, then the call itself: a refused caller uses up no throttle.
fn process(shared: &Shared, call: &Call) -> Answer {
    let mut world = shared.lock();
    let trace = world.numbers.trace();
    let date = world.clock.date();
    let mut usage = world.usage;
    let result = access::check(call, &world.token, shared.options.app_secret.as_deref()).and_then(|()| {
        if let Some(throttle) = Throttle::refuse(&mut world.throttle) {
            usage = throttle.usage(usage);
            return Err(GraphError::of(throttle.code));
        }
        route::dispatch(shared, &mut world, call)
    });
    drop(world);
    Answer::of(result, date, &trace, &shared.options.version, usage)
}
