//! ONNX models made of seeded weights: no file of anyone's is needed.

use std::cell::RefCell;

use rten_onnx::onnx::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// A model in the making. Its input is `x`; nodes are called after their operators.
pub struct Builder {
    pub graph: GraphProto,
    pub version: i64,
    state: u64,
}

pub fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: Some(name.into()), i: Some(value), ..Default::default() }
}

pub fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { name: Some(name.into()), ints: values.to_vec(), ..Default::default() }
}

pub fn real(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: Some(name.into()), f: Some(value), ..Default::default() }
}

pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { name: Some(name.into()), s: Some(value.into()), ..Default::default() }
}

/// A tensor of floats.
pub fn floats(name: &str, shape: &[usize], values: Vec<f32>) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: shape.iter().map(|side| *side as i64).collect(),
        data_type: Some(DataType::FLOAT),
        raw_data: Some(RefCell::new(values.iter().flat_map(|v| v.to_le_bytes()).collect())),
        ..Default::default()
    }
}

pub fn value_info(name: &str, sides: &[Option<i64>]) -> ValueInfoProto {
    let side = |side: &Option<i64>| Dimension { dim_value: *side, dim_param: None };
    let shape = TensorShapeProto { dim: sides.iter().map(side).collect() };
    let tensor_type = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) };
    let kind = TypeProto { tensor_type: Some(tensor_type), sequence: None };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind) }
}

impl Builder {
    /// For an input of this shape; 0 leaves a side open.
    pub fn new(seed: u64, input: &[i64]) -> Self {
        let sides: Vec<Option<i64>> =
            input.iter().map(|side| Some(*side).filter(|side| *side > 0)).collect();
        let graph = GraphProto { input: vec![value_info("x", &sides)], ..Default::default() };
        Self { graph, version: 17, state: seed }
    }

    /// A number from -1 to 1: the middle ones come more often, as with trained weights.
    fn number(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..3 {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sum += (self.state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        }
        sum / 3.0
    }

    /// Numbers of the seed times `gain`, plus `mean`.
    pub fn seeded(&mut self, count: usize, gain: f32, mean: f32) -> Vec<f32> {
        (0..count).map(|_| self.number() * gain + mean).collect()
    }

    fn name(&self) -> String {
        format!("t{}", self.graph.initializer.len())
    }

    /// A tensor of the file.
    pub fn tensor(&mut self, shape: &[usize], values: Vec<f32>) -> String {
        let name = self.name();
        self.graph.initializer.push(floats(&name, shape, values));
        name
    }

    /// Weights that about keep the size of values.
    pub fn weights(&mut self, shape: &[usize]) -> String {
        let terms: usize = shape[1..].iter().product();
        let values = self.seeded(shape.iter().product(), 4.0 / (terms as f32).sqrt(), 0.0);
        self.tensor(shape, values)
    }

    /// A tensor of whole numbers.
    pub fn whole(&mut self, values: &[i64]) -> String {
        let name = self.name();
        self.graph.initializer.push(TensorProto {
            name: Some(name.clone()),
            dims: vec![values.len() as i64],
            data_type: Some(DataType::INT64),
            int64_data: values.to_vec(),
            ..Default::default()
        });
        name
    }

    /// A node of one output.
    pub fn node(&mut self, operator: &str, inputs: &[&str], with: &[AttributeProto]) -> String {
        let output = format!("{}{}", operator.to_lowercase(), self.graph.node.len());
        self.graph.node.push(NodeProto {
            op_type: Some(operator.into()),
            name: Some(format!("/{output}/{operator}")),
            input: inputs.iter().map(|input| (*input).into()).collect(),
            output: vec![output.clone()],
            attribute: with.to_vec(),
            domain: None,
        });
        output
    }

    /// A convolution with a bias.
    pub fn conv(&mut self, x: &str, shape: [usize; 4], with: &[AttributeProto]) -> String {
        let weights = self.weights(&shape);
        let bias = self.seeded(shape[0], 0.3, 0.0);
        let bias = self.tensor(&[shape[0]], bias);
        self.node("Conv", &[x, &weights, &bias], with)
    }

    /// A convolution, a batch normalisation and an activation.
    pub fn block(
        &mut self,
        x: &str,
        shape: [usize; 4],
        with: &[AttributeProto],
        then: &str,
    ) -> String {
        let weights = self.weights(&shape);
        let y = self.node("Conv", &[x, &weights], with);
        let channels = shape[0];
        let of = |builder: &mut Self, gain, mean| {
            let values = builder.seeded(channels, gain, mean);
            builder.tensor(&[channels], values)
        };
        let [scale, bias, mean] = [(0.5, 1.0), (0.3, 0.1), (0.3, 0.0)].map(|(g, m)| of(self, g, m));
        let variance = of(self, 0.5, 1.0);
        let y = self.node("BatchNormalization", &[&y, &scale, &bias, &mean, &variance], &[]);
        if then.is_empty() { y } else { self.node(then, &[&y], &[]) }
    }

    /// A matrix product with a bias.
    pub fn dense(&mut self, x: &str, inputs: usize, outputs: usize) -> String {
        let weights = self.weights(&[outputs, inputs]);
        let bias = self.seeded(outputs, 0.3, 0.0);
        let bias = self.tensor(&[outputs], bias);
        self.node("Gemm", &[x, &weights, &bias], &[integer("transB", 1)])
    }

    pub fn proto(mut self, outputs: &[&str]) -> ModelProto {
        self.graph.output = outputs.iter().map(|name| value_info(name, &[])).collect();
        let set = OperatorSetIdProto { domain: None, version: Some(self.version) };
        ModelProto {
            ir_version: Some(8),
            graph: Some(self.graph),
            opset_import: vec![set],
            ..Default::default()
        }
    }

    /// The bytes of the file.
    pub fn bytes(self, outputs: &[&str]) -> Vec<u8> {
        self.proto(outputs).write_buf().expect("encodes")
    }
}

/// Networks of several families, by name, each with the shape of its input.
pub fn families() -> Vec<(&'static str, [usize; 4], Vec<u8>)> {
    vec![
        ("plain", [1, 3, 16, 16], plain()),
        ("residual", [1, 3, 16, 16], residual()),
        ("mobile", [1, 3, 16, 16], mobile()),
        ("shuffle", [1, 3, 12, 12], shuffle()),
        ("encoder-decoder", [1, 3, 12, 20], encoder_decoder()),
    ]
}

fn pads(pad: i64) -> AttributeProto {
    integers("pads", &[pad; 4])
}

fn strides(stride: i64) -> AttributeProto {
    integers("strides", &[stride; 2])
}

/// As LeNet and VGG: convolutions, pooling, and dense layers.
pub fn plain() -> Vec<u8> {
    let mut b = Builder::new(1, &[0, 3, 16, 16]);
    let y = b.conv("x", [8, 3, 3, 3], &[pads(1)]);
    let y = b.node("Relu", &[&y], &[]);
    let y = b.node("MaxPool", &[&y], &[integers("kernel_shape", &[2, 2]), strides(2)]);
    let y = b.conv(&y, [16, 8, 2, 2], &[text("auto_pad", "SAME_UPPER")]);
    let y = b.node("Relu", &[&y], &[]);
    let y = b.node("AveragePool", &[&y], &[integers("kernel_shape", &[2, 2]), strides(2)]);
    let y = b.node("Flatten", &[&y], &[]);
    let y = b.dense(&y, 256, 24);
    let y = b.node("Tanh", &[&y], &[]);
    let y = b.dense(&y, 24, 10);
    b.bytes(&[&y])
}

/// As ResNet: shortcuts, a stride, batch normalisation; a matrix product at the end.
fn residual() -> Vec<u8> {
    let mut b = Builder::new(2, &[1, 3, 16, 16]);
    let x = b.block("x", [8, 3, 3, 3], &[pads(1)], "Relu");
    let y = b.block(&x, [8, 8, 3, 3], &[pads(1)], "Relu");
    let y = b.block(&y, [8, 8, 3, 3], &[pads(1)], "");
    let y = b.node("Add", &[&y, &x], &[]);
    let x = b.node("Relu", &[&y], &[]);
    let y = b.block(&x, [16, 8, 3, 3], &[pads(1), strides(2)], "Relu");
    let y = b.block(&y, [16, 16, 3, 3], &[pads(2), integers("dilations", &[2, 2])], "");
    let shortcut = b.block(&x, [16, 8, 1, 1], &[strides(2)], "");
    let y = b.node("Add", &[&y, &shortcut], &[]);
    let y = b.node("Relu", &[&y], &[]);
    let y = b.node("GlobalAveragePool", &[&y], &[]);
    let shape = b.whole(&[1, -1]);
    let y = b.node("Reshape", &[&y, &shape], &[]);
    let weights = b.weights(&[16, 10]);
    let y = b.node("MatMul", &[&y, &weights], &[]);
    b.bytes(&[&y])
}

/// As MobileNetV3: depthwise convolutions, hard-swish, and squeeze-and-excite.
fn mobile() -> Vec<u8> {
    let mut b = Builder::new(3, &[1, 3, 16, 16]);
    let y = b.block("x", [8, 3, 3, 3], &[pads(1), strides(2)], "HardSwish");
    let x = b.block(&y, [16, 8, 1, 1], &[], "HardSwish");
    let y = b.block(&x, [16, 1, 5, 5], &[pads(2), integer("group", 16)], "HardSwish");
    let gate = b.node("GlobalAveragePool", &[&y], &[]);
    let gate = b.conv(&gate, [4, 16, 1, 1], &[]);
    let gate = b.node("Relu", &[&gate], &[]);
    let gate = b.conv(&gate, [16, 4, 1, 1], &[]);
    let gate = b.node("HardSigmoid", &[&gate], &[real("alpha", 1.0 / 6.0)]);
    let y = b.node("Mul", &[&y, &gate], &[]);
    let y = b.block(&y, [8, 16, 1, 1], &[], "");
    let y = b.block(&y, [16, 8, 1, 1], &[], "HardSwish");
    let y = b.node("GlobalAveragePool", &[&y], &[]);
    let y = b.node("Flatten", &[&y], &[]);
    let y = b.dense(&y, 16, 10);
    b.bytes(&[&y])
}

/// As ShuffleNet: channels split, grouped convolutions, and a shuffle of five dimensions.
fn shuffle() -> Vec<u8> {
    let mut b = Builder::new(4, &[1, 3, 12, 12]);
    let x = b.block("x", [12, 3, 3, 3], &[pads(1)], "Relu");
    let y = b.block(&x, [12, 4, 1, 1], &[integer("group", 3)], "Relu");
    let shape = b.whole(&[1, 3, 4, 12, 12]);
    let y = b.node("Reshape", &[&y, &shape], &[]);
    let y = b.node("Transpose", &[&y], &[integers("perm", &[0, 2, 1, 3, 4])]);
    let shape = b.whole(&[1, 12, 12, 12]);
    let y = b.node("Reshape", &[&y, &shape], &[]);
    let y = b.block(
        &y,
        [12, 1, 3, 3],
        &[integer("group", 12), strides(2), integers("pads", &[0, 0, 1, 1])],
        "",
    );
    let y = b.block(&y, [12, 4, 1, 1], &[integer("group", 3)], "");
    let pooled =
        b.node("AveragePool", &[&x], &[integers("kernel_shape", &[3, 3]), strides(2), pads(1)]);
    let y = b.node("Concat", &[&y, &pooled], &[integer("axis", 1)]);
    let y = b.node("Relu", &[&y], &[]);
    // Over two steps of rows and one of columns, as where lines of text are read.
    let y = b.conv(&y, [8, 24, 3, 3], &[integers("strides", &[2, 1]), pads(1)]);
    let y = b.node("Relu", &[&y], &[]);
    let y = b.node("ReduceMean", &[&y], &[integers("axes", &[2, 3]), integer("keepdims", 0)]);
    let y = b.dense(&y, 8, 10);
    b.bytes(&[&y])
}

/// As U-Net: down and up again with a transposed convolution and a resize, and a map as output, beside
/// which there is another one.
fn encoder_decoder() -> Vec<u8> {
    let mut b = Builder::new(5, &[1, 3, 0, 0]);
    let x = b.conv("x", [8, 3, 3, 3], &[pads(1)]);
    let x = b.node("LeakyRelu", &[&x], &[real("alpha", 0.1)]);
    let y = b.conv(&x, [12, 8, 3, 3], &[pads(1), strides(2)]);
    let inner = b.node("LeakyRelu", &[&y], &[real("alpha", 0.1)]);
    let weights = b.weights(&[12, 8, 4, 4]);
    let y = b.node("ConvTranspose", &[&inner, &weights], &[strides(2), pads(1)]);
    let y = b.node("Concat", &[&y, &x], &[integer("axis", 1)]);
    let y = b.conv(&y, [6, 16, 1, 5], &[integers("pads", &[0, 2, 0, 2])]);
    let y = b.node("Sigmoid", &[&y], &[]);
    let scales = b.tensor(&[4], vec![1.0, 1.0, 2.0, 2.0]);
    let with = [text("mode", "nearest"), text("coordinate_transformation_mode", "asymmetric")];
    let up = b.node("Resize", &[&inner, "", &scales], &with);
    let weights = b.weights(&[12, 2, 3, 3]);
    let other = b.node(
        "ConvTranspose",
        &[&up, &weights],
        &[pads(1), integer("group", 2), integers("dilations", &[1, 1])],
    );
    b.bytes(&[&y, &other])
}
