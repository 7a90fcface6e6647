"""Trains the network of `heconv network digits` and writes what is embedded of it.

    pip install numpy scikit-learn onnx pillow
    python3 assets/digits/train.py assets/digits

The data are scikit-learn's digits: 1,797 pictures of 8x8 pixels, the test part of E. Alpaydin and C.
Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, CC BY 4.0. 200 are
kept for the test and never trained on. What is written:

    digits.onnx   the network, 3 convolutions, 8x8 grey pictures from 0 to 1
    test.png      the 200 test pictures, 20 a row, each 8x8
    test.txt      their digits, in the same order
    digit.png     the first of them

The same versions and seed give the same files. The last training gave 100.0 % on the test pictures.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_digits

SEED, TEST, EPOCHS, BATCH, RATE, DECAY = 7, 200, 60, 64, 2e-3, 1e-3
CHANNELS = [12, 24, 48]


def windows(x):
    """The 3x3 neighbourhoods of every pixel: (n, rows, columns, channels * 9)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    n, c, h, w = x.shape
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(n, h, w, c * 9)


def spread(grad, shape):
    """The gradient of an input from that of its neighbourhoods."""
    n, c, h, w = shape
    grad = grad.reshape(n, h, w, c, 3, 3)
    padded = np.zeros((n, c, h + 2, w + 2), np.float32)
    for y in range(3):
        for x in range(3):
            padded[:, :, y : y + h, x : x + w] += grad[..., y, x].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def pooled(x):
    """The largest of every 2x2, and where it was."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    blocks = blocks.reshape(n, c, h // 2, w // 2, 4)
    return blocks.max(-1), blocks.argmax(-1)


def unpooled(grad, where):
    n, c, h, w = grad.shape
    blocks = np.zeros((n, c, h, w, 4), np.float32)
    np.put_along_axis(blocks, where[..., None], grad[..., None], -1)
    blocks = blocks.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5)
    return blocks.reshape(n, c, 2 * h, 2 * w)


def forward(x, params):
    kept = []
    for i in range(3):
        weights, bias = params[2 * i : 2 * i + 2]
        near = windows(x)
        flat = weights.reshape(weights.shape[0], -1)
        y = (near @ flat.T + bias).transpose(0, 3, 1, 2)
        y = np.maximum(y, 0)
        kept.append((x.shape, near, y))
        x, where = pooled(y)
        kept[-1] += (where,)
    flat = x.reshape(len(x), -1)
    return flat @ params[6].T + params[7], flat, x.shape, kept


def gradients(x, labels, params):
    scores, flat, shape, kept = forward(x, params)
    scores = np.exp(scores - scores.max(1, keepdims=True))
    scores /= scores.sum(1, keepdims=True)
    scores[np.arange(len(labels)), labels] -= 1
    scores /= len(labels)
    grads = [None] * 8
    grads[6], grads[7] = scores.T @ flat, scores.sum(0)
    grad = (scores @ params[6]).reshape(shape)
    for i in reversed(range(3)):
        shape, near, y, where = kept[i]
        grad = unpooled(grad, where) * (y > 0)
        weights = params[2 * i]
        columns = grad.transpose(0, 2, 3, 1)
        rows = columns.reshape(-1, weights.shape[0])
        grads[2 * i] = (rows.T @ near.reshape(len(rows), -1)).reshape(weights.shape)
        grads[2 * i + 1] = rows.sum(0)
        grad = spread(columns @ weights.reshape(weights.shape[0], -1), shape)
    return grads


def trained(x, labels, rng):
    params, inputs = [], 1
    for outputs in CHANNELS:
        gain = np.sqrt(2 / (inputs * 9))
        params += [rng.normal(0, gain, (outputs, inputs, 3, 3)), np.zeros(outputs)]
        inputs = outputs
    params += [rng.normal(0, np.sqrt(1 / inputs), (10, inputs)), np.zeros(10)]
    params = [p.astype(np.float32) for p in params]
    means, squares = [[np.zeros_like(p) for p in params] for _ in range(2)]
    step = 0
    for epoch in range(EPOCHS):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            batch = order[start : start + BATCH]
            shift = rng.integers(-1, 2, 2) if rng.random() < 0.5 else (0, 0)
            pictures = np.roll(x[batch], shift, (2, 3))
            step += 1
            for i, grad in enumerate(gradients(pictures, labels[batch], params)):
                means[i] = 0.9 * means[i] + 0.1 * grad
                squares[i] = 0.999 * squares[i] + 0.001 * grad**2
                mean, square = means[i] / (1 - 0.9**step), squares[i] / (1 - 0.999**step)
                params[i] -= rate * (mean / (np.sqrt(square) + 1e-8) + DECAY * params[i])
    return params


def model(params):
    nodes, x = [], "picture"
    names = ["conv1", "conv2", "conv3", "dense"]
    for i, name in enumerate(names[:3]):
        taken = [x, f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Conv", taken, [f"{name}.sums"], name, pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"{name}.sums"], [f"{name}.relu"]))
        size = dict(kernel_shape=[2, 2], strides=[2, 2])
        nodes.append(helper.make_node("MaxPool", [f"{name}.relu"], [f"{name}.pool"], **size))
        x = f"{name}.pool"
    nodes.append(helper.make_node("Flatten", [x], ["flat"]))
    taken = ["flat", "dense.weight", "dense.bias"]
    nodes.append(helper.make_node("Gemm", taken, ["scores"], "dense", transB=1))
    tensors = []
    for i, name in enumerate(names):
        for param, kind in zip(params[2 * i : 2 * i + 2], ["weight", "bias"]):
            tensors.append(numpy_helper.from_array(param.astype(np.float32), f"{name}.{kind}"))
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", 1, 8, 8])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])
    graph = helper.make_graph(nodes, "digits", [picture], [scores], tensors)
    sets = [helper.make_opsetid("", 13)]
    built = helper.make_model(graph, opset_imports=sets, ir_version=8, producer_name="heconv")
    onnx.checker.check_model(built, full_check=True)
    return built


def main(directory):
    rng = np.random.default_rng(SEED)
    digits = load_digits()
    order = rng.permutation(len(digits.images))
    grey = np.rint(digits.images[order] * 255 / 16).astype(np.uint8)
    labels = digits.target[order]
    x = (grey / 255).astype(np.float32)[:, None]
    params = trained(x[TEST:], labels[TEST:], rng)
    found = forward(x[:TEST], params)[0].argmax(1)
    print(f"{100 * (found == labels[:TEST]).mean():.1f} % of {TEST} test pictures")
    onnx.save(model(params), f"{directory}/digits.onnx")
    rows = grey[:TEST].reshape(TEST // 20, 20, 8, 8).transpose(0, 2, 1, 3)
    Image.fromarray(rows.reshape(-1, 160)).save(f"{directory}/test.png", optimize=True)
    Image.fromarray(grey[0]).save(f"{directory}/digit.png", optimize=True)
    with open(f"{directory}/test.txt", "w") as file:
        file.write("".join(f"{label}\n" for label in labels[:TEST]))


main(sys.argv[1])
