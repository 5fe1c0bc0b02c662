// What stays from one frame to the next, so that only what changed must be computed: the outputs of a
// program's steps, and the tensors that they were made from. Internal to the engine.
//
// Before a run, the tensors from outside are compared with those of the run before, bit by bit; through the
// operators' reaches (OperationType::reach) this gives a dirty map for every output, and so what each step
// has to do. What is not dirty has the bits that computing it would give, so a run's results are those of a
// dense one.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "engine/executor.h"
#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "engine/program.h"
#include "engine/step_cost.h"
#include "engine/tensor.h"
#include "kernels/dirty_map.h"

namespace edge {

/// One owner; graph and program must outlive it.
class KeptOutputs {
 public:
  enum class Work : std::uint8_t { none, part, all };
  struct StepPlan {
    Work work = Work::all;
    kernels::DirtyMap dirty;  ///< of the step's layer, in front of a pooling: for Work::part
    double share = 1;         ///< of the positions that are marked
  };

  /// `runs_part` says whether the kernel of a step's layer can.
  KeptOutputs(const Graph& graph, const Program& program, const std::function<bool(LayerIndex)>& runs_part);

  std::size_t bytes() const;
  /// Of a kept buffer.
  float* data(std::size_t buffer) { return memory_[buffer].data(); }

  /// What the next run has to do. `given` holds the program's given tensors. Until finish(), nothing counts
  /// as kept: a run that fails leaves no doubtful state.
  void begin(const TensorMap& given);
  const StepPlan& plan(std::size_t step) const { return plans_[step]; }
  /// Whether the buffer holds something else than in the run before.
  bool changed(std::size_t buffer) const;
  /// After step `step` took so many seconds.
  void took(std::size_t step, double seconds);
  /// After all steps. `results` are those of the run, by Program::results' order.
  void finish(std::vector<Array> results);
  /// The result of the run before; only if it has not changed.
  const Array& last_result(std::size_t index) const { return results_[index]; }
  ComputedShare share() const;

 private:
  struct StepInput {
    std::size_t buffer = 0;    ///< its root
    bool by_position = false;  ///< the value's positions are those of the root's map
    std::optional<Reach> reach;
  };
  struct StepFacts {
    std::vector<StepInput> inputs;
    std::optional<StepInput> residual;
    std::optional<Reach> pool;           ///< of the pooling that it runs as well
    bool by_position = false;            ///< the layer's output is a feature map of a batch of one
    std::int64_t rows = 1, columns = 1;  ///< of the layer's map
    std::int64_t result_rows = 1, result_columns = 1;
    bool runs_part = false;
    bool kept = false;
    bool wanted = false;  ///< its output is a result that is not kept
    double macs = 0;
    std::vector<std::size_t> consumers;  ///< steps
  };

  StepInput input_facts(LayerIndex layer, std::size_t buffer) const;
  void gather_facts(const std::function<bool(LayerIndex)>& runs_part);
  void link_consumers();
  void compare_given(const TensorMap& given);
  void spread_step(std::size_t step);
  bool is_needed(std::size_t step) const;

  const Graph& graph_;
  const Program& program_;
  std::vector<Tensor> memory_;  ///< of kept buffers
  std::vector<StepFacts> facts_;
  std::vector<StepCost> costs_;
  bool valid_ = false;
  std::map<LayerIndex, Array> given_;  ///< of the run before
  std::map<LayerIndex, Array> next_given_;
  std::vector<kernels::DirtyMap> maps_;  ///< of each root buffer's value, as of the step that is looked at
  std::vector<kernels::DirtyMap> step_maps_;  ///< of each step's result
  std::vector<StepPlan> plans_;
  std::vector<Array> results_;
};

}  // namespace edge
