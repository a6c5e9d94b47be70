// The Python functions for pictures as a whole; `lenet.engine.native` gives them their types.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "color_reduction.h"

namespace nb = nanobind;
using namespace lenet;

namespace {

using Pixels = nb::ndarray<const uint8_t, nb::shape<-1, -1, 3>, nb::device::cpu>;
using Target = nb::ndarray<uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;

}  // namespace

void bind_pictures(nb::module_& module) {
  module.def("reduce_colors", [](const Pixels& pixels, int halvings, const Target& target) {
    const Colors colors{pixels.data(), int(pixels.shape(0)), int(pixels.shape(1)), ptrdiff_t(pixels.stride(0))};
    const nb::gil_scoped_release gil_released;
    return reduce_colors(colors, halvings, int(target.shape(0)), int(target.shape(1)), target.data());
  });
}
