// What share of their time the devices were busy lately. Plain value, one thread, no errors.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "roles/report/frame_record.h"

namespace edge {

class DeviceLoad {
 public:
  void add(const FrameRecord& frame);
  /// Of each worker, 0..1, over the last frames; empty before there are two.
  std::vector<double> shares() const;

 private:
  struct Busy {
    double finished_s = 0;
    std::vector<double> seconds;
  };
  std::deque<Busy> last_;
};

/// A bar for each device, one column wide: "▁▅█".
std::string load_bars(const std::vector<double>& shares);

}  // namespace edge
