// Replicas: one network per lane of a vector, all of one description, updated after every picture. The lanes share each
// picture, or each has a separate one.
//
// Every parameter and every unit is a vector. A pixel is a scalar where the lanes share the picture, else a vector.
#pragma once

#include "program.h"

namespace lenet {

constexpr int max_ink_side = 64;      // of a padded picture whose inked pixels the first convolution visits one by one
constexpr int max_row = 160;          // columns of a padded row in which gradients are gathered
constexpr int max_copies = 8;         // of sub-sampling

// The ink of a picture: the padded pixels that differ from the program's `input_offset` in any lane.
struct Ink {
  int32_t per_lane;  // whether each lane has a separate picture; these lie in the block
  float values[max_ink_side * max_ink_side];  // of a picture that the lanes share
  uint64_t* column_masks;  // for each padded row, one bit for each column
  int32_t pixel_offsets[max_ink_side * max_ink_side];  // row * max_ink_side + column
  int32_t count;
};

// The memory of one group of replicas: a vector for each parameter and unit.
struct ReplicaGroup {
  float* weights;
  float* curvatures;  // h: eq. 23 and 24 of [LeCun98]
  float* rates;       // eta / (mu + h), eq. 21
  float* block;
  Ink* ink;
};

enum class ReplicaLoss : int32_t { penalty, map, sum_squared_error, cross_entropy };

// Penalties and squared distances count `scale` times; their second derivatives then start at 2 * scale.
struct ReplicaObjective {
  ReplicaLoss loss = ReplicaLoss::map;
  float scale = 0.5f;
  float j = 0;
};

// The training pictures of consecutive updates.
struct ReplicaBatches {
  const uint8_t* pictures = nullptr;
  const int64_t* labels = nullptr;
  const int64_t* order = nullptr;  // (count, columns) rows of the pictures: one column for all replicas, or one for each
  int64_t count = 0, columns = 1;
  size_t picture_size = 0;
  int32_t separate_lanes = 0;  // lanes of the group with separate pictures; 0: all share one

  LENET_ALWAYS_INLINE int64_t row(int64_t i, int lane = 0) const { return order[i * columns + lane]; }
  LENET_ALWAYS_INLINE const uint8_t* picture(int64_t row) const { return pictures + size_t(row) * picture_size; }
};

struct ReplicaKernels {
  int32_t lanes;
  // Fills the borders of a new group's maps.
  void (*prepare)(const Program&, const ReplicaGroup&);
  void (*set_rates)(const Program&, const ReplicaGroup&, float eta, float mu);
  // One update after each picture; adds to each lane's sum of losses and number of errors.
  void (*learn)(const Program&, const ReplicaObjective&, const ReplicaGroup&, const ReplicaBatches&, double* losses,
                int64_t* errors);
  // Estimates h, the mean over the pictures.
  void (*estimate_curvatures)(const Program&, const ReplicaObjective&, const ReplicaGroup&, const ReplicaBatches&);
};

}  // namespace lenet
