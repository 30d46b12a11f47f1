//! Problems as RFC 9457 has them: one table, one way into an answer.

mod body;
mod code;
mod explained;
mod quota;
mod raised;
mod table;
mod upstream;

pub(super) use body::{FieldError, ProblemBody, UpstreamBody};
pub use code::ProblemCode;
pub(super) use explained::{executed, graph_codes, repeat};
pub(super) use quota::not_admitted;
pub(super) use raised::{Raised, retry_after_value};
pub use table::{PROBLEMS, ProblemType};
pub(super) use upstream::{class_item_problem, class_problem, item_problem, list_problem, stop_problem};
