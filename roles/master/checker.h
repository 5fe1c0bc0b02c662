// check = true: every frame computed once more, in one piece, by the master itself.
#pragma once

#include <cstdint>
#include <string>

#include "engine/array.h"
#include "engine/executor.h"
#include "roles/model.h"

namespace edge {

/// One owner, one thread.
class Checker {
 public:
  /// Between devices of different ISAs: largest difference relative to the largest output.
  static constexpr double tolerance = 1e-4;

  Checker(const Model& model, int threads);

  /// True if the chain's `output` for `pixels` is right; otherwise `explanation()` says what differs.
  /// `exact`: every device that took part has this machine's ISA, so outputs must agree bit for bit.
  bool check(const Array& pixels, const Array& output, bool exact);
  const std::string& explanation() const { return explanation_; }
  std::uint64_t checked() const { return checked_; }
  std::uint64_t missed() const { return missed_; }
  /// Largest relative error so far.
  double worst() const { return worst_; }
  /// Every frame so far was compared bit for bit.
  bool exact() const { return exact_; }

 private:
  const Model& model_;
  Executor executor_;
  std::string explanation_;
  std::uint64_t checked_ = 0;
  std::uint64_t missed_ = 0;
  double worst_ = 0;
  bool exact_ = true;
};

}  // namespace edge
