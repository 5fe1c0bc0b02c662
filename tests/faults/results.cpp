#include "tests/faults/results.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace edge::faults {

Results::~Results() {
  close(descriptor_);
}

void Results::read() {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(descriptor_, buffer.data(), buffer.size());
    if (count <= 0) return;
    rest_.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      lines_.push_back(rest_.substr(0, end));
      times_.push_back(std::chrono::steady_clock::now());
      rest_.erase(0, end + 1);
    }
  }
}

Results::TimePoint Results::first_after(TimePoint time) const {
  const auto first = std::lower_bound(times_.begin(), times_.end(), time);
  return first == times_.end() ? TimePoint::max() : *first;
}

Results::Judgement Results::judge(int frames, const std::vector<std::string>& checksums) const {
  Judgement judgement;
  int next = 0;
  for (const std::string& text : lines_) {
    const auto line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("frame") || !line.contains("checksum")) {
      ++judgement.unreadable;
      continue;
    }
    const auto frame = line["frame"].get<std::int64_t>();
    if (frame < next || frame >= frames) {
      ++judgement.doubled;
      continue;
    }
    judgement.lost += static_cast<int>(frame) - next;
    next = static_cast<int>(frame) + 1;
    if (line["checksum"] != checksums[static_cast<std::size_t>(frame) % checksums.size()]) ++judgement.wrong;
  }
  judgement.lost += frames - next;
  return judgement;
}

}  // namespace edge::faults
