// Connections that have not yet shown that they belong here: few at a time, so that they cost next to nothing
// however many there are. One thread at a time; no errors.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

namespace edge::net {

class Strangers {
  struct Entry {
    std::function<void()> drop;
    std::function<bool()> is_promising;
    bool dropped = false;
  };

 public:
  /// A stranger's place; its end frees it. It may outlive the Strangers.
  class Place {
   public:
    explicit Place(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
    /// It had to make room for another one.
    bool was_dropped() const { return entry_ && entry_->dropped; }
    /// It is no stranger any more.
    void leave() { entry_.reset(); }

   private:
    std::shared_ptr<Entry> entry_;
  };

  explicit Strangers(std::size_t most) : most_(most) {}

  /// If there are too many then, `drop` of the oldest is called: of those that are not promising, if there
  /// are any.
  Place enter(std::function<void()> drop, std::function<bool()> is_promising);
  /// As above. False: there is none.
  bool drop_one();
  std::size_t count();

 private:
  void forget_those_that_left();

  std::size_t most_;
  std::list<std::weak_ptr<Entry>> entries_;  ///< the oldest first
};

}  // namespace edge::net
