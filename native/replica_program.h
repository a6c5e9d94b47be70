// Replicas: as many networks of one description as a vector has lanes, a whole network in each lane. All see the same
// picture at the same moment, or each one of its own, and each takes an update after it.
//
// Every parameter is a vector, and so is every unit. A pixel is a number where all lanes share the picture, else a vector.
#pragma once

#include "program.h"

namespace lenet {

constexpr int max_ink_side = 64;      // of a padded picture whose pixels the first convolution takes one by one
constexpr int max_row = 160;          // columns of a padded row that derivatives are gathered in
constexpr int max_copies = 8;         // of sub-sampling

// The ink of a picture: which of its padded pixels less the program's `input_offset` are not 0, in any lane.
struct Ink {
  int32_t own;  // whether each lane has a picture of its own; they lie in the block
  float values[max_ink_side * max_ink_side];  // those of a picture that the lanes share
  uint64_t* columns;  // for each padded row, one bit for each column
  int32_t places[max_ink_side * max_ink_side];  // row * max_ink_side + column
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

// Penalties and squared distances count `scale` times; their second derivatives then start at 2 * scale.
struct ReplicaObjective {
  Loss loss = Loss::map;
  float scale = 0.5f;
  float j = 0;
};

struct ReplicaLesson {
  const uint8_t* pictures = nullptr;
  const int64_t* labels = nullptr;
  const int64_t* order = nullptr;  // (count, columns) rows of the pictures: one for each update, or for each replica's
  int64_t count = 0, columns = 1;
  size_t picture_size = 0;
  int32_t own = 0;  // as many lanes of the group have a picture of their own; 0: all share one

  LENET_HERE int64_t row(int64_t i, int lane = 0) const { return order[i * columns + lane]; }
  LENET_HERE const uint8_t* picture(int64_t row) const { return pictures + size_t(row) * picture_size; }
};

struct ReplicaKernels {
  int32_t lanes;
  // Fills the borders of a new group's maps.
  void (*prepare)(const Program&, const ReplicaGroup&);
  void (*set_rates)(const Program&, const ReplicaGroup&, float eta, float mu);
  // Adds to each lane's sum of losses and number of errors.
  void (*learn)(const Program&, const ReplicaObjective&, const ReplicaGroup&, const ReplicaLesson&, double* losses, int64_t* errors);
  // The mean of h over the pictures.
  void (*estimate)(const Program&, const ReplicaObjective&, const ReplicaGroup&, const ReplicaLesson&);
};

}  // namespace lenet
