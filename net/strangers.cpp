#include "net/strangers.h"

#include <algorithm>
#include <utility>

namespace edge::net {

Strangers::Place Strangers::enter(std::function<void()> drop, std::function<bool()> is_promising) {
  forget_those_that_left();
  if (entries_.size() >= most_) drop_one();
  auto entry =
      std::make_shared<Entry>(Entry{.drop = std::move(drop), .is_promising = std::move(is_promising)});
  entries_.push_back(entry);
  return Place(std::move(entry));
}

bool Strangers::drop_one() {
  forget_those_that_left();
  if (entries_.empty()) return false;
  auto victim = std::find_if(entries_.begin(), entries_.end(), [](const std::weak_ptr<Entry>& place) {
    const auto entry = place.lock();
    return entry && !entry->is_promising();
  });
  if (victim == entries_.end()) victim = entries_.begin();
  const std::shared_ptr<Entry> entry = victim->lock();
  entries_.erase(victim);
  entry->dropped = true;
  entry->drop();
  return true;
}

std::size_t Strangers::count() {
  forget_those_that_left();
  return entries_.size();
}

void Strangers::forget_those_that_left() {
  std::erase_if(entries_, [](const std::weak_ptr<Entry>& place) { return place.expired(); });
}

}  // namespace edge::net
