//! `heconv list`: what can be named.

mod backends;
mod table;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::output::{Format, print_json};
use super::{Failure, presets};
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::bfv::{Params, ParamsSpec};
use crate::conv::{AlgorithmKind, Layer};
use crate::network::Graph;
use crate::network::onnx::Builtin;
use crate::preset::{Catalogue, LayerPreset, Network};
use crate::report::{LayerRecord, ParamsRecord, SCHEMA, SecurityRecord, counted};
use crate::tensor::BUILTIN_IMAGES;
use crate::tune::Objective;
use backends::backend;

/// Arguments of `heconv list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to show; everything where absent.
    what: Option<What>,
    /// Form of the list: aligned columns on a terminal and tabs between them elsewhere, or one JSON
    /// object with a list for each kind.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Networks,
    Layers,
    Params,
    Algorithms,
    Reductions,
    Objectives,
    Backends,
    Tables,
    Images,
}

impl What {
    /// The word on the command line, which is the JSON key too.
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// One thing: its columns, and all that is known of it.
struct Row {
    columns: Vec<String>,
    json: Value,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let catalogue = presets::load()?;
    let meant = |what: &&What| args.what.is_none_or(|one| one == **what);
    let kinds: Vec<What> = What::value_variants().iter().filter(meant).copied().collect();
    if args.format == Format::Json {
        let mut all = Map::from_iter([("schema".into(), json!(SCHEMA))]);
        for what in kinds {
            let rows = rows(what, &catalogue)?.into_iter().map(|row| row.json).collect();
            all.insert(what.name(), Value::Array(rows));
        }
        return print_json(&all);
    }
    let mut out = io::stdout().lock();
    let aligned = out.is_terminal();
    for (i, what) in kinds.into_iter().enumerate() {
        if args.what.is_none() {
            let space = if i == 0 { "" } else { "\n" };
            writeln!(out, "{space}{}", what.name())?;
        }
        let indent = if args.what.is_none() { "  " } else { "" };
        let columns: Vec<_> = rows(what, &catalogue)?.into_iter().map(|row| row.columns).collect();
        for line in table::lines(&columns, aligned) {
            writeln!(out, "{indent}{line}")?;
        }
    }
    Ok(())
}

fn rows(what: What, catalogue: &Catalogue) -> Result<Vec<Row>, Failure> {
    Ok(match what {
        What::Networks => {
            catalogue.networks().map(network).map(Ok).chain([model()]).collect::<Result<_, _>>()?
        }
        What::Layers => catalogue.layers().map(layer).collect::<Result<_, _>>()?,
        What::Params => catalogue.params().map(params).collect::<Result<_, _>>()?,
        What::Algorithms => {
            AlgorithmKind::ALL.iter().map(|kind| said(kind.name(), kind.summary())).collect()
        }
        What::Reductions => {
            Reduction::ALL.iter().map(|one| said(one.name(), one.summary())).collect()
        }
        What::Objectives => {
            Objective::ALL.iter().map(|one| said(one.name(), one.summary())).collect()
        }
        What::Backends => Backend::ALL.iter().map(|one| backend(*one)).collect::<Result<_, _>>()?,
        What::Tables => SecurityTable::ALL.iter().map(|one| security_table(*one)).collect(),
        What::Images => BUILTIN_IMAGES.iter().map(|name| image(name)).collect(),
    })
}

/// Something with a name that a line is said about.
fn said(name: &str, summary: &str) -> Row {
    Row {
        columns: vec![name.into(), summary.into()],
        json: json!({ "name": name, "summary": summary }),
    }
}

fn image(name: &str) -> Row {
    Row { columns: vec![name.into()], json: json!({ "name": name }) }
}

fn network(network: &Network) -> Row {
    let Network { name, about, layers, graph } = network;
    network_row(name, about, layers.len(), graph.as_ref().map(Graph::input_shape))
}

/// The model that is built in.
fn model() -> Result<Row, Failure> {
    let model = Builtin.model(u64::MAX).map_err(Failure::input)?;
    let shape = model.input_shape(None).map_err(Failure::input)?;
    let input = shape.get(1..).and_then(|planes| planes.try_into().ok());
    Ok(network_row(Builtin::NAME, Builtin::ABOUT, model.linear_nodes(), input))
}

fn network_row(name: &str, about: &str, count: usize, input: Option<[usize; 3]>) -> Row {
    let runs = input.map_or_else(
        || "layers alone".into(),
        |[channels, height, width]| format!("runs on {channels}x{height}x{width}"),
    );
    let mut json = json!({ "name": name, "about": about, "layers": count });
    if let Some(input) = input {
        json["input"] = json!(input);
    }
    Row { columns: vec![name.into(), counted(count, "layer"), runs, about.into()], json }
}

fn layer(preset: &LayerPreset) -> Result<Row, Failure> {
    let checked = Layer::new(&preset.spec).map_err(Failure::input)?;
    let record = LayerRecord::new(preset.full_name(), &checked);
    let [rows, columns] = record.kernel;
    let groups =
        if record.groups == 1 { String::new() } else { format!("groups {}", record.groups) };
    let signed = if preset.spec.activation_signed == Some(true) { "signed " } else { "" };
    let columns = vec![
        record.name.clone(),
        format!("{} -> {}", record.in_channels, record.out_channels),
        format!("{}x{}", record.height, record.width),
        format!("kernel {rows}x{columns}"),
        format!("stride {}", record.stride),
        groups,
        format!("{}-bit {signed}activations", record.activation_bits),
        format!("{}-bit weights", record.weight_bits),
    ];
    Ok(Row { columns, json: value(&record)? })
}

fn params(spec: &ParamsSpec) -> Result<Row, Failure> {
    let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
    let params = match Params::new(spec, &policy) {
        Ok(params) => params,
        Err(error) => {
            let json = json!({ "name": spec.name, "error": error.to_string() });
            return Ok(Row { columns: vec![spec.name.clone(), error.to_string()], json });
        }
    };
    let record = ParamsRecord::new(&params);
    let columns = vec![
        record.name.clone(),
        format!("N {}", record.ring_degree),
        format!("t {}", record.plain_modulus),
        format!("limbs {} bits", record.sizes_text()),
        format!("log2(QP) {:.1}", record.log2_qp),
        if params.security().ok { String::new() } else { "INSECURE".into() },
    ];
    let mut json = value(&record)?;
    json["security"] = value(&SecurityRecord::new(&params))?;
    Ok(Row { columns, json })
}

fn security_table(table: SecurityTable) -> Row {
    let levels = SecurityLevel::ALL.map(SecurityLevel::bits);
    let mut row = said(table.name(), table.summary());
    row.json["levels"] = json!(levels);
    row
}

fn value(record: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(record).map_err(|error| Failure::Failed(error.to_string()))
}
