// A network that runs: a program, its parameters, and the threads and memory that they take.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "program.h"
#include "team.h"

namespace lenet {

// The best instruction set first. `kernels_for` gives null for one that was not compiled in or that this processor lacks.
std::vector<const Kernels*> available_kernels();
std::vector<std::string> compiled_instruction_sets();
const Kernels* kernels_for(const std::string& name);
// Those that read in bfloat16 on the processor's matrix unit, or null where there is none.
const Kernels* matrix_kernels();

// Aligned floats that start as zeros; large ones ask for large pages.
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
  Program program;  // its pointers point into the above once an engine owns it
};

enum class Optimizer { sgd, adamw };

struct Learning {
  int32_t batch = 64;
  Objective objective;
  Optimizer optimizer = Optimizer::sgd;
  float momentum = 0.9f, weight_decay = 0, average = 0;
  bool nesterov = true;
};

// The pictures of consecutive updates. `order` holds rows of the pictures, a batch at a time.
struct Lesson {
  const uint8_t* pictures = nullptr;
  const int64_t* labels = nullptr;
  const int64_t* order = nullptr;
  size_t examples = 0;
  const float* rates = nullptr;        // one for each update
  const int8_t* shifts = nullptr;      // (examples, 2): down, right; or null
  const uint8_t* mirrored = nullptr;   // (examples); or null
  const Distortions* distortions = nullptr;
  uint64_t seed = 0;                   // of the distortions: with a picture's row it seeds its generator
};

// In the engine's memory each follows the parameters.
enum class Remembered { first = 1, second = 2, average = 3 };

class Engine {
 public:
  Engine(OwnedProgram program, const Kernels& kernels, int threads);

  int threads() const { return team_.size(); }
  const Kernels& kernels() const { return kernels_; }
  int parameters() const { return owned_.program.parameters; }

  float* values() const { return memory_.data(); }
  // The vectors that learning needs besides, or null before they are needed.
  float* vector(Remembered which) const { return remembered_[int(which)] ? values() + size_t(which) * parameters() : nullptr; }
  void remember(Remembered which, bool remembered);
  int64_t updates = 0;

  // One of `pictures` and `inputs` is null. Gives (count, classes).
  void predict(const uint8_t* pictures, const float* inputs, size_t count, float* outputs);
  // What each of these buffers holds after a pass, (count, units) each.
  void look(const uint8_t* pictures, const float* inputs, size_t count, const std::vector<Maps>& buffers,
            const std::vector<float*>& seen);
  // Stops before the first update whose loss is no number.
  Tally fit(const Learning& learning, const Lesson& lesson);
  // The derivatives of the mean loss over all examples, laid out like the parameters, and the losses' sum.
  Tally gradients(const Objective& objective, const Lesson& lesson, float* gradient);

  std::mutex busy;

 private:
  struct Room {
    Floats memory;  // all that the workspace points to, close together: few large pages are quick to find
    Workspace workspace;
    Tally tally;
  };

  Room& room(int thread);
  // One thread's share of one batch: forward, loss, backward. Returns whether there was anything to do.
  bool study(int thread, const Objective& objective, const Lesson& lesson, size_t begin, size_t end);
  size_t picture_size() const;

  OwnedProgram owned_;
  const Kernels& kernels_;
  Team team_;
  Floats memory_, packed_;
  bool remembered_[4] = {true, false, false, false};
  std::vector<std::unique_ptr<Room>> rooms_;
};

}  // namespace lenet
