// The kernels, compiled once for each instruction set. No header of the standard library with inline functions may be
// included here: the linker might keep the copy compiled for AVX-512 and run it on a processor without it.
#include "convolution.h"
#include "full_connection.h"
#include "images.h"
#if defined(LENET_MATRIX)
#include "matrix.h"
#endif
#include "one_image.h"
#include "optimizer.h"
#include "outputs.h"
#include "pooling.h"

#include <time.h>

#define LENET_TEXT_OF(x) #x
#define LENET_TEXT(x) LENET_TEXT_OF(x)

namespace lenet::LENET_ISA {

// The forward pass of one step of one block, for steps that do not process blocks jointly.
static void forward_block(const Program& program, const Step& step, const float* parameters, float* block, const uint64_t* ink,
                          float* scratch, bool training) {
  switch (step.kind) {
    case Kind::convolution:
      convolve(program, step, parameters, block, step.skips_background ? ink : nullptr, scratch, training);
      break;
    case Kind::subsampling: subsample(step, parameters, block); break;
    case Kind::max_pooling: max_pool(step, block); break;
    case Kind::average_pooling: average_pool(step, block); break;
    case Kind::euclidean_rbf: squared_distances(program, step, block); break;
    case Kind::full_connection: break;
    case Kind::activation:
      for (int m = 0; m < step.input.maps; ++m) {
        for (int y = 0; y < step.input.height; ++y) {
          for (int x = 0; x < step.input.width; ++x) {
            store(unit(block, step.output, m, y, x), load(unit(block, step.input, m, y, x)));
          }
        }
      }
      activate(step.activation, block, step.output);
      break;
  }
}

#if defined(LENET_MATRIX)
// The forward pass at inference, with all steps that fit into tiles on the matrix unit.
template <class Run>
static void forward_in_tiles(const Program& program, const float* parameters, const Workspace& work, int blocks, Run forward_one) {
  const ptrdiff_t block_size = ptrdiff_t(program.block_vectors) * lanes;
  const uint8_t* packed = work.packed;
  const TileShape shape;
  _tile_loadconfig(&shape);
  for (int s = 0; s < program.count; ++s) {
    const Step& step = program.steps[s];
    if (!runs_in_tiles(step)) {
      if (step.kind == Kind::full_connection) connect(step, parameters, work.blocks, block_size, blocks);
      else for (int b = 0; b < blocks; ++b) forward_one(step, b);
      continue;
    }
    if (step.kind == Kind::full_connection) {
      connect_in_tiles(step, parameters, packed, work.blocks, block_size, blocks, work.bfloat16_inputs);
    } else {
      for (int b = 0; b < blocks; ++b) {
        convolve_in_tiles(program, step, parameters, packed, work.blocks + b * block_size, work.scratch, work.bfloat16_inputs);
      }
    }
    packed += packed_bytes(step);
  }
  _tile_release();
}
#endif

static void forward(const Program& program, const float* parameters, const Workspace& work, int blocks, bool training) {
  const ptrdiff_t block_size = ptrdiff_t(program.block_vectors) * lanes;
  const int ink_rows = program.input.height + 2 * program.input_padding;
  const auto forward_one = [&](const Step& step, int b) {
    forward_block(program, step, parameters, work.blocks + b * block_size, work.ink + b * ink_rows, work.scratch, training);
  };
#if defined(LENET_MATRIX)
  if (!training && work.packed) return forward_in_tiles(program, parameters, work, blocks, forward_one);
#endif
  // Block by block up to the first full connection, because one block's maps fit into the cache; later steps share weights
  // between blocks.
  int joint = 0;
  while (joint < program.count && program.steps[joint].kind != Kind::full_connection) ++joint;
  for (int b = 0; b < blocks; ++b) {
    for (int s = 0; s < joint; ++s) forward_one(program.steps[s], b);
  }
  for (int s = joint; s < program.count; ++s) {
    const Step& step = program.steps[s];
    if (step.kind == Kind::full_connection) connect(step, parameters, work.blocks, block_size, blocks);
    else for (int b = 0; b < blocks; ++b) forward_one(step, b);
  }
}

static Tally loss(const Program& program, const Objective& objective, const Workspace& work, const int32_t* labels,
                  int count, int blocks, float grad_scale) {
  Tally total;
  for (int b = 0; b < blocks; ++b) {
    const int images = count - b * lanes < lanes ? count - b * lanes : lanes;
    float* block = work.blocks + ptrdiff_t(b) * program.block_vectors * lanes;
    const Tally tally = loss_of_block(program.last(), objective, block, labels + b * lanes, images,
                                     program.last().kind == Kind::euclidean_rbf, grad_scale);
    total.loss += tally.loss;
    total.errors += tally.errors;
  }
  return total;
}

static void backward(const Program& program, const float* parameters, const Workspace& work, int blocks, bool first) {
  const ptrdiff_t block_size = ptrdiff_t(program.block_vectors) * lanes;
  const int ink_rows = program.input.height + 2 * program.input_padding;
  int s = program.count - 1;
  for (; s >= 0 && (program.steps[s].kind == Kind::full_connection || program.steps[s].kind == Kind::euclidean_rbf); --s) {
    const Step& step = program.steps[s];
    if (step.kind == Kind::full_connection) {
      if (blocks == 1) connect_back<1>(step, parameters, work, block_size, first);
      else connect_back<2>(step, parameters, work, block_size, first);
    } else {
      for (int b = 0; b < blocks; ++b) squared_distances_back(program, step, work.blocks + b * block_size);
    }
  }
  // Block by block from here, all reusing the first one's gradient buffers, so that less has to fit into the cache.
  float* grads = work.blocks;
  for (int b = 0; b < blocks && s >= 0; ++b) {
    float* block = work.blocks + b * block_size;
    const bool overwrite = first && b == 0;
    const Maps& output_grad = program.steps[s].output_grad;
    if (b > 0) {
      const ptrdiff_t start = ptrdiff_t(output_grad.offset) * lanes;
      __builtin_memcpy(grads + start, block + start, size_t(output_grad.units()) * LENET_VECTOR_BYTES);
    }
    for (int t = s; t >= 0; --t) {
      const Step& step = program.steps[t];
      switch (step.kind) {
        case Kind::convolution:
          convolve_back(program, step, parameters, block, grads, step.skips_background ? work.ink + b * ink_rows : nullptr,
                        work.lanes, work.scratch, overwrite);
          break;
        case Kind::subsampling: subsample_back(step, parameters, block, grads, work.lanes, overwrite); break;
        case Kind::max_pooling: max_pool_back(step, block, grads); break;
        case Kind::average_pooling: average_pool_back(step, block, grads); break;
        default: break;
      }
    }
  }
}

// Corrects the gradient of the first convolution's kernels for the constant that blocks leave out of its input.
static void correct_for_offset(const Program& program, const Workspace& work) {
  const Step& step = program.steps[0];
  if (!step.skips_background || program.input_offset == 0) return;
  const Connections links = connections(program, step);
  for (int m = 0; m < step.sums_grad.maps; ++m) {
    const float correction = program.input_offset * work.gradient[step.bias + m];
    const int first = links.start[m] * step.side * step.side, last = links.start[m + 1] * step.side * step.side;
    for (int i = first; i < last; ++i) work.gradient[step.weight + i] += correction;
  }
}

static void sum_lanes(const Program& program, const Workspace& work) {
  for (int r = 0; r < program.lane_range_count; ++r) {
    const LaneRange& range = program.lane_ranges[r];
    for (int i = 0; i < range.count; i += lanes) {
      Vector vectors[lanes];
      LENET_UNROLL for (int k = 0; k < lanes; ++k) {
        vectors[k] = i + k < range.count ? load(work.lanes + ptrdiff_t(range.lane + i + k) * lanes) : Vector{};
      }
      const Vector sums = horizontal_sums(vectors);
      if (i + lanes <= range.count) store_unaligned(work.gradient + range.parameter + i, sums);
      else for (int k = 0; i + k < range.count; ++k) work.gradient[range.parameter + i + k] = sums[k];
    }
  }
  correct_for_offset(program, work);
}

static double monotonic_seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

static double peak(double seconds) {
  constexpr int chains = many_registers ? 24 : 12, rounds = 100000;
  Vector sums[chains];
  for (int i = 0; i < chains; ++i) sums[i] = broadcast(float(i) * 1e-3f);
  Vector multiplier = broadcast(1.0000001f), addend = broadcast(1e-9f);
  __asm__ volatile("" : "+m"(multiplier), "+m"(addend));
  double operations = 0, now;
  const double start = monotonic_seconds();
  do {
    const Vector f = multiplier, t = addend;
    for (int n = 0; n < rounds; ++n) {
      LENET_UNROLL for (int i = 0; i < chains; ++i) sums[i] = sums[i] * f + t;
    }
    operations += double(rounds) * chains * lanes * 2;
    now = monotonic_seconds();
  } while (now - start < seconds);
  for (int i = 0; i < chains; ++i) __asm__ volatile("" : "+m"(sums[i]));
  return operations / (now - start);
}

// Flushes denormals to zero: saturated squashes give gradients below 1e-38, on which a processor is ten times slower.
static uint32_t flush_denormals() {
#if defined(__x86_64__)
  const uint32_t saved_mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(saved_mode | 0x8040);
  return saved_mode;
#else
  return 0;
#endif
}

static void restore_denormals(uint32_t saved_mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(saved_mode);
#else
  (void)saved_mode;
#endif
}

#if defined(LENET_MATRIX)
static size_t packed_size(const Program& program) {
  size_t total = 0;
  for (int s = 0; s < program.count; ++s) {
    if (runs_in_tiles(program.steps[s])) total += size_t(packed_bytes(program.steps[s]));
  }
  return total;
}
#else
constexpr size_t (*packed_size)(const Program&) = nullptr;
constexpr void (*pack_weights)(const Program&, const float*, uint8_t*) = nullptr;
#endif

extern const Kernels kernels;
const Kernels kernels = {
    LENET_TEXT(LENET_ISA), lanes, load_gray, load_inputs, augment_gray, forward, loss, backward, sum_lanes, update_sgd,
    update_adamw, single_image, peak, flush_denormals, restore_denormals, packed_size, pack_weights,
};

}  // namespace lenet::LENET_ISA
