//! The control API: [`Control`](crate::Control) as JSON under `/_sandbox`, for tools that are not
//! written in Rust. It asks for no token: listen on a loopback address only.

pub(crate) mod document;
mod faults;
mod groups;
mod record;
mod refusal;
mod settings;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, Route, web};

use self::refusal::Refusal;

/// Where the control API begins.
const PREFIX: &str = "/_sandbox";
/// Largest body of an instruction.
const MAX_INSTRUCTION: usize = 1024 * 1024;

type Answer = Result<HttpResponse, Refusal>;

/// The answer to an instruction that leaves nothing to tell.
fn done((): ()) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The one table of routes; paths are relative to [`PREFIX`].
fn endpoints() -> Vec<(&'static str, &'static str, Route)> {
    use web::{delete, get, post, put};
    vec![
        ("GET", "", get().to(document::index)),
        ("GET", "/openapi.json", get().to(document::serve)),
        ("GET", "/groups", get().to(groups::list)),
        ("POST", "/groups", post().to(groups::create)),
        ("DELETE", "/groups/{group_id}", delete().to(groups::delete)),
        ("PUT", "/groups/{group_id}/suspended", put().to(groups::suspend)),
        ("GET", "/groups/{group_id}/requests", get().to(groups::requests)),
        ("POST", "/groups/{group_id}/requests", post().to(groups::open)),
        ("POST", "/groups/{group_id}/withdrawals", post().to(groups::withdraw)),
        ("POST", "/groups/{group_id}/failures", post().to(groups::fail_item)),
        ("POST", "/seed", post().to(groups::seed)),
        ("GET", "/calls", get().to(record::calls)),
        ("DELETE", "/calls", delete().to(record::clear_calls)),
        ("GET", "/effects", get().to(record::effects)),
        ("DELETE", "/effects", delete().to(record::clear_effects)),
        ("GET", "/held", get().to(record::held)),
        ("POST", "/held/release", post().to(record::release)),
        ("GET", "/faults", get().to(faults::list)),
        ("POST", "/faults", post().to(faults::order)),
        ("DELETE", "/faults", delete().to(faults::clear)),
        ("DELETE", "/faults/{order}", delete().to(faults::cancel)),
        ("PUT", "/throttle", put().to(faults::throttle)),
        ("GET", "/tokens", get().to(settings::tokens)),
        ("POST", "/tokens", post().to(settings::add_token)),
        ("POST", "/tokens/revocations", post().to(settings::revoke)),
        ("PUT", "/token", put().to(settings::set_token)),
        ("DELETE", "/token", delete().to(settings::revoke_all)),
        ("GET", "/styles", get().to(settings::styles)),
        ("PUT", "/styles", put().to(settings::set_styles)),
        ("GET", "/quota", get().to(settings::quota)),
        ("PUT", "/quota", put().to(settings::set_quota)),
        ("PUT", "/usage", put().to(settings::usage)),
        ("GET", "/latency", get().to(settings::latency)),
        ("PUT", "/latency", put().to(settings::set_latency)),
        ("PUT", "/clock", put().to(settings::clock)),
        ("PUT", "/chance", put().to(settings::chance)),
    ]
}

/// Adds the control API to the server.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default()
        .limit(MAX_INSTRUCTION)
        .error_handler(|error, _| Refusal::Malformed(error.to_string()).into());
    let path =
        web::PathConfig::default().error_handler(|error, _| Refusal::Malformed(error.to_string()).into());
    let mut resources = BTreeMap::new();
    for (_, path, route) in endpoints() {
        let resource = resources.remove(path).unwrap_or_else(|| web::resource(path));
        resources.insert(path, resource.route(route));
    }
    let mut scope = web::scope(PREFIX).app_data(json).app_data(path);
    for resource in resources.into_values() {
        scope = scope.service(resource);
    }
    config.service(scope.default_service(web::to(unknown)));
}

async fn unknown() -> Answer {
    Err(Refusal::UnknownRoute)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::document::{document, operations};
    use super::{PREFIX, endpoints};

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let document = document();
        let documented: BTreeSet<_> =
            operations(&document).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let served: BTreeSet<_> =
            endpoints().iter().map(|(method, path, _)| format!("{method} {PREFIX}{path}")).collect();
        assert_eq!(documented, served);
    }
}
