#include "replicas.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lenet {

#define LENET_DECLARE(name)                     \
  namespace name {                              \
  extern const ReplicaKernels replica_kernels;  \
  }
#if defined(LENET_HAVE_AVX512)
LENET_DECLARE(avx512)
#endif
#if defined(LENET_HAVE_AVX2)
LENET_DECLARE(avx2)
#endif
#if defined(LENET_HAVE_NEON)
LENET_DECLARE(neon)
#endif
#if defined(LENET_HAVE_BASELINE)
LENET_DECLARE(baseline)
#endif

namespace {

const Kernels& checked_kernels(const std::string& name) {
  if (const Kernels* kernels = kernels_for(name)) return *kernels;
  throw std::invalid_argument("no instruction set '" + name + "' here; expected one of instruction_sets()");
}

const ReplicaKernels& replica_kernels_for(const std::string& name) {
#if defined(LENET_HAVE_AVX512)
  if (name == "avx512") return avx512::replica_kernels;
#endif
#if defined(LENET_HAVE_AVX2)
  if (name == "avx2") return avx2::replica_kernels;
#endif
#if defined(LENET_HAVE_NEON)
  if (name == "neon") return neon::replica_kernels;
#endif
#if defined(LENET_HAVE_BASELINE)
  if (name == "baseline") return baseline::replica_kernels;
#endif
  throw std::invalid_argument("no instruction set '" + name + "' here; expected one of instruction_sets()");
}

int group_count(int replicas, int lanes) { return (replicas + lanes - 1) / lanes; }

}  // namespace

Replicas::Replicas(OwnedProgram program, const ReplicaObjective& objective, const std::string& instructions, int replicas,
                   int threads)
    : owned_(std::move(program)),
      objective_(objective),
      kernels_(checked_kernels(instructions)),
      replica_kernels_(replica_kernels_for(instructions)),
      team_(std::max(1, std::min(threads, group_count(replicas, replica_kernels_.lanes)))) {
  Program& p = owned_.program;
  p.steps = owned_.steps.data();
  p.count = int32_t(owned_.steps.size());
  p.table = owned_.table.data();
  p.constants = owned_.constants.data();
  const size_t parameters = size_t(p.parameters) * size_t(lanes());
  for (int g = 0; g < group_count(replicas, lanes()); ++g) {
    auto group = std::make_unique<Group>();
    // Weights, curvatures and rates; then the maps of a block.
    group->memory = Floats(3 * parameters + size_t(p.block_vectors) * size_t(lanes()));
    group->ink = std::make_unique<Ink>();
    group->column_masks.resize(size_t(p.input.height + 2 * p.input_padding));
    group->ink->column_masks = group->column_masks.data();
    float* memory = group->memory.data();
    group->pointers = {memory, memory + parameters, memory + 2 * parameters, memory + 3 * parameters, group->ink.get()};
    replica_kernels_.prepare(p, group->pointers);
    groups_.push_back(std::move(group));
  }
}

size_t Replicas::picture_size() const {
  const Maps& input = owned_.program.input;
  return size_t(input.maps) * size_t(input.height) * size_t(input.width);
}

// Runs `work` on every group. Groups share no data, so that their assignment to threads changes no result.
template <class Work>
void Replicas::for_each_group(Work work) {
  team_.run([&](int thread) {
    const uint32_t saved_mode = kernels_.flush_denormals();
    for (int g = thread; g < groups(); g += team_.size()) work(g);
    kernels_.restore_denormals(saved_mode);
  });
}

// The batches of one group: where each replica has its own order of pictures, the columns of the group's replicas.
ReplicaBatches Replicas::batches_of_group(ReplicaBatches batches, int group) const {
  if (batches.columns == 1) return batches;
  const int64_t first = int64_t(group) * lanes();
  batches.order += first;
  batches.separate_lanes = int32_t(std::min<int64_t>(lanes(), batches.columns - first));
  return batches;
}

void Replicas::learn(const ReplicaBatches& batches, float eta, float mu, double* losses, int64_t* errors) {
  std::fill_n(losses, size_t(groups()) * size_t(lanes()), 0.);
  std::fill_n(errors, size_t(groups()) * size_t(lanes()), 0);
  for_each_group([&](int g) {
    const ReplicaGroup& pointers = groups_[g]->pointers;
    replica_kernels_.set_rates(owned_.program, pointers, eta, mu);
    replica_kernels_.learn(owned_.program, objective_, pointers, batches_of_group(batches, g), losses + g * lanes(),
                           errors + g * lanes());
  });
}

void Replicas::estimate_curvatures(const ReplicaBatches& batches) {
  for_each_group([&](int g) {
    const ReplicaBatches group_batches = batches_of_group(batches, g);
    replica_kernels_.estimate_curvatures(owned_.program, objective_, groups_[g]->pointers, group_batches);
  });
}

}  // namespace lenet
