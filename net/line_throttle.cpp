#include "net/line_throttle.h"

#include <utility>

namespace edge::net {

std::optional<std::uint64_t> LineThrottle::admit(const std::string& line, TimePoint now) {
  std::erase_if(told_, [now](const auto& entry) { return now - entry.second >= same; });
  if (now - period_begin_ >= period) {
    period_begin_ = now;
    in_period_ = 0;
  }
  if (told_.count(line) != 0 || in_period_ >= lines_per_period) {
    ++left_out_;
    return std::nullopt;
  }
  told_[line] = now;
  ++in_period_;
  return std::exchange(left_out_, 0);
}

}  // namespace edge::net
