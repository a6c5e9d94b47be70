// The Python module of the engine. Python lays out the program (`lenet.engine.program`) and checks arguments; here arrays
// are only passed on.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>

#include "call_lock.h"
#include "engine.h"

namespace nb = nanobind;
using namespace lenet;

namespace {

using Bytes = nb::ndarray<const uint8_t, nb::c_contig, nb::device::cpu>;
using Inputs = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Rates = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Shifts = nb::ndarray<const int8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<nb::numpy, float, nb::ndim<1>>;
using Outputs = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

const Kernels& named_kernels(const std::string& instructions) {
  const Kernels* kernels = instructions == "amx" ? matrix_kernels() : kernels_for(instructions);
  if (!kernels) throw std::invalid_argument("no instruction set '" + instructions + "' here; expected one of instruction_sets()");
  return *kernels;
}

// A view of a vector in the engine's memory, empty where it is not in use.
Vector view(float* vector, nb::handle owner) {
  return Vector(vector, {vector ? size_t(nb::cast<Engine&>(owner).parameters()) : 0}, owner);
}

}  // namespace

void bind_cuts(nb::module_& module);  // cuts_binding.cpp
void bind_normalization(nb::module_& module);  // normalization_binding.cpp
void bind_pictures(nb::module_& module);       // picture_binding.cpp
void bind_replicas(nb::module_& module);       // replicas_binding.cpp

NB_MODULE(_native, module) {
  nb::enum_<Kind>(module, "Kind")
      .value("convolution", Kind::convolution)
      .value("subsampling", Kind::subsampling)
      .value("max_pooling", Kind::max_pooling)
      .value("average_pooling", Kind::average_pooling)
      .value("full_connection", Kind::full_connection)
      .value("euclidean_rbf", Kind::euclidean_rbf)
      .value("activation", Kind::activation);
  nb::enum_<Activation>(module, "Activation")
      .value("identity", Activation::identity)
      .value("squash", Activation::squash)
      .value("tanh", Activation::tanh)
      .value("sigmoid", Activation::sigmoid)
      .value("relu", Activation::relu)
      .value("log_softmax", Activation::log_softmax);
  nb::enum_<Loss>(module, "Loss")
      .value("cross_entropy", Loss::cross_entropy)
      .value("nll", Loss::nll)
      .value("map", Loss::map)
      .value("penalty", Loss::penalty)
      .value("mean_squared_error", Loss::mean_squared_error);
  nb::enum_<Optimizer>(module, "Optimizer").value("sgd", Optimizer::sgd).value("adamw", Optimizer::adamw);

  nb::class_<Maps>(module, "Maps")
      .def("__init__",
           [](Maps* self, int offset, int maps, int height, int width, int row, int map) {
             new (self) Maps{offset, maps, height, width, row, map};
           })
      .def_ro("offset", &Maps::offset)
      .def_ro("maps", &Maps::maps)
      .def_ro("height", &Maps::height)
      .def_ro("width", &Maps::width)
      .def_ro("row", &Maps::row)
      .def_ro("map", &Maps::map);
  nb::class_<Step>(module, "Step")
      .def(nb::init<>())
      .def_rw("kind", &Step::kind)
      .def_rw("activation", &Step::activation)
      .def_rw("input", &Step::input)
      .def_rw("output", &Step::output)
      .def_rw("input_grad", &Step::input_grad)
      .def_rw("output_grad", &Step::output_grad)
      .def_rw("sums_grad", &Step::sums_grad)
      .def_rw("max_indices", &Step::max_indices)
      .def_rw("fused_pooling", &Step::fused_pooling)
      .def_rw("unpooled_step", &Step::unpooled_step)
      .def_rw("unpooled_before", &Step::unpooled_before)
      .def_rw("side", &Step::side)
      .def_rw("stride", &Step::stride)
      .def_rw("padding", &Step::padding)
      .def_rw("padding_value", &Step::padding_value)
      .def_rw("window_height", &Step::window_height)
      .def_rw("window_width", &Step::window_width)
      .def_rw("copies", &Step::copies)
      .def_rw("weight", &Step::weight)
      .def_rw("bias", &Step::bias)
      .def_rw("weight_row", &Step::weight_row)
      .def_rw("bias_per_unit", &Step::bias_per_unit)
      .def_rw("lane_weight", &Step::lane_weight)
      .def_rw("lane_bias", &Step::lane_bias)
      .def_rw("table", &Step::table)
      .def_rw("constants", &Step::constants)
      .def_rw("needs_input_grad", &Step::needs_input_grad)
      .def_rw("skips_background", &Step::skips_background);
  nb::class_<OwnedProgram>(module, "Program")
      .def(nb::init<>())
      .def_rw("steps", &OwnedProgram::steps)
      .def_rw("table", &OwnedProgram::table)
      .def_rw("constants", &OwnedProgram::constants)
      .def("add_lane_range",
           [](OwnedProgram& self, int parameter, int lane, int count) { self.lane_ranges.push_back({parameter, lane, count}); })
      .def("set_input",
           [](OwnedProgram& self, const Maps& input, int padding, float background, float gray_step, float input_offset) {
             self.program.input = input;
             self.program.input_padding = padding;
             self.program.background = background;
             self.program.gray_step = gray_step;
             self.program.input_offset = input_offset;
           })
      .def("set_sizes", [](OwnedProgram& self, int block_vectors, int lane_vectors, int parameters, int transposed) {
        self.program.block_vectors = block_vectors;
        self.program.lane_vectors = lane_vectors;
        self.program.parameters = parameters;
        self.program.transposed = transposed;
      });
  nb::class_<Distortions>(module, "Distortions")
      .def("__init__", [](Distortions* self, float translation, float rotation, float scale, float squeeze, float shear,
                          float elastic, float elastic_smoothness) {
        new (self) Distortions{translation, rotation, scale, squeeze, shear, elastic, elastic_smoothness};
      });
  nb::class_<Objective>(module, "Objective").def("__init__", [](Objective* self, Loss loss, float label_smoothing, float j) {
    new (self) Objective{loss, label_smoothing, j};
  });
  nb::class_<TrainingOptions>(module, "TrainingOptions")
      .def("__init__", [](TrainingOptions* self, int batch, const Objective& objective, Optimizer optimizer, float momentum,
                          bool nesterov, float weight_decay, float ema) {
        new (self) TrainingOptions{batch, objective, optimizer, momentum, weight_decay, ema, nesterov};
      });

  nb::class_<Engine>(module, "Engine")
      .def("__init__",
           [](Engine* self, const OwnedProgram& program, const std::string& instructions, int threads) {
             new (self) Engine(program, named_kernels(instructions), std::max(threads, 1));
           })
      .def_prop_ro("threads", &Engine::threads)
      .def_rw("updates", &Engine::updates)
      .def_prop_ro("parameters", [](nb::handle self) { return view(nb::cast<Engine&>(self).values(), self); })
      .def_prop_ro("first_moment", [](nb::handle self) { return view(nb::cast<Engine&>(self).vector(OptimizerState::first_moment), self); })
      .def_prop_ro("second_moment", [](nb::handle self) { return view(nb::cast<Engine&>(self).vector(OptimizerState::second_moment), self); })
      .def_prop_ro("moving_average", [](nb::handle self) { return view(nb::cast<Engine&>(self).vector(OptimizerState::moving_average), self); })
      .def("reset_optimizer",
           [](Engine& self, bool first_moment, bool second_moment, bool moving_average) {
             const nb::gil_scoped_release gil_released;
             const CallLock lock(self.call_mutex);
             self.reset(OptimizerState::first_moment, first_moment);
             self.reset(OptimizerState::second_moment, second_moment);
             self.reset(OptimizerState::moving_average, moving_average);
           })
      .def("predict_gray",
           [](Engine& self, const Bytes& pictures, const Outputs& outputs) {
             const nb::gil_scoped_release gil_released;
             const CallLock lock(self.call_mutex);
             self.predict(pictures.data(), nullptr, outputs.shape(0), outputs.data());
           })
      .def("predict_inputs",
           [](Engine& self, const Inputs& inputs, const Outputs& outputs) {
             const nb::gil_scoped_release gil_released;
             const CallLock lock(self.call_mutex);
             self.predict(nullptr, inputs.data(), outputs.shape(0), outputs.data());
           })
      .def("activations",
           [](Engine& self, const std::optional<Bytes>& pictures, const std::optional<Inputs>& inputs,
              const std::vector<Maps>& buffers, const std::vector<Outputs>& outputs) {
             std::vector<float*> to;
             for (const Outputs& array : outputs) to.push_back(array.data());
             const nb::gil_scoped_release gil_released;
             const CallLock lock(self.call_mutex);
             self.activations(pictures ? pictures->data() : nullptr, inputs ? inputs->data() : nullptr, outputs.at(0).shape(0),
                              buffers, to);
           },
           nb::arg("pictures").none(), nb::arg("inputs").none(), nb::arg("buffers"), nb::arg("outputs"))
      .def("fit",
           [](Engine& self, const TrainingOptions& options, const Bytes& pictures, const Rows& labels, const Rows& order,
              const Rates& rates, const std::optional<Shifts>& shifts, const std::optional<Bytes>& mirrored,
              const std::optional<Distortions>& distortions, uint64_t seed) {
             const nb::gil_scoped_release gil_released;
             const CallLock lock(self.call_mutex);
             Batches batches;
             batches.pictures = pictures.data();
             batches.labels = labels.data();
             batches.order = order.data();
             batches.examples = order.shape(0);
             batches.rates = rates.data();
             batches.shifts = shifts ? shifts->data() : nullptr;
             batches.mirrored = mirrored ? mirrored->data() : nullptr;
             batches.distortions = distortions ? &*distortions : nullptr;
             batches.seed = seed;
             const Tally tally = self.fit(options, batches);
             return std::make_pair(tally.loss, tally.errors);
           },
           nb::arg("learning"), nb::arg("pictures"), nb::arg("labels"), nb::arg("order"), nb::arg("rates"),
           nb::arg("shifts").none(), nb::arg("mirrored").none(), nb::arg("distortions").none(), nb::arg("seed"))
      .def("gradients", [](Engine& self, const Objective& objective, const Bytes& pictures, const Rows& labels,
                           const Rows& order, const Outputs& gradient) {
        const nb::gil_scoped_release gil_released;
        const CallLock lock(self.call_mutex);
        Batches batches;
        batches.pictures = pictures.data();
        batches.labels = labels.data();
        batches.order = order.data();
        batches.examples = order.shape(0);
        const Tally tally = self.gradients(objective, batches, gradient.data());
        return std::make_pair(tally.loss, tally.errors);
      });

  module.def("instruction_sets", [] {
    std::vector<std::string> names;
    for (const Kernels* kernels : available_kernels()) names.emplace_back(kernels->name);
    return names;
  });
  module.def("has_matrix_unit", [] { return matrix_kernels() != nullptr; });
  module.def("compiled_instruction_sets", &compiled_instruction_sets);
  module.def("peak", [](int threads, double seconds, const std::string& instructions) {
    const Kernels& kernels = named_kernels(instructions);
    const nb::gil_scoped_release gil_released;
    Team team(std::max(threads, 1));
    std::vector<double> rates(team.size());
    team.run([&](int thread) { rates[thread] = kernels.peak(seconds); });
    double total = 0;
    for (const double rate : rates) total += rate;
    return total;
  });

  bind_cuts(module);
  bind_normalization(module);
  bind_pictures(module);
  bind_replicas(module);
}
