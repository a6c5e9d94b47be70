#include "engine.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <sys/mman.h>
#if defined(LENET_HAVE_AMX)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace lenet {

#define LENET_DECLARE(name) \
  namespace name {          \
  extern const Kernels kernels; \
  }
#if defined(LENET_HAVE_AVX512)
LENET_DECLARE(avx512)
#endif
#if defined(LENET_HAVE_AMX)
LENET_DECLARE(amx)
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

struct Candidate {
  const Kernels* kernels;
  bool is_supported;
};

std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
#if defined(__x86_64__)
  __builtin_cpu_init();
  // The features that compilers may use under -march=x86-64-v3.
  const bool version_3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                         __builtin_cpu_supports("bmi2")
#if !defined(__clang__)  // which does not know these names in all versions; they came with the others
                         && __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("movbe") &&
                         __builtin_cpu_supports("f16c")
#endif
      ;
#endif
#if defined(LENET_HAVE_AVX512)
  all.push_back({&avx512::kernels, version_3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                                         __builtin_cpu_supports("avx512cd")});
#endif
#if defined(LENET_HAVE_AVX2)
  all.push_back({&avx2::kernels, version_3});
#endif
#if defined(LENET_HAVE_NEON)
  all.push_back({&neon::kernels, true});
#endif
#if defined(LENET_HAVE_BASELINE)
  all.push_back({&baseline::kernels, true});
#endif
  return all;
}

// Prefetches a picture of the next micro-batch: the rows of a batch are scattered over the data set.
void prefetch(const uint8_t* picture, size_t size) {
  for (size_t i = 0; i < size; i += 64) __builtin_prefetch(picture + i, 0, 2);
}

constexpr size_t huge_page = 1 << 21;

// Padding after one image's buffers: its path reads and writes past the end of rows.
constexpr size_t single_image_margin = 64 * max_lanes;

}  // namespace

std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> available;
  for (const Candidate& candidate : candidates()) {
    if (candidate.is_supported) available.push_back(candidate.kernels);
  }
  return available;
}

std::vector<std::string> compiled_instruction_sets() {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates()) names.emplace_back(candidate.kernels->name);
  return names;
}

const Kernels* kernels_for(const std::string& name) {
  for (const Kernels* kernels : available_kernels()) {
    if (name == kernels->name) return kernels;
  }
  return nullptr;
}

const Kernels* matrix_kernels() {
#if defined(LENET_HAVE_AMX)
  // Linux grants the tile registers on request, once for the process.
  static const bool granted = [] {
    unsigned a, b, c, d;
    constexpr unsigned tile = 1u << 24, bfloat16 = 1u << 22;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & tile) || !(d & bfloat16)) return false;
    constexpr int request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  if (granted && kernels_for("avx512")) return &amx::kernels;
#endif
  return nullptr;
}

Floats::Floats(size_t count) : count_(count) {
  if (count == 0) return;
  // Pages are zero-filled on first touch; an aligned start allows huge pages.
  const size_t bytes = count * sizeof(float) + huge_page;
  void* const base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) throw std::bad_alloc();
  base_ = base;
  data_ = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(base) + huge_page - 1) / huge_page * huge_page);
#if defined(MADV_HUGEPAGE)
  if (bytes >= huge_page + huge_page / 2) madvise(data_, count * sizeof(float), MADV_HUGEPAGE);
#endif
}

Floats::~Floats() {
  if (base_) munmap(base_, count_ * sizeof(float) + huge_page);
}

Floats::Floats(Floats&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      count_(std::exchange(other.count_, 0)) {}

Floats& Floats::operator=(Floats&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(data_, other.data_);
  std::swap(count_, other.count_);
  return *this;
}

Engine::Engine(OwnedProgram program, const Kernels& kernels, int threads)
    : owned_(std::move(program)), kernels_(kernels), team_(threads), thread_states_(threads) {
  Program& p = owned_.program;
  p.steps = owned_.steps.data();
  p.count = int32_t(owned_.steps.size());
  p.table = owned_.table.data();
  p.constants = owned_.constants.data();
  p.lane_ranges = owned_.lane_ranges.data();
  p.lane_range_count = int32_t(owned_.lane_ranges.size());
  memory_ = Floats(4 * size_t(p.parameters));
}

void Engine::reset(OptimizerState which, bool in_use) {
  in_use_[int(which)] = in_use;
  std::fill_n(values() + size_t(which) * parameters(), parameters(), 0.f);
}

size_t Engine::picture_size() const { return size_t(owned_.program.input.units()); }

Engine::ThreadState& Engine::thread_state(int thread) {
  std::unique_ptr<ThreadState>& state = thread_states_[thread];
  if (state) return *state;
  const Program& p = owned_.program;
  const size_t lanes = size_t(kernels_.lanes);
  size_t scratch = row_multiple;
  for (const Step& step : owned_.steps) {
    const size_t row = size_t(step.input.row) * step.stride;
    const size_t plane = step.sums_grad.height * row + 32 * max_lanes;
    scratch = std::max({scratch, 4 * plane, step.input.maps * row * lanes, size_t(step.weight_row) + max_lanes,
                        size_t(step.sums_grad.maps)});
  }
  const size_t gray = (max_micro_batch * picture_size() + 64) / sizeof(float);
  const size_t ink = (max_blocks * size_t(p.input.height + 2 * p.input_padding) + max_kernel) * 2;
  size_t bfloat16_units = 0;
  for (const Step& step : owned_.steps) {
    const size_t padded = size_t(step.input.height + 2 * step.padding) * (step.input.width + 2 * step.padding);
    const size_t joint = max_blocks * size_t(step.weight_row + 64);
    // Pairs of maps, a vector each, and a tile for reading past the last of them.
    bfloat16_units = std::max(bfloat16_units, (std::max(padded * (step.input.maps + 1), joint) / 2 + 2 * max_lanes) * lanes);
  }
  if (!kernels_.packed_size) bfloat16_units = 0;
  const size_t sizes[] = {max_blocks * p.block_vectors * lanes,
                          p.lane_vectors * lanes,
                          size_t(p.parameters),
                          size_t(p.transposed) * max_blocks * lanes,
                          p.block_vectors + single_image_margin,
                          scratch,
                          gray,
                          ink,
                          bfloat16_units};
  constexpr int count = sizeof sizes / sizeof *sizes;
  size_t starts[count], total = 0;
  for (int i = 0; i < count; ++i) {
    starts[i] = total;
    total += (sizes[i] + 2 * max_lanes - 1) / max_lanes * max_lanes;  // a cache line between them
  }
  state = std::make_unique<ThreadState>();
  ThreadState& r = *state;
  r.memory = Floats(total);
  float* base = r.memory.data();
  r.workspace = {base + starts[0], base + starts[1], base + starts[2], base + starts[3], base + starts[4], base + starts[5],
                 reinterpret_cast<uint8_t*>(base + starts[6]), reinterpret_cast<uint8_t*>(base + starts[8]), nullptr,
                 reinterpret_cast<uint64_t*>(base + starts[7])};
  for (const Step& step : owned_.steps) {
    if (step.padding == 0) continue;
    const float border_value = step.padding_value - (step.skips_background ? p.input_offset : 0);
    // Whole padded maps: every pass overwrites their interior.
    const size_t start = size_t(step.input.offset - step.padding * (step.input.row + 1));
    const size_t count = size_t(step.input.map) * step.input.maps;
    for (int b = 0; b < max_blocks; ++b) {
      std::fill_n(r.workspace.blocks + (b * size_t(p.block_vectors) + start) * lanes, count * lanes, border_value);
    }
    std::fill_n(r.workspace.single_image + start, count, step.padding_value);
  }
  return r;
}

void Engine::predict(const uint8_t* pictures, const float* inputs, size_t count, float* outputs) {
  const Program& p = owned_.program;
  const size_t size = picture_size(), lanes = size_t(kernels_.lanes), classes = size_t(p.last().output.maps);
  if (count <= lanes / 2) {
    ThreadState& r = thread_state(0);
    const uint32_t saved_mode = kernels_.flush_denormals();
    for (size_t i = 0; i < count; ++i) {
      kernels_.single_image(p, values(), r.workspace, pictures ? pictures + i * size : nullptr,
                         inputs ? inputs + i * size : nullptr, outputs + i * classes);
    }
    kernels_.restore_denormals(saved_mode);
    return;
  }
  if (kernels_.packed_size) {
    // Every time, because the parameters may have been written to; packing takes no longer than a few images.
    const size_t needed = kernels_.packed_size(p) / sizeof(float);
    if (packed_.size() < needed) packed_ = Floats(needed);
    kernels_.pack_weights(p, values(), reinterpret_cast<uint8_t*>(packed_.data()));
  }
  const size_t micro_batch = max_blocks * lanes, micro_batches = (count + micro_batch - 1) / micro_batch;
  // Allocate before the threads start: an allocation that fails inside one would leave the others at a barrier.
  for (int thread = 0; thread < threads(); ++thread) thread_state(thread);
  std::atomic<size_t> next{0};
  const auto work = [&](int thread) {
    const uint32_t saved_mode = kernels_.flush_denormals();
    ThreadState& r = thread_state(thread);
    r.workspace.packed = reinterpret_cast<const uint8_t*>(packed_.data());
    for (size_t t; (t = next.fetch_add(1)) < micro_batches;) {
      const size_t first = t * micro_batch, micro_batch_count = std::min(micro_batch, count - first);
      const int blocks = int((micro_batch_count + lanes - 1) / lanes);
      const size_t prefetch_start = first + team_.size() * micro_batch;
      if (pictures && prefetch_start < count) {
        prefetch(pictures + prefetch_start * size, std::min(micro_batch, count - prefetch_start) * size);
      }
      const uint8_t* gray[max_micro_batch];
      const float* network_inputs[max_micro_batch];
      for (size_t i = 0; i < micro_batch_count; ++i) {
        if (pictures) gray[i] = pictures + (first + i) * size;
        else network_inputs[i] = inputs + (first + i) * size;
      }
      if (pictures) kernels_.load_gray(p, r.workspace, gray, int(micro_batch_count), blocks);
      else kernels_.load_inputs(p, r.workspace, network_inputs, int(micro_batch_count), blocks);
      kernels_.forward(p, values(), r.workspace, blocks, false);
      for (size_t i = 0; i < micro_batch_count; ++i) {
        const float* block = r.workspace.blocks + (i / lanes * p.block_vectors + p.last().output.offset) * lanes;
        for (size_t c = 0; c < classes; ++c) outputs[(first + i) * classes + c] = block[c * lanes + i % lanes];
      }
    }
    kernels_.restore_denormals(saved_mode);
  };
  if (micro_batches == 1) work(0);
  else team_.run(work);
}

void Engine::activations(const uint8_t* pictures, const float* inputs, size_t count, const std::vector<Maps>& buffers,
                         const std::vector<float*>& outputs) {
  const Program& p = owned_.program;
  const size_t size = picture_size(), lanes = size_t(kernels_.lanes);
  ThreadState& r = thread_state(0);
  const uint32_t saved_mode = kernels_.flush_denormals();
  for (size_t first = 0; first < count; first += lanes) {
    const size_t block_count = std::min(lanes, count - first);
    const uint8_t* gray[max_micro_batch];
    const float* network_inputs[max_micro_batch];
    for (size_t i = 0; i < block_count; ++i) {
      if (pictures) gray[i] = pictures + (first + i) * size;
      else network_inputs[i] = inputs + (first + i) * size;
    }
    if (pictures) kernels_.load_gray(p, r.workspace, gray, int(block_count), 1);
    else kernels_.load_inputs(p, r.workspace, network_inputs, int(block_count), 1);
    kernels_.forward(p, values(), r.workspace, 1, true);
    for (size_t b = 0; b < buffers.size(); ++b) {
      const Maps& maps = buffers[b];
      for (size_t i = 0; i < block_count; ++i) {
        float* out = outputs[b] + (first + i) * size_t(maps.units());
        for (int m = 0; m < maps.maps; ++m) {
          for (int y = 0; y < maps.height; ++y) {
            const float* row = r.workspace.blocks + size_t(maps.offset + m * maps.map + y * maps.row) * lanes + i;
            for (int x = 0; x < maps.width; ++x) *out++ = row[x * lanes];
          }
        }
      }
    }
  }
  kernels_.restore_denormals(saved_mode);
}

bool Engine::compute_gradient(int thread, const Objective& objective, const Batches& batches, size_t begin, size_t end) {
  const Program& p = owned_.program;
  const size_t size = picture_size(), lanes = size_t(kernels_.lanes), team = size_t(threads());
  ThreadState& r = thread_state(thread);
  // Threads get whole blocks, so that as few lanes as possible stay empty.
  const size_t blocks = (end - begin + lanes - 1) / lanes;
  const size_t first_block = blocks * thread / team, last_block = blocks * (thread + 1) / team;
  const float grad_scale = 1.f / float(end - begin);
  const bool augments = batches.shifts || batches.mirrored || batches.distortions;
  bool first = true;
  for (size_t block = first_block; block < last_block; block += max_blocks, first = false) {
    const size_t from = begin + block * lanes;
    const size_t to = std::min({end, begin + last_block * lanes, from + max_blocks * lanes});
    const uint8_t* gray[max_micro_batch];
    int32_t labels[max_micro_batch];
    for (size_t i = from; i < to; ++i) {
      const int64_t row = batches.order[i];
      gray[i - from] = batches.pictures + size_t(row) * size;
      labels[i - from] = int32_t(batches.labels[row]);
      if (!augments) continue;
      Augmentation augmentation;
      if (batches.shifts) {
        augmentation.shift_down = batches.shifts[2 * i];
        augmentation.shift_right = batches.shifts[2 * i + 1];
      }
      augmentation.mirrored = batches.mirrored && batches.mirrored[i];
      augmentation.distorted = batches.distortions != nullptr;
      augmentation.seed = batches.seed + uint64_t(row) * 0xD1342543DE82EF95u;
      uint8_t* augmented = r.workspace.gray + (i - from) * size;
      const Distortions limits = batches.distortions ? *batches.distortions : Distortions{};
      kernels_.augment_gray(p, gray[i - from], augmentation, limits, augmented);
      gray[i - from] = augmented;
    }
    // Prefetch the thread's next micro-batch, or its first one of the next batch.
    const size_t prefetch_start = block + max_blocks < last_block ? to : from + (end - begin);
    for (size_t i = prefetch_start; i < std::min(prefetch_start + max_blocks * lanes, batches.examples); ++i) {
      prefetch(batches.pictures + size_t(batches.order[i]) * size, size);
    }
    const int count = int(to - from), block_count = int((to - from + lanes - 1) / lanes);
    kernels_.load_gray(p, r.workspace, gray, count, block_count);
    kernels_.forward(p, values(), r.workspace, block_count, true);
    const Tally tally = kernels_.loss(p, objective, r.workspace, labels, count, block_count, grad_scale);
    r.tally.loss += tally.loss;
    r.tally.errors += tally.errors;
    kernels_.backward(p, values(), r.workspace, block_count, first);
  }
  if (!first) kernels_.sum_lanes(p, r.workspace);
  return !first;
}

Tally Engine::fit(const TrainingOptions& options, const Batches& batches) {
  const int total = parameters(), team = threads();
  if (!vector(OptimizerState::first_moment)) reset(OptimizerState::first_moment, true);
  if (options.optimizer == Optimizer::adamw && !vector(OptimizerState::second_moment)) reset(OptimizerState::second_moment, true);
  if (options.ema > 0 && !vector(OptimizerState::moving_average)) {
    reset(OptimizerState::moving_average, true);
    std::copy_n(values(), total, vector(OptimizerState::moving_average));
  }
  for (int thread = 0; thread < team; ++thread) thread_state(thread).tally = {};
  const size_t batch = size_t(options.batch), steps = (batches.examples + batch - 1) / batch;
  size_t updates_taken = 0;
  std::vector<char> has_gradient(team);
  std::vector<std::vector<const float*>> thread_gradients(team);
  for (auto& gradients : thread_gradients) gradients.reserve(team);
  const auto work = [&](int thread) {
    const uint32_t saved_mode = kernels_.flush_denormals();
    std::vector<const float*>& gradients = thread_gradients[thread];
    for (size_t step = 0; step < steps; ++step) {
      const size_t begin = step * batch, end = std::min(batches.examples, begin + batch);
      has_gradient[thread] = compute_gradient(thread, options.objective, batches, begin, end);
      team_.synchronize();
      gradients.clear();
      double loss = 0;
      for (int other = 0; other < team; ++other) {
        if (has_gradient[other]) gradients.push_back(thread_states_[other]->workspace.gradient);
        loss += thread_states_[other]->tally.loss;
      }
      if (!std::isfinite(loss)) break;  // the same sum in all threads
      const double count = double(updates) + double(step) + 1;
      Update update{};
      update.parameters = values();
      update.first_moment = vector(OptimizerState::first_moment);
      update.second_moment = vector(OptimizerState::second_moment);
      update.moving_average = options.ema > 0 ? vector(OptimizerState::moving_average) : nullptr;
      update.gradients = gradients.data();
      update.gradient_count = int32_t(gradients.size());
      update.begin = int32_t(int64_t(total) / row_multiple * thread / team * row_multiple);
      update.end = int32_t(int64_t(total) / row_multiple * (thread + 1) / team * row_multiple);
      update.rate = batches.rates[step];
      update.momentum = options.momentum;
      update.weight_decay = options.weight_decay;
      // The moving average starts with a smaller decay, so that it forgets the initial weights sooner.
      update.ema_decay = float(std::min(double(options.ema), (1 + count) / (10 + count)));
      update.first_bias_correction = float(1 / (1 - std::pow(double(options.momentum), count)));
      update.second_bias_correction = float(1 / (1 - std::pow(0.999, count)));
      update.nesterov = options.nesterov;
      if (options.optimizer == Optimizer::adamw) kernels_.update_adamw(update);
      else kernels_.update_sgd(update);
      if (thread == 0) ++updates_taken;
      team_.synchronize();
    }
    kernels_.restore_denormals(saved_mode);
  };
  if (steps > 0) team_.run(work);
  updates += int64_t(updates_taken);
  Tally tally;
  for (const auto& r : thread_states_) {
    tally.loss += r->tally.loss;
    tally.errors += r->tally.errors;
  }
  return tally;
}

Tally Engine::gradients(const Objective& objective, const Batches& batches, float* gradient) {
  for (int thread = 0; thread < threads(); ++thread) thread_state(thread).tally = {};
  std::vector<char> has_gradient(threads());
  team_.run([&](int thread) {
    const uint32_t saved_mode = kernels_.flush_denormals();
    has_gradient[thread] = compute_gradient(thread, objective, batches, 0, batches.examples);
    kernels_.restore_denormals(saved_mode);
  });
  Tally tally;
  std::fill_n(gradient, parameters(), 0.f);
  for (int thread = 0; thread < threads(); ++thread) {
    const ThreadState& r = *thread_states_[thread];
    tally.loss += r.tally.loss;
    tally.errors += r.tally.errors;
    if (!has_gradient[thread]) continue;
    for (int i = 0; i < parameters(); ++i) gradient[i] += r.workspace.gradient[i];
  }
  return tally;
}

}  // namespace lenet
