//! What Graph says and which HTTP status it answers for each error code.

/// One error code.
pub(crate) struct Entry {
    pub(crate) code: i64,
    pub(crate) status: u16,
    /// Headline; the part after `(#code)` in the message.
    pub(crate) title: &'static str,
    pub(crate) details: &'static str,
    pub(crate) transient: bool,
}

const fn entry(code: i64, status: u16, title: &'static str, details: &'static str) -> Entry {
    Entry { code, status, title, details, transient: false }
}

const fn passing(code: i64, status: u16, title: &'static str, details: &'static str) -> Entry {
    Entry { code, status, title, details, transient: true }
}

/// Codes that are not listed are answered as code 1 would be, under their own number.
const UNKNOWN: Entry = passing(1, 500, "An unknown error occurred", "Try again later");

const ENTRIES: &[Entry] = &[
    UNKNOWN,
    passing(2, 503, "Service temporarily unavailable", "Downtime or overload"),
    entry(3, 500, "Unknown method", "The application has no capability for this call"),
    passing(4, 400, "Application request limit reached", "Too many calls by this application"),
    entry(10, 403, "Application does not have permission for this action", "A permission is missing"),
    passing(17, 429, "User request limit reached", "Too many calls with this token"),
    entry(100, 400, "Invalid parameter", "A parameter is missing or not valid"),
    entry(104, 401, "An access token is required to request this resource.", "No access token was sent"),
    entry(190, 401, "Invalid OAuth access token - Cannot parse access token", "The token is not valid"),
    entry(200, 403, "Permissions error", "The token has no access to this asset"),
    entry(368, 403, "Temporarily blocked for policies violations", "The account is restricted"),
    passing(613, 422, "Calls to this api have exceeded the rate limit.", "A limit of this edge is reached"),
    entry(2500, 400, "Unknown path components", "The path names nothing"),
    passing(80_007, 400, "Rate limit issues", "The WhatsApp Business Account reached its rate limit"),
    passing(80_008, 429, "Rate limit issues", "The WhatsApp Business Account reached its rate limit"),
    passing(130_429, 400, "Rate limit hit", "Throughput has been reached"),
    passing(131_000, 500, "Something went wrong", "The call failed for an unknown reason"),
    entry(131_005, 403, "Access denied", "A permission was not granted or was removed"),
    entry(131_008, 400, "Required parameter is missing", "A required parameter is missing"),
    entry(131_009, 400, "Parameter value is not valid", "A value is of the wrong kind"),
    passing(131_016, 500, "Service unavailable", "A service is not available for the moment"),
    entry(131_031, 403, "Account has been locked", "The account is locked"),
    entry(131_041, 400, "Group does not exist", "The group is unknown or you are not a member of it"),
    entry(131_059, 400, "Cursor expired or corrupted", "Start again from the beginning of the list"),
    entry(131_201, 206, "Request partially succeeded", "Some of the items failed"),
    entry(131_202, 400, "Duplicate items", "An item appears more than once in the request"),
    entry(
        131_203,
        400,
        "Unable to add participant to group",
        "Recipient has not accepted our new Terms of Service and Privacy Policy.",
    ),
    entry(131_204, 400, "Group participant size limit exceeded", "The group has no place left"),
    entry(131_207, 403, "Group suspended", "The group is suspended"),
    passing(131_208, 429, "Group rate limit hit", "Too many group operations from this phone number"),
    entry(
        131_213,
        400,
        "Group join request does not exist",
        "It was withdrawn, handled before, or never made",
    ),
    entry(131_215, 400, "Not eligible for groups", "The phone number cannot use groups"),
    passing(133_004, 503, "Server temporarily unavailable", "Try again later"),
];

/// The entry of a code.
pub(crate) fn find(code: i64) -> &'static Entry {
    ENTRIES.iter().find(|entry| entry.code == code).unwrap_or(&UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::ENTRIES;

    #[test]
    fn every_code_is_listed_once_and_in_order() {
        assert!(ENTRIES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
