// Replicas, compiled once for each instruction set like kernels.cpp and under the same rules.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function"  // of the headers shared with kernels.cpp, half is used here
#endif
#include "images.h"
#include "replica_connection.h"
#include "replica_convolution.h"
#include "replica_ink.h"

#if !defined(LENET_MATRIX)  // the matrix unit has nothing for them

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
    if (step.kind == Kind::convolution) fill(group.block, step.in, step.padding, step.padding_value);
  }
}

static void set_rates(const Program& program, const ReplicaGroup& group, float eta, float mu) {
  for (int i = 0; i < program.parameters; ++i) {
    store(group.rates + ptrdiff_t(i) * lanes, eta / (mu + load(group.curvatures + ptrdiff_t(i) * lanes)));
  }
}

// One picture for all lanes.
static void load_picture(const Program& program, const ReplicaGroup& group, const uint8_t* picture) {
  group.ink->own = 0;
  if (program.steps[0].skips_background) return find_ink(program, picture, *group.ink);
  const Maps& in = program.input;
  for (int m = 0; m < in.maps; ++m) {
    for (int y = 0; y < in.height; ++y) {
      for (int x = 0; x < in.width; ++x) {
        store(unit(group.block, in, m, y, x), broadcast(program.background + program.gray_step * float(*picture++)));
      }
    }
  }
}

// A picture for each lane; lanes without one see an empty picture.
static void load_pictures(const Program& program, const ReplicaGroup& group, const uint8_t* const* pictures, int count) {
  group.ink->own = 1;
  Workspace work;
  work.blocks = group.block;
  work.ink = group.ink->columns;
  load_gray(program, work, pictures, count, 1);
  if (program.steps[0].skips_background) list_ink(program, *group.ink);
}

// The pictures of one update; their labels.
static Integers present(const Program& program, const ReplicaGroup& group, const ReplicaLesson& lesson, int64_t update) {
  if (!lesson.own) {
    const int64_t row = lesson.row(update);
    load_picture(program, group, lesson.picture(row));
    return Integers{} + int32_t(lesson.labels[row]);
  }
  const uint8_t* pictures[lanes];
  Integers labels{};
  for (int lane = 0; lane < lesson.own; ++lane) {
    const int64_t row = lesson.row(update, lane);
    pictures[lane] = lesson.picture(row);
    labels[lane] = int32_t(lesson.labels[row]);
  }
  load_pictures(program, group, pictures, lesson.own);
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
      case Kind::max_pooling: take_largest(step, group.block); break;
      case Kind::average_pooling: average(step, group.block); break;
      case Kind::full_connection: connect(step, group); break;
      case Kind::euclidean_rbf: measure_distances(program, step, group.block); break;
      case Kind::activation: break;  // no step of its own here
    }
  }
}

// From what the last step's `out_slope` holds, or a Euclidean RBF's `in_slope`, to the parameters.
template <bool curvature>
static void backward(const Program& program, const ReplicaGroup& group, int s) {
  for (; s >= 0; --s) {
    const Step& step = program.steps[s];
    const Activation before = s ? program.steps[s - 1].activation : Activation::identity;
    switch (step.kind) {
      case Kind::convolution:
        if (step.skips_background) convolve_ink_back<curvature>(step, group, program.input_offset);
        else convolve_back<curvature>(program, step, before, group);
        break;
      case Kind::subsampling: subsample_back<curvature>(step, before, group); break;
      case Kind::max_pooling:
      case Kind::average_pooling: pool_back<curvature>(step, before, group); break;
      case Kind::full_connection: connect_back<curvature>(step, before, group); break;
      case Kind::euclidean_rbf: distances_back(program, step, before, group); break;
      case Kind::activation: break;
    }
  }
}

// Squared distances have the same second derivative everywhere; eq. 9 is taken to have it too, as in the authors' later
// code: its own vanishes where a picture is known. Cross-entropy, too, starts at 1.
static void start_curvatures(const Program& program, const ReplicaObjective& objective, const ReplicaGroup& group) {
  const Step& last = program.last();
  const bool distances = last.kind == Kind::euclidean_rbf;
  const Maps &given = distances ? last.in : last.out, &slopes = distances ? last.in_slope : last.out_slope;
  const Activation activation = distances ? program.steps[program.count - 2].activation : last.activation;
  const float start = objective.loss == Loss::cross_entropy ? 1.f : 2.f * objective.scale;
  by_activation(activation, [&](auto which) {
    for (int i = 0; i < given.units(); ++i) {
      const Vector value = load(group.block + ptrdiff_t(given.offset + i) * lanes);
      store(group.block + ptrdiff_t(slopes.offset + i) * lanes, through<which.activation, true>(broadcast(start), value));
    }
  });
}

static void learn(const Program& program, const ReplicaObjective& objective, const ReplicaGroup& group, const ReplicaLesson& lesson,
                  double* losses, int64_t* errors) {
  const Step& last = program.last();
  for (int64_t i = 0; i < lesson.count; ++i) {
    const Integers labels = present(program, group, lesson, i);
    forward(program, group);
    measure(last, objective, group, labels, last.kind == Kind::euclidean_rbf, losses, errors);
    if (last.kind != Kind::euclidean_rbf) {
      through_activation(last.activation, group.block + ptrdiff_t(last.out_slope.offset) * lanes,
                         group.block + ptrdiff_t(last.out.offset) * lanes, last.out.units());
    }
    backward<false>(program, group, program.count - 1);
  }
}

static void estimate(const Program& program, const ReplicaObjective& objective, const ReplicaGroup& group,
                     const ReplicaLesson& lesson) {
  __builtin_memset(group.curvatures, 0, size_t(program.parameters) * LENET_VECTOR_BYTES);
  const bool distances = program.last().kind == Kind::euclidean_rbf;
  for (int64_t i = 0; i < lesson.count; ++i) {
    present(program, group, lesson, i);
    forward(program, group);
    start_curvatures(program, objective, group);
    backward<true>(program, group, program.count - (distances ? 2 : 1));
  }
  const float share = 1.f / float(lesson.count);
  for (int i = 0; i < program.parameters; ++i) {
    float* h = group.curvatures + ptrdiff_t(i) * lanes;
    store(h, load(h) * share);
  }
}

extern const ReplicaKernels replica_kernels;
const ReplicaKernels replica_kernels = {lanes, prepare, set_rates, learn, estimate};

}  // namespace lenet::LENET_ISA

#endif
