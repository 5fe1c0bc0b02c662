// check = true: every frame computed once more, in one piece, by the master itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/array.h"
#include "engine/executor.h"
#include "net/value_rounder.h"
#include "roles/detection/detector.h"
#include "roles/master/frame_under_way.h"
#include "roles/model.h"

namespace edge {

/// With rounded values ([net] values) it rounds at the plan's cuts, as the workers do. One owner, one thread.
class Checker {
 public:
  /// Between devices of different ISAs: largest difference relative to the largest output. A value next to
  /// the middle of two steps may go either way, and stay there: with rounded values as much as some of those
  /// make.
  static constexpr double tolerance(ValueFormat values) {
    return values == ValueFormat::exact ? 1e-4 : values == ValueFormat::float16 ? 2e-3 : 0.05;
  }

  /// `detector`: of the run, or null; outlives this, as `model` does.
  Checker(const Model& model, const detection::Detector* detector, ValueFormat values, int threads);

  /// True if the chain's result for `frame` is right, all outputs and the objects; otherwise `explanation()`
  /// says what differs. FrameUnderWay::same_isa: every device that took part has this machine's ISA, so that
  /// outputs must agree bit for bit, and objects be the same.
  bool check(const FrameUnderWay& frame);
  const std::string& explanation() const { return explanation_; }
  std::uint64_t checked() const { return checked_; }
  std::uint64_t missed() const { return missed_; }
  /// Largest relative error so far.
  double worst() const { return worst_; }
  /// Every frame so far was compared bit for bit.
  bool exact() const { return exact_; }

 private:
  TensorMap compute(const FrameUnderWay& frame);
  bool compare_outputs(const std::vector<Array>& outputs, const std::vector<Array>& expected, bool exact);
  bool compare_objects(const FrameUnderWay& frame, const std::vector<Array>& expected, bool exact);

  const Model& model_;
  const detection::Detector* const detector_;
  const ValueFormat values_;
  Executor executor_;
  std::vector<net::ValueRounder> rounders_;  ///< of the links between workers
  std::uint32_t epoch_ = 0;                  ///< whose frames they have rounded
  std::string explanation_;
  std::uint64_t checked_ = 0;
  std::uint64_t missed_ = 0;
  double worst_ = 0;
  bool exact_ = true;
};

}  // namespace edge
