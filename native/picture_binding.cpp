// The Python functions for pictures as a whole; `lenet.engine.native` gives them their types.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <optional>

#include "color_reduction.h"
#include "ink_levels.h"

namespace nb = nanobind;
using namespace lenet;

namespace {

using Pixels = nb::ndarray<const uint8_t, nb::shape<-1, -1, 3>, nb::device::cpu>;
using Target = nb::ndarray<uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using Levels = nb::ndarray<const uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Gains = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Darkness = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Quantized = nb::ndarray<uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Counts = nb::ndarray<int64_t, nb::shape<256>, nb::c_contig, nb::device::cpu>;

}  // namespace

void bind_pictures(nb::module_& module) {
  module.def("reduce_colors", [](const Pixels& pixels, int halvings, const Target& target) {
    const Colors colors{pixels.data(), int(pixels.shape(0)), int(pixels.shape(1)), ptrdiff_t(pixels.stride(0))};
    const nb::gil_scoped_release gil_released;
    return reduce_colors(colors, halvings, int(target.shape(0)), int(target.shape(1)), target.data());
  });
  module.def(
      "measure_darkness",
      [](const Levels& levels, const Levels& nearby, const Levels& expected, const std::optional<Levels>& minimum,
         const Gains& gain, bool is_first, const Darkness& darkness) {
        const Channel channel{darkness.size(),   levels.data(), nearby.data(),
                              expected.data(),   minimum ? minimum->data() : nullptr, gain.data()};
        const nb::gil_scoped_release gil_released;
        measure_darkness(channel, is_first, darkness.data());
      },
      nb::arg("levels"), nb::arg("nearby"), nb::arg("expected"), nb::arg("minimum").none(), nb::arg("gain"),
      nb::arg("is_first"), nb::arg("darkness"));
  module.def("quantize_darkness", [](const Gains& darkness, const Quantized& quantized, const Counts& counts) {
    const nb::gil_scoped_release gil_released;
    quantize_darkness(darkness.data(), darkness.size(), quantized.data(), counts.data());
  });
}
