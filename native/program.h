// What a network becomes before it runs: steps over buffers, as plain numbers.
//
// A block is as many images as a vector has lanes, one image in each lane. Every buffer of a block holds one vector for
// each unit, ordered (maps, rows, columns); a tile is one or two blocks that go through the network together.
// Nothing here has code of its own, so that every instruction set sees the same thing.
#pragma once

#include <cstddef>
#include <cstdint>

// Inlined wherever it is called: a shared copy might be the one compiled for another processor.
#define LENET_HERE inline __attribute__((always_inline))

namespace lenet {

constexpr int max_blocks = 2;     // of a tile: two vectors share each weight that a full connection loads
constexpr int max_lanes = 16;     // of the widest vector
constexpr int max_tile = max_blocks * max_lanes;
constexpr int max_kernel = 7;     // side of a convolution's kernels
constexpr int row_multiple = 16;  // rows of full connections are padded with zeros to whole vectors

enum class Kind : int32_t { convolution, subsampling, max_pooling, average_pooling, full_connection, euclidean_rbf, activation };
enum class Activation : int32_t { identity, squash, tanh, sigmoid, relu, log_softmax };
enum class Loss : int32_t { cross_entropy, nll, map, penalty, mean_squared_error };

// Where the maps of a buffer lie, counted in vectors from the start of the block.
struct Maps {
  int32_t offset = 0;  // of the first unit of the first map, borders not counted
  int32_t maps = 0, height = 0, width = 0;
  int32_t row = 0, map = 0;  // from one row to the next, from one map to the next

  LENET_HERE int32_t units() const { return maps * height * width; }
};

struct Step {
  Kind kind = Kind::activation;
  Activation activation = Activation::identity;
  Maps in, out;              // what it receives, and gives after its activation (and pooling, where that is fused)
  Maps in_slope, out_slope;  // the derivatives of the loss with respect to both
  Maps sums_slope;           // convolution: the derivatives with respect to its units, before pooling where that is fused
  int32_t winners = 0;       // max pooling: which unit of its patch was the largest, or -1
  int32_t fused_pooling = 0;  // whether the largest of 2×2 units is all that is kept of a convolution
  int32_t pool_after = 0;     // a convolution's next step, where that pools it and leaves its derivatives to be spread here
  int32_t spread_before = 0;  // of a pooling step: whether the convolution before it does so
  int32_t side = 1, stride = 1, padding = 0;
  float padding_value = 0;
  int32_t window_height = 1, window_width = 1;  // of pooling and sub-sampling
  int32_t copies = 1;                           // of sub-sampling
  int32_t weight = 0, bias = 0;                 // where its parameters start; `weight` of sub-sampling: coefficients
  int32_t weight_row = 0;                       // full connection: from one unit's weights to the next's
  int32_t bias_per_unit = 0;
  int32_t lane_weight = 0, lane_bias = 0;       // where the derivatives of its parameters are kept lane by lane
  int32_t table = 0;        // convolution: where its connections start; see `Connections`
  int32_t constants = 0;    // Euclidean RBF: where its prototypes start
  int32_t passes_back = 1;  // whether a step before this one learns
  int32_t skips_background = 0;  // whether its input is exactly 0 wherever the pictures are empty
};

// A convolution's connections, read from the program's table.
struct Connections {
  const int32_t* start;       // (maps + 1): the kernels of output map o are start[o] .. start[o + 1]
  const int32_t* input_map;   // (kernels): what each kernel looks at
  const int32_t* back_start;  // (input maps + 1): the same connections, by input map
  const int32_t* output_map;  // (kernels): what each feeds
  const int32_t* kernel;      // (kernels): and through which kernel
};

// Parameters whose derivatives are summed lane by lane, and have to be summed over the lanes at the end of an update.
struct LaneRange {
  int32_t parameter, lane, count;
};

struct Program {
  const Step* steps = nullptr;
  int32_t count = 0;
  const int32_t* table = nullptr;
  const float* constants = nullptr;
  const LaneRange* lane_ranges = nullptr;
  int32_t lane_range_count = 0;
  Maps input;
  int32_t input_padding = 0;
  float background = 0, gray_step = 0;  // network input = background + gray_step * gray level
  // Blocks hold network inputs less this. Where it is the background, empty regions are exactly 0 and can be skipped; the
  // first convolution, which then has one bias for each map, makes up for it.
  float input_offset = 0;
  int32_t block_vectors = 0, lane_vectors = 0, parameters = 0, transposed = 0;  // sizes, in vectors and floats

  const Step& last() const { return steps[count - 1]; }
};

LENET_HERE Connections connections(const Program& program, const Step& step) {
  const int32_t* at = program.table + step.table;
  const int32_t* start = at;
  const int32_t maps = step.sums_slope.maps, kernels = start[maps];
  const int32_t* input_map = start + maps + 1;
  const int32_t* back_start = input_map + kernels;
  const int32_t* output_map = back_start + step.in.maps + 1;
  return {start, input_map, back_start, output_map, output_map + kernels};
}

// What one thread works in.
struct Workspace {
  float* blocks = nullptr;      // max_blocks * block_vectors vectors
  float* lanes = nullptr;       // lane_vectors vectors: derivatives summed lane by lane
  float* gradient = nullptr;    // parameters floats
  float* transposed = nullptr;  // what a full connection received, images outermost
  float* one = nullptr;         // buffers of the path for one image
  float* scratch = nullptr;     // biases made up for, rows of derivatives, and sums of the path for one image
  uint8_t* gray = nullptr;      // the tile's pictures, changed
  uint8_t* halves = nullptr;    // of the matrix unit: what it multiplies
  const uint8_t* packed = nullptr;  // and the weights it multiplies with, or null
  uint64_t* ink = nullptr;      // for each block and padded row: the columns where some picture is not empty
};

struct Objective {
  Loss loss = Loss::cross_entropy;
  float label_smoothing = 0;
  float j = 0;
};

struct Tally {
  double loss = 0;
  int64_t errors = 0;
};

// One update of a range of parameters.
struct Update {
  float* parameters;
  float* first;    // momentum, or the mean of the derivatives
  float* second;   // AdamW: the mean of their squares
  float* average;  // the running mean of the parameters, or null
  const float* const* gradients;  // one for each thread that has learned something
  int32_t gradient_count;
  int32_t begin, end;  // multiples of row_multiple
  float rate, momentum, weight_decay, average_decay;
  float first_correction, second_correction;  // AdamW
  bool nesterov;
};

// How one picture is changed while it is loaded.
struct Change {
  int32_t down = 0, right = 0;
  bool mirrored = false;
  bool distorted = false;
  uint64_t seed = 0;
};

// The limits of random distortions; `lenet.data.distortions` says what each means.
struct Distortions {
  float translation = 0, rotation = 0, scale = 0, squeeze = 0, shear = 0, elastic = 0, elastic_smoothness = 4;
};

// What each instruction set offers.
struct Kernels {
  const char* name;
  int32_t lanes;
  void (*load_gray)(const Program&, const Workspace&, const uint8_t* const* pictures, int count, int blocks);
  void (*load_inputs)(const Program&, const Workspace&, const float* const* inputs, int count, int blocks);
  void (*change_gray)(const Program&, const uint8_t* picture, const Change&, const Distortions&, uint8_t* changed);
  void (*forward)(const Program&, const float* parameters, const Workspace&, int blocks, bool learning);
  Tally (*loss)(const Program&, const Objective&, const Workspace&, const int32_t* labels, int count, int blocks, float share);
  void (*backward)(const Program&, const float* parameters, const Workspace&, int blocks, bool first);
  void (*sum_lanes)(const Program&, const Workspace&);
  void (*update_sgd)(const Update&);
  void (*update_adamw)(const Update&);
  void (*one_image)(const Program&, const float* parameters, const Workspace&, const uint8_t* gray, const float* inputs, float* outputs);
  double (*peak)(double seconds);  // fused multiply-adds of registers alone, in operations a second
  uint32_t (*flush_denormals)();   // returns what `restore_denormals` takes
  void (*restore_denormals)(uint32_t);
  // Null without a matrix unit: the bytes of all weights as tiles, and the tiles themselves.
  size_t (*packed_size)(const Program&);
  void (*pack_weights)(const Program&, const float* parameters, uint8_t* packed);
};

}  // namespace lenet
