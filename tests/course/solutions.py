"""The functions that the exercises ask for, written out as a learner would: no names of lenet's."""

import numpy as np


def network_input(levels):
    return np.pad(-0.1 + 1.275 * levels.astype(float) / 255, 2, constant_values=-0.1)


def convolve(maps, kernels, bias):
    side = kernels.shape[-1]
    rows, columns = maps.shape[1] - side + 1, maps.shape[2] - side + 1
    output = np.zeros((rows, columns))
    for y in range(rows):
        for x in range(columns):
            output[y, x] = (maps[:, y : y + side, x : x + side] * kernels).sum() + bias
    return output


def output_size(n, kernel_size, stride, padding):
    return (n + 2 * padding - kernel_size) // stride + 1


def subsample(values, coefficient, bias):
    sums = values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
    return 1.7159 * np.tanh(2 / 3 * (coefficient * sums + bias))


def table_parameters(table, kernel_size):
    return sum(len(row) * kernel_size**2 + 1 for row in table)


def penalties(f6, codes):
    return ((f6[:, None] - codes[None]) ** 2).sum(axis=2)


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def to_nchw(images):
    return images.transpose(0, 3, 1, 2) / 255


def best_epoch(validation_errors):
    return validation_errors.index(min(validation_errors))


def descend(weight, gradients, rate, momentum):
    velocity = 0
    for gradient in gradients:
        velocity = momentum * velocity + gradient
        weight = weight - rate * velocity
    return weight


def ink_high(picture):
    return 255 - picture if picture.mean() > 127 else picture
