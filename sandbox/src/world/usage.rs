//! The two headers in which Graph tells how much of a quota is used.

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// The WhatsApp Business Account the usage is reported for.
pub(crate) const BUSINESS_ACCOUNT: &str = "100200300400500";

/// Usage in whole percent; what is absent is not reported. A quota of the app reports its own.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Usage {
    /// Of the app, in `X-App-Usage`.
    pub(crate) app_percent: Option<u32>,
    /// Of the business, in `X-Business-Use-Case-Usage`.
    pub(crate) business_percent: Option<u32>,
    /// Minutes until there is access again; 0 when absent.
    pub(crate) regain_minutes: Option<u32>,
}

impl Usage {
    /// The headers to send, each with its JSON value.
    pub(crate) fn headers(self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(percent) = self.app_percent {
            let value =
                json!({"call_count": percent, "total_time": percent / 2, "total_cputime": percent / 2});
            headers.push(("x-app-usage", value.to_string()));
        }
        if let Some(percent) = self.business_percent {
            // Two kinds for one account, as Graph's own example for WhatsApp has it.
            let entry = |kind: &str, percent: u32, minutes: u32| {
                json!({
                    "type": kind,
                    "call_count": percent,
                    "total_cputime": percent / 2,
                    "total_time": percent / 2,
                    "estimated_time_to_regain_access": minutes,
                })
            };
            let minutes = self.regain_minutes.unwrap_or(0);
            let entries =
                [entry("whatsapp_business_management", percent, minutes), entry("whatsapp", percent / 4, 0)];
            headers.push(("x-business-use-case-usage", json!({BUSINESS_ACCOUNT: entries}).to_string()));
        }
        headers
    }
}
