// The Python class of the replicas; `lenet.engine.replicas` checks arguments.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include "call_lock.h"
#include "replicas.h"

namespace nb = nanobind;
using namespace lenet;

namespace {

using Bytes = nb::ndarray<const uint8_t, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Order = nb::ndarray<const int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Lanes = nb::ndarray<nb::numpy, float, nb::ndim<2>>;
using Losses = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Errors = nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// A view of one group's memory, (parameters, lanes).
Lanes view(float* values, nb::handle owner) {
  const Replicas& replicas = nb::cast<Replicas&>(owner);
  return Lanes(values, {size_t(replicas.parameters()), size_t(replicas.lanes())}, owner);
}

ReplicaBatches batches_of(const Replicas& replicas, const Bytes& pictures, const Rows& labels, const Order& order) {
  const auto count = int64_t(order.shape(0)), columns = int64_t(order.shape(1));
  return {pictures.data(), labels.data(), order.data(), count, columns, replicas.picture_size()};
}

}  // namespace

void bind_replicas(nb::module_& module) {
  nb::enum_<ReplicaLoss>(module, "ReplicaLoss")
      .value("penalty", ReplicaLoss::penalty)
      .value("map", ReplicaLoss::map)
      .value("sum_squared_error", ReplicaLoss::sum_squared_error)
      .value("cross_entropy", ReplicaLoss::cross_entropy);
  nb::class_<ReplicaObjective>(module, "ReplicaObjective")
      .def("__init__",
           [](ReplicaObjective* self, ReplicaLoss loss, float scale, float j) { new (self) ReplicaObjective{loss, scale, j}; });
  nb::class_<Replicas>(module, "Replicas")
      .def("__init__",
           [](Replicas* self, const OwnedProgram& program, const ReplicaObjective& objective, const std::string& instructions,
              int replicas, int threads) { new (self) Replicas(program, objective, instructions, replicas, threads); })
      .def_prop_ro("groups", &Replicas::groups)
      .def_prop_ro("lanes", &Replicas::lanes)
      .def("weights", [](nb::handle self, int group) { return view(nb::cast<Replicas&>(self).weights(group), self); })
      .def("curvatures", [](nb::handle self, int group) { return view(nb::cast<Replicas&>(self).curvatures(group), self); })
      .def("learn",
           [](Replicas& self, const Bytes& pictures, const Rows& labels, const Order& order, float eta, float mu,
              const Losses& losses, const Errors& errors) {
             const nb::gil_scoped_release gil_released;
             const CallLock lock(self.call_mutex);
             self.learn(batches_of(self, pictures, labels, order), eta, mu, losses.data(), errors.data());
           })
      .def("estimate", [](Replicas& self, const Bytes& pictures, const Rows& labels, const Order& order) {
        const nb::gil_scoped_release gil_released;
        const CallLock lock(self.call_mutex);
        self.estimate_curvatures(batches_of(self, pictures, labels, order));
      });
}
