// The kernels of replicas, compiled once for each instruction set like kernels.cpp and under the same rules.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function"  // only half of the headers shared with kernels.cpp is used here
#endif
#include "images.h"
#include "replica_connection.h"
#include "replica_convolution.h"
#include "replica_ink.h"

#if !defined(LENET_MATRIX)  // replicas have no kernels for the matrix unit

namespace lenet::LENET_ISA {

static void fill(float* block, const Maps& maps, int border, float value) {
  for (int m = 0; m < maps.maps; ++m) {
    for (int y = -border; y < maps.height + border; ++y) {
      for (int x = -border; x < maps.width + border; ++x) store(unit(block, maps, m, y, x), broadcast(value));
    }
  }
}

static void prepare(const Program& program, const ReplicaGroup& group) {
  for (int s = 0; s < program.count; ++s) {
    const Step& step = program.steps[s];
    if (step.kind == Kind::convolution) fill(group.block, step.input, step.padding, step.padding_value);
  }
}

static void set_rates(const Program& program, const ReplicaGroup& group, float eta, float mu) {
  for (int i = 0; i < program.parameters; ++i) {
    store(group.rates + ptrdiff_t(i) * lanes, eta / (mu + load(group.curvatures + ptrdiff_t(i) * lanes)));
  }
}

// Loads one picture for all lanes.
static void load_picture(const Program& program, const ReplicaGroup& group, const uint8_t* picture) {
  group.ink->per_lane = 0;
  if (program.steps[0].skips_background) return record_ink(program, picture, *group.ink);
  const Maps& in = program.input;
  for (int m = 0; m < in.maps; ++m) {
    for (int y = 0; y < in.height; ++y) {
      for (int x = 0; x < in.width; ++x) {
        store(unit(group.block, in, m, y, x), broadcast(program.background + program.gray_step * float(*picture++)));
      }
    }
  }
}

// Loads a picture for each lane; lanes without one get an empty picture.
static void load_pictures(const Program& program, const ReplicaGroup& group, const uint8_t* const* pictures, int count) {
  group.ink->per_lane = 1;
  Workspace work;
  work.blocks = group.block;
  work.ink = group.ink->column_masks;
  load_gray(program, work, pictures, count, 1);
  if (program.steps[0].skips_background) list_inked_pixels(program, *group.ink);
}

// Loads the pictures of one update and returns their labels.
static Integers load_update(const Program& program, const ReplicaGroup& group, const ReplicaBatches& batches, int64_t update) {
  if (!batches.separate_lanes) {
    const int64_t row = batches.row(update);
    load_picture(program, group, batches.picture(row));
    return Integers{} + int32_t(batches.labels[row]);
  }
  const uint8_t* pictures[lanes];
  Integers labels{};
  for (int lane = 0; lane < batches.separate_lanes; ++lane) {
    const int64_t row = batches.row(update, lane);
    pictures[lane] = batches.picture(row);
    labels[lane] = int32_t(batches.labels[row]);
  }
  load_pictures(program, group, pictures, batches.separate_lanes);
  return labels;
}

static void forward(const Program& program, const ReplicaGroup& group) {
  for (int s = 0; s < program.count; ++s) {
    const Step& step = program.steps[s];
    switch (step.kind) {
      case Kind::convolution:
        if (step.skips_background) convolve_ink(step, group, program.input_offset);
        else convolve(program, step, group);
        break;
      case Kind::subsampling: subsample(step, group); break;
      case Kind::max_pooling: max_pool(step, group.block); break;
      case Kind::average_pooling: average_pool(step, group.block); break;
      case Kind::full_connection: connect(step, group); break;
      case Kind::euclidean_rbf: squared_distances(program, step, group.block); break;
      case Kind::activation: break;  // fused into the step before it
    }
  }
}

// Back-propagates from the last step's `output_grad`, or a Euclidean RBF's `input_grad`, and updates the parameters.
template <bool curvature>
static void backward(const Program& program, const ReplicaGroup& group, int s) {
  for (; s >= 0; --s) {
    const Step& step = program.steps[s];
    const Activation previous_activation = s ? program.steps[s - 1].activation : Activation::identity;
    switch (step.kind) {
      case Kind::convolution:
        if (step.skips_background) convolve_ink_back<curvature>(step, group, program.input_offset);
        else convolve_back<curvature>(program, step, previous_activation, group);
        break;
      case Kind::subsampling: subsample_back<curvature>(step, previous_activation, group); break;
      case Kind::max_pooling:
      case Kind::average_pooling: pool_back<curvature>(step, previous_activation, group); break;
      case Kind::full_connection: connect_back<curvature>(step, previous_activation, group); break;
      case Kind::euclidean_rbf: squared_distances_back(program, step, previous_activation, group); break;
      case Kind::activation: break;
    }
  }
}

// Sets the second derivatives of the loss with respect to the last sums. Squared distances have a constant one; eq. 9 is taken to have it
// too, as in the authors' later code: its exact one vanishes where a picture is classified well. Cross-entropy starts at 1.
static void set_output_curvatures(const Program& program, const ReplicaObjective& objective, const ReplicaGroup& group) {
  const Step& last = program.last();
  const bool distances = last.kind == Kind::euclidean_rbf;
  const Maps &out = distances ? last.input : last.output, &grads = distances ? last.input_grad : last.output_grad;
  const Activation activation = distances ? program.steps[program.count - 2].activation : last.activation;
  const float start = objective.loss == ReplicaLoss::cross_entropy ? 1.f : 2.f * objective.scale;
  dispatch_activation(activation, [&](auto which) {
    for (int i = 0; i < out.units(); ++i) {
      const Vector value = load(group.block + ptrdiff_t(out.offset + i) * lanes);
      store(group.block + ptrdiff_t(grads.offset + i) * lanes, activation_grad<which.activation, true>(broadcast(start), value));
    }
  });
}

static void learn(const Program& program, const ReplicaObjective& objective, const ReplicaGroup& group,
                  const ReplicaBatches& batches, double* losses, int64_t* errors) {
  const Step& last = program.last();
  for (int64_t i = 0; i < batches.count; ++i) {
    const Integers labels = load_update(program, group, batches, i);
    forward(program, group);
    loss_and_grads(last, objective, group, labels, last.kind == Kind::euclidean_rbf, losses, errors);
    if (last.kind != Kind::euclidean_rbf) {
      activation_backward(last.activation, group.block + ptrdiff_t(last.output_grad.offset) * lanes,
                         group.block + ptrdiff_t(last.output.offset) * lanes, last.output.units());
    }
    backward<false>(program, group, program.count - 1);
  }
}

static void estimate_curvatures(const Program& program, const ReplicaObjective& objective, const ReplicaGroup& group,
                     const ReplicaBatches& batches) {
  __builtin_memset(group.curvatures, 0, size_t(program.parameters) * LENET_VECTOR_BYTES);
  const bool distances = program.last().kind == Kind::euclidean_rbf;
  for (int64_t i = 0; i < batches.count; ++i) {
    load_update(program, group, batches, i);
    forward(program, group);
    set_output_curvatures(program, objective, group);
    backward<true>(program, group, program.count - (distances ? 2 : 1));
  }
  const float scale = 1.f / float(batches.count);
  for (int i = 0; i < program.parameters; ++i) {
    float* h = group.curvatures + ptrdiff_t(i) * lanes;
    store(h, load(h) * scale);
  }
}

extern const ReplicaKernels replica_kernels;
const ReplicaKernels replica_kernels = {lanes, prepare, set_rates, learn, estimate_curvatures};

}  // namespace lenet::LENET_ISA

#endif
