// The Python function of the normalization; `lenet.engine.native` gives it its types.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <vector>

#include "normalization.h"

namespace nb = nanobind;
using namespace lenet;

namespace {

using Levels = nb::ndarray<const float, nb::ndim<2>, nb::device::cpu>;
using Pictures = nb::ndarray<uint8_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<bool, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

}  // namespace

void bind_normalization(nb::module_& module) {
  module.def("normalize", [](const nb::list& crops, double thicken, const Pictures& pictures, const Flags& have_ink) {
    std::vector<Levels> arrays;  // they keep the memory while Python may run
    for (const nb::handle crop : crops) arrays.push_back(nb::cast<Levels>(crop));
    const nb::gil_scoped_release gil_released;
    Normalizer normalizer;
    for (size_t i = 0; i < arrays.size(); ++i) {
      const Levels& levels = arrays[i];
      const Crop crop{levels.data(), int(levels.shape(0)), int(levels.shape(1)), ptrdiff_t(levels.stride(0))};
      uint8_t* const picture = pictures.data() + i * Normalizer::side * Normalizer::side;
      have_ink.data()[i] = normalizer.normalize(crop, thicken, picture);
    }
  });
}
