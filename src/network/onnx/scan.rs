//! Whether bytes are framed as a model, before any length in them is believed.
//!
//! The parser takes as much memory as a field says it is long, and calls itself for a message in a
//! message. So every field must lie within the one around it, and they must not be nested deeply.

/// The most messages within messages: subgraphs take three each, and nothing else is nested.
const MOST_NESTED: usize = 32;

/// The messages that the parser looks into.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    SequenceType,
    Shape,
    /// One whose fields are no messages.
    Flat,
}

impl Message {
    /// The message in one of its fields; `None` where that is text, bytes or packed numbers.
    const fn within(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6) => Some(Self::Graph),
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Some(Self::Flat),
            (Self::Graph, 1) => Some(Self::Node),
            (Self::Graph | Self::Attribute, 5) => Some(Self::Tensor),
            (Self::Graph, 11..=13) => Some(Self::ValueInfo),
            (Self::Node, 5) => Some(Self::Attribute),
            (Self::ValueInfo, 2) | (Self::SequenceType, 1) => Some(Self::Type),
            (Self::Type, 1) => Some(Self::TensorType),
            (Self::Type, 4) => Some(Self::SequenceType),
            (Self::TensorType, 2) => Some(Self::Shape),
            _ => None,
        }
    }
}

/// Checks all fields.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    fields(bytes, Message::Model, 0)
}

fn fields(mut bytes: &[u8], message: Message, depth: usize) -> Result<(), String> {
    if depth > MOST_NESTED {
        return Err(format!("messages are nested more than {MOST_NESTED} deep"));
    }
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let size = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                0
            }
            1 => 8,
            2 => varint(&mut bytes)?,
            5 => 4,
            other => return Err(format!("a field of the unknown wire type {other}")),
        };
        let size = usize::try_from(size).ok().filter(|size| *size <= bytes.len());
        let size = size.ok_or("it ends in the middle of a field")?;
        let (field, rest) = bytes.split_at(size);
        if let (2, Some(inner)) = (key & 7, message.within(key >> 3)) {
            fields(field, inner, depth + 1)?;
        }
        bytes = rest;
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, &'static str> {
    let mut value = 0u64;
    for place in 0..10 {
        let (first, rest) = bytes.split_first().ok_or("it ends in the middle of a number")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << (7 * place);
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number of more than ten bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut bytes = vec![number << 3 | 2, length as u8 & 0x7f | 0x80, (length >> 7) as u8];
        bytes.extend(content);
        bytes
    }

    #[test]
    fn fields_lie_within_each_other() {
        let node = field(4, b"Conv");
        let model = field(7, &field(1, &node));
        assert_eq!(check(&model), Ok(()));
        // A longer inner field than the outer one.
        let mut broken = model.clone();
        let place = broken.len() - node.len() + 1;
        broken[place] += 1;
        assert_eq!(check(&broken), Err("it ends in the middle of a field".into()));
        assert!(check(&model[..model.len() - 1]).is_err());
        assert!(check(&[0x3b]).expect_err("a group").contains("wire type 3"));
        assert!(check(&[0x80; 11]).expect_err("endless").contains("ten bytes"));
        assert!(check(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]).is_err());
    }

    #[test]
    fn subgraphs_of_subgraphs_end() {
        let mut graph = Vec::new();
        for _ in 0..12 {
            graph = field(1, &field(5, &field(6, &graph)));
        }
        let error = check(&field(7, &graph)).expect_err("deep");
        assert!(error.contains("nested more than 32 deep"), "{error}");
    }
}
