//! The tables of the documentation, from the tables of the program.

use super::problem::{PROBLEMS, class_item_problem, class_problem};
use crate::moderation::{CODES, ErrorClass};

/// Every problem as a Markdown table.
pub fn problems_table() -> String {
    let rows = PROBLEMS.iter().map(|row| {
        let status = row.status.map_or_else(|| "one id".to_owned(), |status| status.to_string());
        let retry = if row.retryable { "yes" } else { "no" };
        format!(
            "| `{}` | {status} | {} | {retry} | {}. {} |\n",
            row.name,
            row.fault.as_str(),
            row.title,
            row.advice
        )
    });
    format!(
        "| code | status | fault | retryable | meaning and what to do |\n|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// Every code of Graph and the problem it becomes, as a Markdown table.
pub fn graph_codes_table() -> String {
    let rows = CODES.iter().map(|row| {
        let (first, last) = (row.codes.start(), row.codes.end());
        let mut code = if first == last { first.to_string() } else { format!("{first}–{last}") };
        if let Some(subcode) = row.subcode {
            code = format!("{code}, subcode {subcode}");
        }
        let class = row.class;
        format!(
            "| {code} | {} | {} | {} | {} | {} | {} | {} |\n",
            row.meaning,
            class.as_str(),
            if class.read_repeatable() { "yes" } else { "no" },
            whole_call(class),
            if class.surely_not_executed() { "no" } else { "not known" },
            name(class_item_problem(class)),
            row.actor.as_str(),
        )
    });
    let head = "| code | meaning | class | read repeated | problem of a whole call | executed | problem of one id | who acts |\n\
                |---|---|---|---|---|---|---|---|\n";
    format!("{head}{}", rows.collect::<String>())
}

fn name(code: super::ProblemCode) -> String {
    format!("`{}`", code.problem_type().name)
}

/// The problem of a whole call: of a list, and of a decision where Graph surely executed nothing.
fn whole_call(class: ErrorClass) -> String {
    if class.surely_not_executed() {
        name(class_problem(class))
    } else {
        format!("{} (list)", name(class_problem(class)))
    }
}
