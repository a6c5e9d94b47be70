// Any number of replicas of one network: groups of as many as a vector has lanes, and the threads that take the groups.
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
  float* weights(int group) const { return groups_[group]->room.weights; }
  float* curvatures(int group) const { return groups_[group]->room.curvatures; }

  // One update after each row of the order, of one column for all replicas or one for each. Sets the sum of the losses,
  // and the errors, of each lane of each group.
  void learn(const ReplicaLesson& lesson, float eta, float mu, double* losses, int64_t* errors);
  void estimate(const ReplicaLesson& lesson);

  std::mutex busy;

 private:
  struct Group {
    Floats memory;  // all of it together: few large pages are quick to find
    std::unique_ptr<Ink> ink;
    std::vector<uint64_t> columns;  // of the ink
    ReplicaGroup room{};
  };

  template <class Work>
  void each_group(Work work);
  ReplicaLesson of_group(ReplicaLesson lesson, int group) const;

  OwnedProgram owned_;
  ReplicaObjective objective_;
  const Kernels& kernels_;
  const ReplicaKernels& replica_kernels_;
  Team team_;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace lenet
