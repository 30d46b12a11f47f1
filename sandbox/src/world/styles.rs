//! The ways in which Graph's answers may differ, where its documents leave open or contradict each other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How answers look. The default follows Meta's reference of the groups API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Styles {
    /// How a decision is answered of which some items failed.
    pub partial: PartialStyle,
    /// How a full group (131204) or a request that is not open (131213) is told.
    pub refusals: RefusalStyle,
    /// What a decision answers at all.
    pub decisions: DecisionStyle,
    /// The form of `error_data`.
    pub error_data: ErrorDataStyle,
    /// How an unknown group is told.
    pub unknown_group: UnknownGroupStyle,
    /// What stands for the number of somebody who is known by username only.
    pub absent_wa_id: AbsentWaId,
    /// Puts `code` and `error_subcode` in quotes.
    pub codes_as_strings: bool,
    /// Puts `creation_timestamp` in quotes, as one of Meta's samples does.
    pub timestamps_as_strings: bool,
    /// Puts the access token into `paging.next` and `paging.previous`, as Graph may do.
    pub token_in_paging: bool,
}

/// How a decision is answered of which some items failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartialStyle {
    /// 200 with the lists, as the reference has it.
    #[default]
    #[serde(rename = "ok_200")]
    Ok200,
    /// 206 with the lists and an `error` of code 131201, as the table of error codes has it.
    #[serde(rename = "partial_206")]
    Partial206,
    /// 400 with the lists and an `error` of code 131201, as the block-users edge does it.
    #[serde(rename = "bad_request_400")]
    BadRequest400,
}

/// How a full group or a request that is not open is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalStyle {
    /// At the item; the others are decided.
    #[default]
    PerItem,
    /// As an error of the whole call that names no id; nothing is decided.
    WholeCall,
}

/// What a decision answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionStyle {
    /// The lists of ids.
    #[default]
    Lists,
    /// Only a `request_id`; the decision is carried out all the same.
    RequestId,
}

/// The form of `error_data`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorDataStyle {
    /// A JSON object.
    #[default]
    Object,
    /// A text that holds the JSON object.
    JsonString,
    /// A text that holds the details alone.
    Text,
}

/// How an unknown group is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownGroupStyle {
    /// With the code of the groups API, 131041.
    #[default]
    GroupCode,
    /// With Graph's code for any object, 100 with subcode 33.
    ObjectCode,
}

/// What stands for a number that Graph does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AbsentWaId {
    /// Nothing: the field is left out.
    #[default]
    Omitted,
    /// An empty text.
    Empty,
}
