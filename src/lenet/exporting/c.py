"""Export of a network as C99: a header and a source file, float or 8-bit weights, no allocation, with a self-test."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Shape,
    Stage,
    Subsampling,
)
from lenet.errors import ArchitectureError
from lenet.exporting.quantization import Quantization, QuantizedStage, rows_of_weights
from lenet.preprocess import GrayLevels

Array = NDArray[np.float32]

_LINE_WIDTH = 120
_MAX_PRODUCTS = 2**31 // (255 * 127)  # that a sum of 32 bits holds


@dataclass(frozen=True)
class CSource:
    """The text of both files, and how much of the program is weights."""

    header: str
    source: str
    weight_bytes: int


def to_c(
    network: Network,
    arrays: Mapping[str, Array],
    name: str,
    *,
    quantization: Quantization | None = None,
    output_names: Sequence[str] = (),
    examples: tuple[GrayLevels, Array, float] | None = None,
) -> CSource:
    """The network as C.

    Args:
        network, arrays: the description and its parameters.
        name: of the two files; every name in them that others see begins with it, as `identifier` writes it.
        quantization: convolutions and full connections in 8 bits; None leaves them in float.
        output_names: one for each output.
        examples: for the self-test: pictures of the network's size, uint8 (N, C, H, W), their outputs, and how far the
            program's may be from these.

    Raises:
        ArchitectureError: if C has no such layer, or a sum in 8 bits does not fit 32.
    """
    if not re.fullmatch(r"[\w .+-]+", name):
        raise ArchitectureError(f"{name}: no name of a C file; expected letters, digits, spaces and . _ + -")
    return _Writer(network, arrays, name, quantization or {}, output_names or list(map(str, range(network.classes))),
                   examples).write()  # fmt: skip


def identifier(text: str) -> str:
    """A name as C takes it.

    >>> identifier("lenet-5-relu"), identifier("7 segments")
    ('lenet_5_relu', 'net_7_segments')
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return name if name[:1].isalpha() else f"net_{name}".rstrip("_")


class _Writer:
    """The parts of one program."""

    def __init__(
        self,
        network: Network,
        arrays: Mapping[str, Array],
        name: str,
        quantization: Quantization,
        output_names: Sequence[str],
        examples: tuple[GrayLevels, Array, float] | None,
    ) -> None:
        self.network, self.arrays, self.file = network, arrays, name
        self.quantization, self.output_names, self.examples = quantization, output_names, examples
        self.name = identifier(name)
        self.weight_bytes = 0
        self.helpers: set[str] = set()
        self.padded = self.levels = 0  # the largest padded input, and the largest in 8 bits
        names = [identifier(stage.name) for stage in network.stages]
        self.stage_names = names if len(set(names)) == len(names) else [f"stage_{i}" for i in range(len(names))]

    def write(self) -> CSource:
        network, upper = self.network, self.name.upper()
        stages, calls, source, target = [], [], "before", "after"
        for stage, name, input_shape in zip(network.stages, self.stage_names, network.input_shapes, strict=True):
            stages.append("\n".join(self._stage(stage, name, input_shape)))
            calls.append(f"run_{name}({source}, {target});")
            if stage.activation is Activation.LOG_SOFTMAX:
                maps, height, width = stage.layer.output_shape(input_shape)
                calls.append(f"log_softmax({target}, {maps}, {height * width});")
            source, target = target, source
        units = max(prod(shape) for shape in (network.input, *network.output_shapes))
        buffers = [f"static float before[{units}], after[{units}];"]
        if self.padded:
            buffers.append(f"static float padded[{self.padded}];")
        if self.levels:
            buffers.append(f"static uint8_t levels[{self.levels}];")
        background, ink = network.input_range
        best = "<" if network.smallest_wins else ">"
        names = ", ".join(map(c_string, self.output_names))
        memory = 4 * (2 * units + self.padded) + self.levels
        parts = [
            f"/* The network {self.network.name}, {self._kind()}; written by lenet export. */",
            f'#include "{self.file}.h"\n\n#include <math.h>',
            f"const char *const {self.name}_output_names[{upper}_OUTPUTS] = {{{names}}};",
            "\n".join(buffers),
            *(_HELPERS[helper] for helper in _HELPERS if helper in self.helpers),
            *stages,
            f"""int {self.name}_run(const uint8_t *picture, float *outputs)
{{
    int best = 0;
    for (int i = 0; i < {prod(network.input)}; i++)
        before[i] = {_c_float(background)} + {_c_float((ink - background) / 255)} * (float)picture[i];
    {f"{chr(10)}    ".join(calls)}
    for (int i = 0; i < {upper}_OUTPUTS; i++) {{
        outputs[i] = {source}[i];
        if (outputs[i] {best} outputs[best])
            best = i;
    }}
    return best;
}}""",
            *([self._self_test()] if self.examples else []),
        ]
        return CSource(self._header(memory), "\n\n".join(parts) + "\n", self.weight_bytes)

    def _kind(self) -> str:
        return "with 8-bit weights and 8-bit inputs of every weighted stage" if self.quantization else "in float"

    def _header(self, memory: int) -> str:
        upper, (channels, height, width) = self.name.upper(), self.network.input
        meaning = "penalties: the smallest wins" if self.network.smallest_wins else "the largest wins"
        test = f"{self.file}.c has a self-test: cc -D{upper}_TEST {self.file}.c -lm && ./a.out"
        return f"""/* The network {self.network.name}, {self._kind()}; written by lenet export.
 * {self.weight_bytes:,} bytes of weights; works in {memory:,} bytes of static memory: one call at a time.
 * Needs a C99 compiler and -lm.{f" {test}" if self.examples else ""} */
#ifndef {upper}_H
#define {upper}_H

#include <stdint.h>

#define {upper}_CHANNELS {channels}
#define {upper}_ROWS {height}
#define {upper}_COLUMNS {width}
#define {upper}_OUTPUTS {self.network.classes}

#ifdef __cplusplus
extern "C" {{
#endif

/* What each output stands for. */
extern const char *const {self.name}_output_names[{upper}_OUTPUTS];

/* picture: CHANNELS x ROWS x COLUMNS bytes, row by row, channel by channel; 255 is ink and 0 background.
 * outputs: OUTPUTS numbers, {meaning}. Returns the index of the output that wins. */
int {self.name}_run(const uint8_t *picture, float *outputs);

#ifdef __cplusplus
}}
#endif

#endif
"""

    def _stage(self, stage: Stage, name: str, input_shape: Shape) -> Iterator[str]:
        maps, height, width = input_shape
        out_maps, rows, columns = stage.layer.output_shape(input_shape)
        value = self._activation_expression(stage.activation)
        yield f"/* {name}: {maps} x {height} x {width} to {out_maps} x {rows} x {columns} */"
        match stage.layer:
            case Convolution():
                yield from self._convolution(stage, stage.layer, name, input_shape)
                return
            case FullConnection():
                yield from self._full_connection(stage, name, input_shape)
                return
            case EuclideanRbf(prototypes=prototypes):
                yield self._table("float", f"{name}_codes", np.array(prototypes, np.float32))
                body = [
                    f"for (int unit = 0; unit < {out_maps}; unit++) {{",
                    "    float sum = 0;",
                    f"    for (int i = 0; i < {prod(input_shape)}; i++) {{",
                    f"        const float difference = in[i] - {name}_codes[unit * {prod(input_shape)} + i];",
                    "        sum += difference * difference;",
                    "    }",
                    f"    *out++ = {value};",
                    "}",
                ]
            case GlobalAveragePooling():
                body = [
                    f"for (int map = 0; map < {maps}; map++) {{",
                    "    float sum = 0;",
                    f"    for (int i = 0; i < {height * width}; i++)",
                    "        sum += *in++;",
                    f"    sum /= {_c_float(height * width)};",
                    f"    *out++ = {value};",
                    "}",
                ]
            case Subsampling() | MaxPooling() | AveragePooling():
                yield from self._pooling(stage, stage.layer, name, input_shape)
                return
            case _:
                raise ArchitectureError(f"{stage.name}: a layer of kind {stage.kind} cannot be written as C")
        yield from _c_function(name, body)

    def _pooling(
        self, stage: Stage, layer: Subsampling | MaxPooling | AveragePooling, name: str, input_shape: Shape
    ) -> Iterator[str]:
        maps, height, width = input_shape
        size, out_maps = layer.size, layer.output_shape(input_shape)[0]
        copies = out_maps // maps
        source = f"in + map{f' / {copies}' if copies > 1 else ''} * {height * width}"
        if isinstance(layer, MaxPooling):
            initial, step = "window[0]", "sum = value > sum ? value : sum;"
        else:
            initial, step = "0", "sum += value;"
        finish = []
        if isinstance(layer, AveragePooling):
            finish = [f"            sum /= {_c_float(size**2)};"]
        if isinstance(layer, Subsampling):
            for kind in ("coefficient", "bias"):
                yield self._table("float", f"{name}_{kind}", self.arrays[f"{stage.name}.{kind}"])
            finish = [f"            sum = sum * {name}_coefficient[map] + {name}_bias[map];"]
        yield from _c_function(name, [
            f"for (int map = 0; map < {out_maps}; map++)",
            f"    for (int row = 0; row < {height // size}; row++)",
            f"        for (int column = 0; column < {width // size}; column++) {{",
            f"            const float *window = {source} + row * {size * width} + column * {size};",
            f"            float sum = {initial};",
            f"            for (int y = 0; y < {size}; y++)",
            f"                for (int x = 0; x < {size}; x++) {{",
            f"                    const float value = window[y * {width} + x];",
            f"                    {step}",
            "                }",
            *finish,
            f"            *out++ = {self._activation_expression(stage.activation)};",
            "        }",
        ])  # fmt: skip

    def _convolution(self, stage: Stage, layer: Convolution, name: str, input_shape: Shape) -> Iterator[str]:
        (maps, height, width), (out_maps, rows, columns) = input_shape, layer.output_shape(input_shape)
        padding, side = layer.padding, layer.kernel_size
        prepare, source = [], "in"
        if padding:
            self.helpers.add("pad")
            padding_value = _c_float(layer.padding_value)
            prepare.append(f"pad(in, padded, {maps}, {height}, {width}, {padding}, {padding_value});")
            height, width, source = height + 2 * padding, width + 2 * padding, "padded"
            self.padded = max(self.padded, maps * height * width)
        yield from self._weights(stage, name, input_shape)
        quantized = self.quantization.get(stage.name)
        source = self._quantized_source(quantized, source, maps * height * width, prepare)
        kinds = ("uint8_t", "int8_t", "int32_t") if quantized else ("float",) * 3
        if layer.table is None:
            kernels = [f"for (int input_map = 0; input_map < {maps}; input_map++) {{"]
            kernel, input_map = f"(map * {maps} + input_map)", "input_map"
        else:
            firsts = np.cumsum([0, *map(len, layer.table)])
            yield self._table(_integer_type(firsts), f"{name}_first", firsts)
            input_maps = np.array([index for row in layer.table for index in row])
            yield self._table(_integer_type(input_maps), f"{name}_input_map", input_maps)
            kernels = [f"for (int kernel = {name}_first[map]; kernel < {name}_first[map + 1]; kernel++) {{"]
            kernel, input_map = "kernel", f"{name}_input_map[kernel]"
        bias_index = f"(map * {rows} + row) * {columns} + column" if layer.bias == "unit" else "map"
        step = f"row * {layer.stride * width} + column * {layer.stride}"
        product = f"maps[y * {width} + x] * weights[y * {side} + x]"
        yield from _c_function(name, [
            *prepare,
            f"for (int map = 0; map < {out_maps}; map++)",
            f"    for (int row = 0; row < {rows}; row++)",
            f"        for (int column = 0; column < {columns}; column++) {{",
            f"            {kinds[2]} products = 0;",
            f"            {kernels[0]}",
            f"                const {kinds[0]} *maps = {source} + {input_map} * {height * width} + {step};",
            f"                const {kinds[1]} *weights = {name}_weight + {kernel} * {side * side};",
            f"                for (int y = 0; y < {side}; y++)",
            f"                    for (int x = 0; x < {side}; x++)",
            f"                        products += {product};",
            "            }",
            f"            const float sum = {self._sum(quantized, name, bias_index)};",
            f"            *out++ = {self._activation_expression(stage.activation)};",
            "        }",
        ])  # fmt: skip

    def _full_connection(self, stage: Stage, name: str, input_shape: Shape) -> Iterator[str]:
        inputs, units = prod(input_shape), stage.layer.output_shape(input_shape)[0]
        prepare: list[str] = []
        yield from self._weights(stage, name, input_shape)
        quantized = self.quantization.get(stage.name)
        source = self._quantized_source(quantized, "in", inputs, prepare)
        yield from _c_function(name, [
            *prepare,
            f"for (int map = 0; map < {units}; map++) {{",
            f"    {'int32_t' if quantized else 'float'} products = 0;",
            f"    for (int i = 0; i < {inputs}; i++)",
            f"        products += {source}[i] * {name}_weight[map * {inputs} + i];",
            f"    const float sum = {self._sum(quantized, name, 'map')};",
            f"    *out++ = {self._activation_expression(stage.activation)};",
            "}",
        ])  # fmt: skip

    def _weights(self, stage: Stage, name: str, input_shape: Shape) -> Iterator[str]:
        weight, bias = self.arrays[f"{stage.name}.weight"], self.arrays[f"{stage.name}.bias"]
        quantized = self.quantization.get(stage.name)
        if quantized is None:
            yield self._table("float", f"{name}_weight", weight)
            yield self._table("float", f"{name}_bias", bias)
            return
        rows = rows_of_weights(stage, input_shape)
        counts = np.bincount(rows, minlength=len(bias)) * (quantized.weight[0].size)
        if counts.max() > _MAX_PRODUCTS:
            raise ArchitectureError(
                f"{stage.name}: a unit sums {counts.max():,} products, more than the {_MAX_PRODUCTS:,} that fit 32 "
                "bits in 8-bit C; export it in float"
            )
        sums = np.zeros(len(bias), np.int64)
        np.add.at(sums, rows, quantized.weight.reshape(len(rows), -1).sum(axis=1, dtype=np.int64))
        scales = quantized.weight_scales * np.float32(quantized.scale)
        # The zero point of the inputs adds a constant to every sum; the bias takes it off.
        zero_point_offset = (sums * quantized.zero_point * scales.astype(np.float64)).reshape(
            -1, *(1,) * (bias.ndim - 1)
        )
        yield self._table("int8_t", f"{name}_weight", quantized.weight)
        yield self._table("float", f"{name}_scale", scales)
        yield self._table("float", f"{name}_bias", (bias - zero_point_offset).astype(np.float32))

    def _quantized_source(self, stage: QuantizedStage | None, source: str, count: int, prepare: list[str]) -> str:
        if stage is None:
            return source
        self.helpers.add("quantize")
        self.levels = max(self.levels, count)
        prepare.append(f"quantize({source}, levels, {count}, {_c_float(stage.scale)}, {_c_float(stage.zero_point)});")
        return "levels"

    def _sum(self, quantized: QuantizedStage | None, name: str, bias_index: str) -> str:
        return f"(float)products * {name}_scale[map] + {name}_bias[{bias_index}]" if quantized else (
            f"products + {name}_bias[{bias_index}]"
        )  # fmt: skip

    def _activation_expression(self, activation: Activation) -> str:
        match activation:
            case Activation.IDENTITY:
                return "sum"
            case Activation.RELU:
                return "sum > 0 ? sum : 0"
            case Activation.TANH:
                return "tanhf(sum)"
            case Activation.SIGMOID:
                return "0.5f * tanhf(0.5f * sum) + 0.5f"
            case Activation.SQUASH:
                return f"{_c_float(SQUASH_AMPLITUDE)} * tanhf({_c_float(SQUASH_SLOPE)} * sum)"
            case Activation.LOG_SOFTMAX:
                self.helpers.add("log_softmax")
                return "sum"

    def _table(self, kind: str, name: str, values: NDArray[np.generic]) -> str:
        sizes = {"float": 4, "int8_t": 1, "uint8_t": 1, "int16_t": 2, "int32_t": 4}
        self.weight_bytes += sizes[kind] * values.size
        return _c_array(kind, name, values)

    def _self_test(self) -> str:
        assert self.examples is not None
        pictures, outputs, tolerance = self.examples
        upper, allowed = self.name.upper(), _c_float(tolerance)
        return f"""#ifdef {upper}_TEST
#include <stdio.h>

{_c_array("uint8_t", "test_pictures", pictures)}
{_c_array("float", "test_outputs", outputs)}

int main(void)
{{
    float outputs[{upper}_OUTPUTS], largest = 0;
    for (int example = 0; example < {len(pictures)}; example++) {{
        {self.name}_run(test_pictures + example * {prod(self.network.input)}, outputs);
        for (int i = 0; i < {upper}_OUTPUTS; i++) {{
            const float difference = fabsf(outputs[i] - test_outputs[example * {upper}_OUTPUTS + i]);
            largest = difference > largest ? difference : largest;
        }}
    }}
    printf("{len(pictures)} pictures, outputs differ by at most %g, %g are allowed\\n", largest, {allowed});
    return largest <= {allowed} ? 0 : 1;
}}
#endif"""


_HELPERS = {
    "pad": """/* Maps with so many rows and columns of a value around each. */
static void pad(const float *in, float *out, int maps, int height, int width, int padding, float value)
{
    for (int map = 0; map < maps; map++)
        for (int row = -padding; row < height + padding; row++)
            for (int column = -padding; column < width + padding; column++)
                *out++ = row < 0 || row >= height || column < 0 || column >= width
                    ? value : in[(map * height + row) * width + column];
}""",
    "quantize": """/* Numbers as levels of 0 to 255, each the nearest. */
static void quantize(const float *in, uint8_t *out, int count, float scale, float zero)
{
    for (int i = 0; i < count; i++) {
        const float level = rintf(in[i] / scale) + zero;
        out[i] = (uint8_t)(level > 0 ? level < 255 ? level : 255 : 0);
    }
}""",
    "log_softmax": """/* Over the maps, at each position. */
static void log_softmax(float *units, int maps, int positions)
{
    for (int i = 0; i < positions; i++) {
        float largest = units[i], sum = 0;
        for (int map = 1; map < maps; map++)
            largest = fmaxf(largest, units[map * positions + i]);
        for (int map = 0; map < maps; map++)
            sum += expf(units[map * positions + i] - largest);
        for (int map = 0; map < maps; map++)
            units[map * positions + i] -= largest + logf(sum);
    }
}""",
}


def _c_function(name: str, body: Sequence[str]) -> Iterator[str]:
    yield f"static void run_{name}(const float *in, float *out)"
    yield "{"
    yield from (f"    {line}" for line in body)
    yield "}"


def _c_array(kind: str, name: str, values: NDArray[np.generic]) -> str:
    texts = list(map(_c_float, values.ravel().tolist())) if kind == "float" else list(map(str, values.ravel().tolist()))
    lines, line = [], "   "
    for text in texts:
        if len(line) + len(text) + 2 > _LINE_WIDTH:
            lines.append(line)
            line = "   "
        line += f" {text},"
    return "\n".join([f"static const {kind} {name}[{len(texts)}] = {{", *lines, line, "};"])


def _c_float(value: float) -> str:
    """A float constant; nine digits give every float32 back."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if set(text) & set(".e") else f"{text}.0f"


def _integer_type(values: NDArray[np.int64]) -> str:
    return "uint8_t" if values.max() < 256 else "int16_t" if values.max() < 2**15 else "int32_t"


def c_string(text: str) -> str:
    """A string constant of the text's bytes in UTF-8; whatever C would read otherwise is spelled in octal.

    >>> print(c_string('a "7"?'), c_string("é"))
    "a \\0427\\042\\077" "\\303\\251"
    """
    plain = {byte for byte in range(32, 127) if chr(byte) not in '"\\?'}
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode("utf-8")) + '"'
