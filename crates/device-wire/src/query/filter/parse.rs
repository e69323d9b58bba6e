//! Reading filters: recursive descent, one function a rule of the grammar.

use device_core::DeviceKind;
use device_core::fold::fold;

use super::{
    FILTER_BYTES_MAX, FILTER_COMPARISONS_MAX, FILTER_DEPTH_MAX, Filter, FilterError, Operator,
    Pointer, Scalar, Wrong,
};

impl Filter {
    /// Reads a filter over the fields that lists of this kind show.
    ///
    /// # Errors
    /// [`FilterError`] with the place.
    pub fn parse(text: &str, kind: DeviceKind) -> Result<Self, FilterError> {
        let mut parser = Parser { text, at: 0, depth: 0, comparisons: 0, kind };
        let filter = if text.len() > FILTER_BYTES_MAX {
            parser.at = FILTER_BYTES_MAX;
            Err(Wrong::TooLong)
        } else {
            parser.whole()
        };
        // A limit in bytes may fall into a character.
        let characters = text.char_indices().take_while(|(index, _)| *index < parser.at).count();
        filter.map_err(|what| FilterError { at: characters + 1, what })
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    depth: usize,
    comparisons: usize,
    kind: DeviceKind,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Result<Filter, Wrong> {
        let filter = self.or()?;
        if self.rest().is_empty() {
            Ok(filter)
        } else {
            Err(Wrong::Expected("`and`, `or` or the end"))
        }
    }

    fn or(&mut self) -> Result<Filter, Wrong> {
        self.joined("or", Self::and, Filter::Or)
    }

    fn and(&mut self) -> Result<Filter, Wrong> {
        self.joined("and", Self::not, Filter::And)
    }

    fn joined(
        &mut self,
        keyword: &str,
        part: fn(&mut Self) -> Result<Filter, Wrong>,
        join: fn(Vec<Filter>) -> Filter,
    ) -> Result<Filter, Wrong> {
        let first = part(self)?;
        if !self.is_at(keyword) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.is_at(keyword) {
            self.at += keyword.len();
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn is_at(&mut self, keyword: &str) -> bool {
        self.word().eq_ignore_ascii_case(keyword)
    }

    fn not(&mut self) -> Result<Filter, Wrong> {
        if !self.take('!') {
            return self.primary();
        }
        Ok(Filter::Not(Box::new(self.primary()?)))
    }

    fn primary(&mut self) -> Result<Filter, Wrong> {
        if self.take('(') {
            self.depth += 1;
            if self.depth > FILTER_DEPTH_MAX {
                return Err(Wrong::TooDeep);
            }
            let filter = self.or()?;
            self.depth -= 1;
            return if self.take(')') { Ok(filter) } else { Err(Wrong::Expected("`)`")) };
        }
        let field = self.word();
        if field.is_empty() || field.starts_with('!') {
            return Err(Wrong::Expected("a field, `true`, `false` or `(`"));
        }
        // `true`, and not a field that happens to be called so: no list shows one.
        if let Some(literal) = boolean(field) {
            self.at += field.len();
            return self.counted(Filter::Literal(literal));
        }
        let pointer = Pointer::parse(field, self.kind)?;
        self.at += field.len();
        self.condition(pointer)
    }

    /// What follows a field.
    fn condition(&mut self, field: Pointer) -> Result<Filter, Wrong> {
        let word = self.word();
        let operator = match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "co" => Operator::Contains,
            "sw" => Operator::StartsWith,
            "lt" => Operator::LessThan,
            "le" => Operator::LessThanOrEqual,
            "gt" => Operator::GreaterThan,
            "ge" => Operator::GreaterThanOrEqual,
            "pr" => {
                self.at += word.len();
                return self.counted(Filter::Present(field));
            }
            "in" => {
                self.at += word.len();
                let values = self.values()?;
                return self.counted(Filter::In(field, values));
            }
            _ => {
                return Err(Wrong::Expected(
                    "`eq`, `co`, `sw`, `lt`, `le`, `gt`, `ge`, `in` or `pr`",
                ));
            }
        };
        self.at += word.len();
        let value = self.value()?;
        self.counted(Filter::Compare(field, operator, value))
    }

    fn counted(&mut self, filter: Filter) -> Result<Filter, Wrong> {
        self.comparisons += filter.comparisons();
        if self.comparisons > FILTER_COMPARISONS_MAX { Err(Wrong::TooMany) } else { Ok(filter) }
    }

    fn value(&mut self) -> Result<Scalar, Wrong> {
        const EXPECTED: Wrong = Wrong::Expected("`true`, `false`, a number or a string in quotes");
        if self.rest().starts_with(['"', '\'']) {
            return self.string().map(|text| Scalar::Text(fold(&text).into_owned()));
        }
        let word = self.word();
        let value = match boolean(word) {
            Some(boolean) => Scalar::Boolean(boolean),
            None => serde_json::from_str(word).map(Scalar::Number).map_err(|_| EXPECTED)?,
        };
        self.at += word.len();
        Ok(value)
    }

    /// What follows `in`: a JSON array, in quotes or not.
    fn values(&mut self) -> Result<Vec<Scalar>, Wrong> {
        const EXPECTED: Wrong = Wrong::Expected("a JSON array of texts, numbers and booleans");
        let is_quoted = self.rest().starts_with(['"', '\'']);
        let start = self.at;
        let values: Option<Vec<Scalar>> = if is_quoted {
            let text = self.string()?;
            serde_json::from_str(&text).ok()
        } else {
            let mut reader = serde_json::Deserializer::from_str(self.rest()).into_iter();
            let values = reader.next().and_then(Result::ok);
            self.at += if values.is_some() { reader.byte_offset() } else { 0 };
            values
        };
        let values = values.ok_or_else(|| {
            self.at = start;
            EXPECTED
        })?;
        Ok(values.into_iter().map(Scalar::folded).collect())
    }

    /// A string in the quotes that it starts with.
    fn string(&mut self) -> Result<String, Wrong> {
        let rest = self.rest();
        let mut characters = rest.char_indices();
        let quote = characters.next().map_or('"', |(_, quote)| quote);
        // The same string as JSON has it, so that JSON's reader does the escapes.
        let mut json = String::from('"');
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, '\'')) => json.push('\''),
                    Some((_, escaped)) => json.extend(['\\', escaped]),
                    None => break,
                },
                _ if character == quote => {
                    json.push('"');
                    let text = serde_json::from_str(&json)
                        .map_err(|_| Wrong::Expected("a string with the escapes of JSON"))?;
                    self.at += index + 1;
                    return Ok(text);
                }
                '"' => json.push_str("\\\""),
                _ => json.push(character),
            }
        }
        Err(Wrong::Expected("a string that ends with the quote it starts with"))
    }

    /// What is left, behind blanks.
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches(' ');
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    /// The next word, without taking it: it ends at a blank or a bracket.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find([' ', '(', ')']).unwrap_or(rest.len())]
    }

    fn take(&mut self, character: char) -> bool {
        let taken = self.rest().starts_with(character);
        self.at += if taken { character.len_utf8() } else { 0 };
        taken
    }
}

impl Scalar {
    fn folded(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(fold(&text).into_owned()),
            other => other,
        }
    }
}

fn boolean(word: &str) -> Option<bool> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}
