// When the stages of the pipeline will be free: from the stage reports of finished frames, and from the
// predicted costs of those that are under way. Seconds of the master's steady clock. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "roles/chain/stage_report.h"

namespace edge {

class StageClock {
 public:
  explicit StageClock(int workers);

  /// A frame was handed to link 0, with its predicted costs of the stages.
  void sent(std::uint64_t frame, double now, std::vector<double> stage_costs);
  /// A frame's result came. Points in time in the reports are on the same clock, 0 where not known.
  void finished(std::uint64_t frame, double now, std::span<const chain::StageReport> stages);
  /// Frames under way are lost or will be sent again.
  void forget_frames() { under_way_.clear(); }

  struct Expected {
    std::vector<double> stage_ready;  ///< seconds from now, as Costs::stage_ready
    std::vector<double> finished;  ///< when each of the frames under way will be, seconds from now, in order
  };
  Expected expected(double now) const;

 private:
  struct FrameUnderWay {
    double sent = 0;
    std::vector<double> stage_costs;
  };
  std::vector<double> free_;  ///< when the last finished frame left each stage
  std::map<std::uint64_t, FrameUnderWay> under_way_;
};

}  // namespace edge
