// The engine: a program, its parameters, and the threads and memory that run it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "program.h"
#include "team.h"

namespace lenet {

// The best instruction set first. `kernels_for` returns null for one that was not compiled in or that this processor lacks.
std::vector<const Kernels*> available_kernels();
std::vector<std::string> compiled_instruction_sets();
const Kernels* kernels_for(const std::string& name);
// The kernels for inference in bfloat16 on the processor's matrix unit, or null where there is none.
const Kernels* matrix_kernels();

// Aligned memory for floats, zero-initialized; huge pages for large allocations.
class Floats {
 public:
  explicit Floats(size_t count = 0);
  ~Floats();
  Floats(Floats&& other) noexcept;
  Floats& operator=(Floats&& other) noexcept;
  float* data() const { return data_; }
  size_t size() const { return count_; }

 private:
  void* base_ = nullptr;
  float* data_ = nullptr;
  size_t count_ = 0;
};

struct OwnedProgram {
  std::vector<Step> steps;
  std::vector<int32_t> table;
  std::vector<float> constants;
  std::vector<LaneRange> lane_ranges;
  Program program;  // its pointers are set once an engine owns it
};

enum class Optimizer { sgd, adamw };

struct TrainingOptions {
  int32_t batch = 64;
  Objective objective;
  Optimizer optimizer = Optimizer::sgd;
  float momentum = 0.9f, weight_decay = 0, ema = 0;
  bool nesterov = true;
};

// The training batches of consecutive updates. `order` holds rows of the pictures, one batch after another.
struct Batches {
  const uint8_t* pictures = nullptr;
  const int64_t* labels = nullptr;
  const int64_t* order = nullptr;
  size_t examples = 0;
  const float* rates = nullptr;        // one for each update
  const int8_t* shifts = nullptr;      // (examples, 2): down, right; or null
  const uint8_t* mirrored = nullptr;   // (examples); or null
  const Distortions* distortions = nullptr;
  uint64_t seed = 0;                   // of the distortions: with a picture's row it seeds the generator
};

// The optimizer's vectors and the exponential moving average; in the engine's memory they follow the parameters.
enum class OptimizerState { first_moment = 1, second_moment = 2, moving_average = 3 };

class Engine {
 public:
  Engine(OwnedProgram program, const Kernels& kernels, int threads);

  int threads() const { return team_.size(); }
  const Kernels& kernels() const { return kernels_; }
  int parameters() const { return owned_.program.parameters; }

  float* values() const { return memory_.data(); }
  // An optimizer's vector, or null before it is in use.
  float* vector(OptimizerState which) const { return in_use_[int(which)] ? values() + size_t(which) * parameters() : nullptr; }
  void reset(OptimizerState which, bool in_use);
  int64_t updates = 0;

  // The outputs, (count, classes). One of `pictures` and `inputs` is null.
  void predict(const uint8_t* pictures, const float* inputs, size_t count, float* outputs);
  // The contents of these buffers after a forward pass, (count, units) each.
  void activations(const uint8_t* pictures, const float* inputs, size_t count, const std::vector<Maps>& buffers,
                   const std::vector<float*>& outputs);
  // Takes consecutive updates, and stops before the first whose loss is not finite.
  Tally fit(const TrainingOptions& options, const Batches& batches);
  // The gradient of the mean loss over all examples, laid out like the parameters, and the sum of the losses.
  Tally gradients(const Objective& objective, const Batches& batches, float* gradient);

  std::mutex call_mutex;

 private:
  struct ThreadState {
    Floats memory;  // one allocation for the whole workspace: few large pages mean few TLB misses
    Workspace workspace;
    Tally tally;
  };

  ThreadState& thread_state(int thread);
  // Forward pass, loss and backward pass of one thread's share of a batch. Returns false if the share is empty.
  bool compute_gradient(int thread, const Objective& objective, const Batches& batches, size_t begin, size_t end);
  size_t picture_size() const;

  OwnedProgram owned_;
  const Kernels& kernels_;
  Team team_;
  Floats memory_, packed_;
  bool in_use_[4] = {true, false, false, false};
  std::vector<std::unique_ptr<ThreadState>> thread_states_;
};

}  // namespace lenet
