// The program of a network: its stages as steps over buffers, plain structs of numbers.
//
// A block is as many images as a vector has lanes, one image in each lane. Every buffer of a block holds one vector for
// each unit, ordered (maps, rows, columns); a micro-batch is one or two blocks that go through the network
// together.
// Everything here is plain data or always inlined, so that every instruction set sees the same layout.
#pragma once

#include <cstddef>
#include <cstdint>

// Inlined wherever it is called: a shared copy might be the one compiled for another processor.
#define LENET_ALWAYS_INLINE inline __attribute__((always_inline))

namespace lenet {

constexpr int max_blocks = 2;     // of a micro-batch: two vectors share each weight that a full connection loads
constexpr int max_lanes = 16;     // of the widest vector
constexpr int max_micro_batch = max_blocks * max_lanes;
constexpr int max_kernel = 7;     // side of a convolution's kernels
constexpr int row_multiple = 16;  // rows of full connections are padded with zeros to whole vectors

enum class Kind : int32_t { convolution, subsampling, max_pooling, average_pooling, full_connection, euclidean_rbf, activation };
enum class Activation : int32_t { identity, squash, tanh, sigmoid, relu, log_softmax };
enum class Loss : int32_t { cross_entropy, nll, map, penalty, mean_squared_error };

// The layout of a buffer's maps, counted in vectors from the start of the block.
struct Maps {
  int32_t offset = 0;  // of the first unit of the first map, inside its border
  int32_t maps = 0, height = 0, width = 0;
  int32_t row = 0, map = 0;  // strides from one row to the next, from one map to the next

  LENET_ALWAYS_INLINE int32_t units() const { return maps * height * width; }
};

struct Step {
  Kind kind = Kind::activation;
  Activation activation = Activation::identity;
  Maps input, output;  // the output is that of the activation, and of the pooling where that is fused
  Maps input_grad, output_grad;  // the gradients of the loss with respect to both
  Maps sums_grad;  // convolution: the gradient with respect to its weighted sums, before pooling where that is fused
  int32_t max_indices = 0;        // max pooling: the index of the largest unit of each window, or -1
  int32_t fused_pooling = 0;  // whether a convolution stores only the largest of 2×2 units
  int32_t unpooled_step = 0;    // the pooling step whose backward pass is fused into this convolution's, or 0
  int32_t unpooled_before = 0;  // of a pooling step: whether the convolution before it does that
  int32_t side = 1, stride = 1, padding = 0;
  float padding_value = 0;
  int32_t window_height = 1, window_width = 1;  // of pooling and sub-sampling
  int32_t copies = 1;                           // of sub-sampling
  int32_t weight = 0, bias = 0;                 // offsets of its parameters; `weight` of sub-sampling: coefficients
  int32_t weight_row = 0;                       // full connection: the stride from one unit's weights to the next's
  int32_t bias_per_unit = 0;
  int32_t lane_weight = 0, lane_bias = 0;       // offsets of its parameters' gradients, summed lane by lane
  int32_t table = 0;        // convolution: offset of its connections; see `Connections`
  int32_t constants = 0;    // Euclidean RBF: offset of its prototypes
  int32_t needs_input_grad = 1;  // whether a step before this one has parameters
  int32_t skips_background = 0;  // whether its input is exactly 0 wherever the pictures are empty
};

// A convolution's connections, read from the program's table.
struct Connections {
  const int32_t* start;       // (maps + 1): the kernels of output map o are start[o] .. start[o + 1]
  const int32_t* input_map;   // (kernels): the input map of each kernel
  const int32_t* back_start;  // (input maps + 1): the same connections, by input map
  const int32_t* output_map;  // (kernels): the output map of each
  const int32_t* kernel;      // (kernels): and the kernel between them
};

// Parameters whose gradients are summed lane by lane, and reduced over the lanes at the end of an update.
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
  // Blocks hold network inputs minus this. Where it is the background, empty regions are exactly 0 and can be skipped; the
  // first convolution, which then has one bias for each map, corrects its biases by it.
  float input_offset = 0;
  int32_t block_vectors = 0, lane_vectors = 0, parameters = 0, transposed = 0;  // sizes, in vectors and floats

  const Step& last() const { return steps[count - 1]; }
};

LENET_ALWAYS_INLINE Connections connections(const Program& program, const Step& step) {
  const int32_t* at = program.table + step.table;
  const int32_t* start = at;
  const int32_t maps = step.sums_grad.maps, kernels = start[maps];
  const int32_t* input_map = start + maps + 1;
  const int32_t* back_start = input_map + kernels;
  const int32_t* output_map = back_start + step.input.maps + 1;
  return {start, input_map, back_start, output_map, output_map + kernels};
}

// The working memory of one thread.
struct Workspace {
  float* blocks = nullptr;      // max_blocks * block_vectors vectors
  float* lanes = nullptr;       // lane_vectors vectors: gradients summed lane by lane
  float* gradient = nullptr;    // parameters floats
  float* transposed = nullptr;  // the inputs of a full connection, images outermost
  float* single_image = nullptr;  // buffers of the path for one image
  float* scratch = nullptr;     // corrected biases, rows of gradients, and sums of the path for one image
  uint8_t* gray = nullptr;      // the micro-batch's pictures, augmented
  uint8_t* bfloat16_inputs = nullptr;  // of the matrix unit
  const uint8_t* packed = nullptr;  // and its weights, or null
  uint64_t* ink = nullptr;      // for each block and padded row: the columns where any picture has ink
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
  float* first_moment;    // SGD: momentum buffer; AdamW: moving average of the gradient
  float* second_moment;   // AdamW: moving average of its square
  float* moving_average;  // of the parameters, or null
  const float* const* gradients;  // one for each thread that had examples
  int32_t gradient_count;
  int32_t begin, end;  // multiples of row_multiple
  float rate, momentum, weight_decay, ema_decay;
  float first_bias_correction, second_bias_correction;  // AdamW
  bool nesterov;
};

// The augmentation of one picture while it is loaded.
struct Augmentation {
  int32_t shift_down = 0, shift_right = 0;
  bool mirrored = false;
  bool distorted = false;
  uint64_t seed = 0;
};

// The limits of random distortions, as `lenet.data.distortions` defines them.
struct Distortions {
  float translation = 0, rotation = 0, scale = 0, squeeze = 0, shear = 0, elastic = 0, elastic_smoothness = 4;
};

// The kernels compiled for one instruction set.
struct Kernels {
  const char* name;
  int32_t lanes;
  void (*load_gray)(const Program&, const Workspace&, const uint8_t* const* pictures, int count, int blocks);
  void (*load_inputs)(const Program&, const Workspace&, const float* const* inputs, int count, int blocks);
  void (*augment_gray)(const Program&, const uint8_t* picture, const Augmentation&, const Distortions&, uint8_t* augmented);
  void (*forward)(const Program&, const float* parameters, const Workspace&, int blocks, bool training);
  Tally (*loss)(const Program&, const Objective&, const Workspace&, const int32_t* labels, int count, int blocks, float grad_scale);
  void (*backward)(const Program&, const float* parameters, const Workspace&, int blocks, bool first);
  void (*sum_lanes)(const Program&, const Workspace&);
  void (*update_sgd)(const Update&);
  void (*update_adamw)(const Update&);
  void (*single_image)(const Program&, const float* parameters, const Workspace&, const uint8_t* gray, const float* inputs, float* outputs);
  double (*peak)(double seconds);  // fused multiply-adds of registers alone, in operations a second
  uint32_t (*flush_denormals)();   // returns what `restore_denormals` takes
  void (*restore_denormals)(uint32_t);
  // Null without a matrix unit: the size of all weights as tiles, and packing them into tiles.
  size_t (*packed_size)(const Program&);
  void (*pack_weights)(const Program&, const float* parameters, uint8_t* packed);
};

}  // namespace lenet
