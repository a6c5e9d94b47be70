// Any number of replicas of one network, in groups of as many as a vector has lanes, shared out to threads.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine.h"
#include "replica_program.h"

namespace lenet {

class Replicas {
 public:
  // `instructions` must be among the available ones.
  Replicas(OwnedProgram program, const ReplicaObjective& objective, const std::string& instructions, int replicas, int threads);

  int groups() const { return int(groups_.size()); }
  int lanes() const { return replica_kernels_.lanes; }
  int parameters() const { return owned_.program.parameters; }
  size_t picture_size() const;
  // (parameters, lanes) each.
  float* weights(int group) const { return groups_[group]->pointers.weights; }
  float* curvatures(int group) const { return groups_[group]->pointers.curvatures; }

  // One update after each row of the order, (steps, 1) shared by all replicas or (steps, replicas). Sets the sum of the
  // losses, and the errors, of each lane of each group.
  void learn(const ReplicaBatches& batches, float eta, float mu, double* losses, int64_t* errors);
  void estimate_curvatures(const ReplicaBatches& batches);

  std::mutex call_mutex;

 private:
  struct Group {
    Floats memory;  // one allocation: few large pages mean few TLB misses
    std::unique_ptr<Ink> ink;
    std::vector<uint64_t> column_masks;  // of the ink, one bit for each column
    ReplicaGroup pointers{};
  };

  template <class Work>
  void for_each_group(Work work);
  ReplicaBatches batches_of_group(ReplicaBatches batches, int group) const;

  OwnedProgram owned_;
  ReplicaObjective objective_;
  const Kernels& kernels_;
  const ReplicaKernels& replica_kernels_;
  Team team_;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace lenet
