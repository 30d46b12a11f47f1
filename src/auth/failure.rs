//! Why a token was refused: a closed set, for a metric label and for the caller.

/// Why a request carries no caller. Everything but the first two answers RFC 6750's `invalid_token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuthFailure {
    /// There is no `Authorization` field.
    NoToken,
    /// The `Authorization` field is of another scheme than `Bearer`.
    WrongScheme,
    /// There is more than one `Authorization` field.
    RepeatedHeader,
    /// The field is not the scheme and one token.
    MalformedHeader,
    /// The token is longer than 8 KiB.
    TooLarge,
    /// Not three parts of canonical base64url, or header or claims are not a JSON object with every member once.
    Malformed,
    /// The header asks for something that is not understood here: `crit`, `zip`, `b64`, `enc` or a key of its own.
    UnsupportedHeader,
    /// No issuer of that `iss` is configured.
    UnknownIssuer,
    /// The issuer has no key of that `kid`, or the token has no `kid` and it does not take exactly one key.
    UnknownKey,
    /// The keys of the issuer are not known: its address of them has not answered for too long, or not yet.
    NoKeys,
    /// The `alg` is not one that the key allows.
    Algorithm,
    /// The signature is not the key's.
    Signature,
    /// The `typ` is not the one that the issuer's tokens have.
    WrongType,
    /// `exp`, `iss`, `aud` or `sub` is absent.
    MissingClaim,
    /// A registered claim is of the wrong type or out of bounds.
    MalformedClaim,
    /// The token is for another audience.
    Audience,
    /// The time of `exp` has passed.
    Expired,
    /// The time of `nbf` has not come.
    NotYetValid,
    /// The time of `iat` has not come.
    IssuedInFuture,
    /// The token lives longer than is accepted.
    Lifetime,
    /// The `sub` is not on the issuer's list.
    Subject,
    /// The claim with the scopes is not a text.
    MalformedScope,
    /// `groups` is neither a list of group ids nor `"*"`.
    MalformedGroups,
}

impl AuthFailure {
    /// Every failure there is.
    pub const ALL: [Self; 23] = [
        Self::NoToken,
        Self::WrongScheme,
        Self::RepeatedHeader,
        Self::MalformedHeader,
        Self::TooLarge,
        Self::Malformed,
        Self::UnsupportedHeader,
        Self::UnknownIssuer,
        Self::UnknownKey,
        Self::NoKeys,
        Self::Algorithm,
        Self::Signature,
        Self::WrongType,
        Self::MissingClaim,
        Self::MalformedClaim,
        Self::Audience,
        Self::Expired,
        Self::NotYetValid,
        Self::IssuedInFuture,
        Self::Lifetime,
        Self::Subject,
        Self::MalformedScope,
        Self::MalformedGroups,
    ];

    /// The label of the metric.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::WrongScheme => "wrong_scheme",
            Self::RepeatedHeader => "repeated_header",
            Self::MalformedHeader => "malformed_header",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::UnsupportedHeader => "unsupported_header",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownKey => "unknown_key",
            Self::NoKeys => "no_keys",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::WrongType => "wrong_type",
            Self::MissingClaim => "missing_claim",
            Self::MalformedClaim => "malformed_claim",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::Lifetime => "lifetime",
            Self::Subject => "subject",
            Self::MalformedScope => "malformed_scope",
            Self::MalformedGroups => "malformed_groups",
        }
    }

    /// What the caller may know: the `error_description` of RFC 6750 §3, in the characters it allows.
    pub const fn description(self) -> &'static str {
        match self {
            Self::NoToken => "A bearer token is needed.",
            Self::WrongScheme => "The Authorization scheme must be Bearer.",
            Self::RepeatedHeader => "The Authorization header must occur once.",
            Self::MalformedHeader => "The Authorization header must be Bearer and one token.",
            Self::TooLarge => "The token is longer than 8192 bytes.",
            Self::Malformed => {
                "The token is not a signed JWT in compact form, with each header and claim member given once."
            }
            Self::UnsupportedHeader => {
                "The token header has a parameter that is not accepted: crit, zip, b64, enc, jwk, jku, x5u or x5c."
            }
            Self::UnknownIssuer => "The token is of an issuer that is not accepted here.",
            Self::UnknownKey => "No single key of the issuer fits the kid and alg of the token.",
            Self::NoKeys => "The keys of the issuer of the token are not known at the moment.",
            Self::Algorithm => "The alg of the token is not one that is accepted for the key.",
            Self::Signature => "The signature of the token is not valid.",
            Self::WrongType => "The typ of the token is not the one that its issuer uses.",
            Self::MissingClaim => "The token needs the claims iss, aud, exp and sub.",
            Self::MalformedClaim => "A claim of the token (iss, aud, exp, nbf, iat or sub) has a wrong form.",
            Self::Audience => "The token is for another audience.",
            Self::Expired => "The token has expired.",
            Self::NotYetValid => "The token is not valid yet.",
            Self::IssuedInFuture => "The token is issued in the future.",
            Self::Lifetime => "The token lives longer than is accepted here.",
            Self::Subject => "The subject of the token is not accepted here.",
            Self::MalformedScope => "The scopes of the token must be one text, separated by spaces.",
            Self::MalformedGroups => "The groups of the token must be a list of group ids, or * alone.",
        }
    }

    /// The `error` of RFC 6750 §3.1; none when no bearer token was offered, as the RFC asks.
    pub const fn error_code(self) -> Option<&'static str> {
        match self {
            // Nothing is known to be wrong with the token.
            Self::NoToken | Self::WrongScheme | Self::NoKeys => None,
            Self::RepeatedHeader
            | Self::MalformedHeader
            | Self::TooLarge
            | Self::Malformed
            | Self::UnsupportedHeader
            | Self::UnknownIssuer
            | Self::UnknownKey
            | Self::Algorithm
            | Self::Signature
            | Self::WrongType
            | Self::MissingClaim
            | Self::MalformedClaim
            | Self::Audience
            | Self::Expired
            | Self::NotYetValid
            | Self::IssuedInFuture
            | Self::Lifetime
            | Self::Subject
            | Self::MalformedScope
            | Self::MalformedGroups => Some("invalid_token"),
        }
    }
}
