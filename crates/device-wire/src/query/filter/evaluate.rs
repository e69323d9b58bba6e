//! Which entries a filter lets through.

use std::cmp::Ordering;

use device_core::fold::fold;
use serde_json::{Number, Value};

use super::{Filter, Operator, Pointer, Scalar};

impl Filter {
    /// Whether an entry of a list matches.
    #[must_use]
    pub fn matches(&self, entry: &Value) -> bool {
        match self {
            Self::Literal(literal) => *literal,
            Self::Present(field) => !values(field, entry).is_empty(),
            Self::Compare(field, operator, wanted) => {
                values(field, entry).iter().any(|value| compares(value, *operator, wanted))
            }
            Self::In(field, wanted) => {
                let equals_any = |value: &Value| {
                    wanted.iter().any(|wanted| compares(value, Operator::Equal, wanted))
                };
                values(field, entry).iter().any(equals_any)
            }
            Self::Not(filter) => !filter.matches(entry),
            Self::And(filters) => filters.iter().all(|filter| filter.matches(entry)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(entry)),
        }
    }
}

/// The values of a field: one, or those of its array.
fn values<'v>(field: &Pointer, entry: &'v Value) -> &'v [Value] {
    match field.find(entry) {
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

fn compares(value: &Value, operator: Operator, wanted: &Scalar) -> bool {
    let compared = match (value, wanted) {
        (Value::Bool(value), Scalar::Boolean(wanted)) => Some(value.cmp(wanted)),
        (Value::Number(value), Scalar::Number(wanted)) => compare_numbers(value, wanted),
        (Value::String(value), Scalar::Text(wanted)) => {
            let value = fold(value);
            match operator {
                Operator::Contains => return value.contains(wanted.as_str()),
                Operator::StartsWith => return value.starts_with(wanted.as_str()),
                _ => Some((*value).cmp(wanted.as_str())),
            }
        }
        _ => None,
    };
    compared.is_some_and(|ordering| match operator {
        Operator::Equal | Operator::Contains | Operator::StartsWith => ordering.is_eq(),
        Operator::LessThan => ordering.is_lt(),
        Operator::LessThanOrEqual => ordering.is_le(),
        Operator::GreaterThan => ordering.is_gt(),
        Operator::GreaterThanOrEqual => ordering.is_ge(),
    })
}

/// Whole numbers are compared exactly: dates and counters do not all fit into a float.
fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
