//! What a node says besides its inputs.

use rten_onnx::onnx::AttributeProto;

/// One attribute: its name, and its value in the field for its type.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribute {
    name: String,
    integer: Option<i64>,
    real: Option<f32>,
    text: Option<String>,
    integers: Vec<i64>,
    reals: Vec<f32>,
}

impl From<&AttributeProto> for Attribute {
    fn from(proto: &AttributeProto) -> Self {
        Self {
            name: proto.name.clone().unwrap_or_default(),
            integer: proto.i,
            real: proto.f,
            text: proto.s.clone(),
            integers: proto.ints.clone(),
            reals: proto.floats.clone(),
        }
    }
}

/// The attributes of a node.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a [Attribute]);

impl<'a> Attributes<'a> {
    fn find(self, name: &str) -> Option<&'a Attribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number, or what it is where absent.
    pub(super) fn integer(self, name: &str, otherwise: i64) -> i64 {
        self.find(name).and_then(|attribute| attribute.integer).unwrap_or(otherwise)
    }

    /// A real number, or what it is where absent.
    pub(super) fn real(self, name: &str, otherwise: f32) -> f32 {
        self.find(name).and_then(|attribute| attribute.real).unwrap_or(otherwise)
    }

    /// Text; empty where absent.
    pub(super) fn text(self, name: &str) -> &'a str {
        self.find(name).and_then(|attribute| attribute.text.as_deref()).unwrap_or("")
    }

    /// Whole numbers; `None` where absent.
    pub(super) fn integers(self, name: &str) -> Option<&'a [i64]> {
        self.find(name).map(|attribute| attribute.integers.as_slice())
    }

    /// Real numbers; `None` where absent.
    pub(super) fn reals(self, name: &str) -> Option<&'a [f32]> {
        self.find(name).map(|attribute| attribute.reals.as_slice())
    }

    /// Sizes, `count` of them, each from `least` to 2^20; `otherwise` for all where absent.
    ///
    /// # Errors
    /// That there are others.
    pub(super) fn sizes(
        self,
        name: &str,
        count: usize,
        least: i64,
        otherwise: usize,
    ) -> Result<Vec<usize>, String> {
        let Some(given) = self.integers(name) else { return Ok(vec![otherwise; count]) };
        let fits = given.len() == count && given.iter().all(|n| (least..=1 << 20).contains(n));
        if !fits {
            let expected = format!("{count} numbers from {least} to {}", 1 << 20);
            return Err(format!("{name} = {given:?}; expected {expected}"));
        }
        Ok(given.iter().map(|n| *n as usize).collect())
    }
}
