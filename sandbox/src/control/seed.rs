//! Three groups to begin with, each showing something else.

use serde::Serialize;
use utoipa::ToSchema;

use crate::codes;
use crate::control::Control;
use crate::control::error::ControlError;
use crate::control::spec::{GroupSpec, RequestSpec};

/// A demonstration group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeededGroup {
    /// Group id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What the group shows.
    pub description: String,
    /// Its open requests, oldest first.
    pub request_ids: Vec<String>,
}

pub(crate) fn seed(control: &Control) -> Result<Vec<SeededGroup>, ControlError> {
    Ok(vec![ordinary(control)?, nearly_full(control)?, mixed(control)?])
}

fn ordinary(control: &Control) -> Result<SeededGroup, ControlError> {
    let people = vec![RequestSpec::default(); 5];
    let spec = GroupSpec { name: "Book club".to_owned(), ..GroupSpec::default() };
    build(control, spec, "five open requests, room for all", people)
}

fn nearly_full(control: &Control) -> Result<SeededGroup, ControlError> {
    let spec = GroupSpec {
        name: "Choir".to_owned(),
        participants: (1..=6).map(|n| format!("1555010900{n}")).collect(),
        ..GroupSpec::default()
    };
    build(
        control,
        spec,
        "four open requests, room for two: the rest fail with 131204",
        vec![RequestSpec::default(); 4],
    )
}

fn mixed(control: &Control) -> Result<SeededGroup, ControlError> {
    let by_username = |user_id: &str, username: &str| RequestSpec {
        user_id: Some(user_id.to_owned()),
        username: Some(username.to_owned()),
        ..RequestSpec::default()
    };
    let people = vec![
        RequestSpec::default(),
        by_username("US.10000000000000001", "sample.reader"),
        by_username("US.10000000000000002", "sample.writer"),
    ];
    let spec = GroupSpec { name: "Cycling".to_owned(), ..GroupSpec::default() };
    let group = build(control, spec, "the first fails with 131203, two are known by username only", people)?;
    if let Some(first) = group.request_ids.first() {
        control.fail_item(&group.id, first, codes::TERMS_NOT_ACCEPTED)?;
    }
    Ok(group)
}

fn build(
    control: &Control,
    spec: GroupSpec,
    description: &str,
    people: Vec<RequestSpec>,
) -> Result<SeededGroup, ControlError> {
    let name = spec.name.clone();
    let id = control.create_group(spec)?;
    let request_ids =
        people.into_iter().map(|person| control.add_request(&id, person)).collect::<Result<_, _>>()?;
    Ok(SeededGroup { id, name, description: description.to_owned(), request_ids })
}
