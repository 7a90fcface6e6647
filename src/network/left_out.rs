//! Tensors that belong to a layer which does not use them, so that its values would be wrong.

use super::graph::Node;
use super::read::{CHANNEL_FORM, channels_of};
use crate::tensor::{TensorError, TensorFile};

/// Refuses a bias or a batch normalisation of a layer that says nothing of it.
///
/// # Errors
/// [`TensorError::LeftOut`] with what the layer would have to say.
pub(super) fn check(file: &mut TensorFile, node: &Node) -> Result<(), TensorError> {
    let (prefix, channels) = (node.spec.tensors(), node.layer.out_channels());
    let error = |file: &TensorFile, tensor: String, key: String| {
        let (path, layer) = (file.path().to_owned(), node.spec.name().to_owned());
        Err(TensorError::LeftOut { path, tensor, layer, key })
    };
    if !node.spec.bias
        && let Some(bias) = bias(file, prefix, channels)
    {
        return error(file, bias, "bias = true".into());
    }
    if node.spec.bn.is_none()
        && let Some(bn) = batch_norm(file, prefix, channels)
    {
        return error(file, format!("{bn}.running_mean"), format!("bn = \"{bn}\""));
    }
    Ok(())
}

/// The name of an unused bias that is not zero throughout.
pub(super) fn bias(file: &mut TensorFile, prefix: &str, channels: usize) -> Option<String> {
    let stored = file.stored_name(&format!("{prefix}.bias")).ok()??;
    if !file.unused().contains(&stored) {
        return None;
    }
    let values = file.peek(&stored, &[channels], CHANNEL_FORM);
    let is_zero = values.is_ok_and(|array| channels_of(array.values).iter().all(|b| *b == 0.0));
    (!is_zero).then_some(stored)
}

/// What the names of an unused batch normalisation begin with that, by its name and its channels,
/// comes after the convolution of `prefix`: `bn1` after `conv1`, or 1 after 0 in a sequence.
fn batch_norm(file: &mut TensorFile, prefix: &str, channels: usize) -> Option<String> {
    let (parent, last) = prefix.rsplit_once('.').map_or((None, prefix), |(a, b)| (Some(a), b));
    let next = match last.parse::<usize>() {
        Ok(place) => place.checked_add(1)?.to_string(),
        Err(_) if last.contains("conv") => last.replace("conv", "bn"),
        Err(_) => return None,
    };
    let name = parent.map_or_else(|| next.clone(), |parent| format!("{parent}.{next}"));
    let stored = file.stored_name(&format!("{name}.running_mean")).ok()??;
    let is_its = file.unused().contains(&stored) && file.shape(&stored)? == [channels];
    is_its.then_some(name)
}
