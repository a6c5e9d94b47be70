// The Python function of the cuts; `lenet.engine.native` gives it its types.
#include "cuts.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace lenet;

void bind_cuts(nb::module_& module) {
  using Mask = nb::ndarray<const uint8_t, nb::ndim<2>, nb::device::cpu>;
  module.def("propose_cuts", [](const Mask& mask, double digit_height, const std::vector<double>& slants) {
    const InkMask ink{mask.data(), int(mask.shape(0)), int(mask.shape(1)), ptrdiff_t(mask.stride(0))};
    return propose_cuts(ink, digit_height, slants);
  });
}
