#include "roles/master/flap_guard.h"

#include <algorithm>

namespace edge {

FlapGuard::Duration FlapGuard::lost(int worker, TimePoint now) {
  History& history = workers_[worker];
  history.losses.push_back(now);
  while (now - history.losses.front() > watched) history.losses.pop_front();
  if (history.losses.size() < most_losses) return Duration::zero();
  history.losses.clear();
  if (history.last_pause != TimePoint{} && now - history.last_pause > forgiven_after) {
    history.next_pause = first_pause;
  }
  const Duration pause = history.next_pause;
  history.next_pause = std::min<Duration>(2 * pause, longest_pause);
  history.last_pause = now;
  return pause;
}

}  // namespace edge
