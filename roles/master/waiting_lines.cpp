#include "roles/master/waiting_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace edge {

std::vector<std::string> WaitingLines::update(const std::vector<Wait>& waits,
                                              std::chrono::steady_clock::time_point now) {
  std::vector<std::string> lines;
  std::vector<Known> still;
  for (const Wait& wait : waits) {
    const auto before = std::find_if(known_.begin(), known_.end(),
                                     [&](const Known& known) { return known.what == wait.what; });
    Known known = before != known_.end() ? std::move(*before) : Known{.what = wait.what, .since = now};
    const std::string text = wait.why.empty() ? wait.what : fmt::format("{} ({})", wait.what, wait.why);
    const bool silent_so_far = known.said.empty();
    if (now - known.since >= wait.patience && known.said.insert(wait.why).second) {
      lines.push_back(fmt::format("waiting for {}", text));
      known.said_at = now;
    } else if (!silent_so_far && now - known.said_at >= reminder) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - known.since).count();
      lines.push_back(fmt::format("still waiting for {}, for {} s now", text, seconds));
      known.said_at = now;
    }
    still.push_back(std::move(known));
  }
  known_ = std::move(still);
  return lines;
}

}  // namespace edge
