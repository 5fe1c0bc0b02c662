// A blocking queue between two threads, with a limit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace edge::net {

/// Any number of producers and consumers. close() wakes everybody up: push() then drops, pop() returns
/// nothing.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. False if the queue was closed (the item is dropped).
  bool push(T item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    available_.notify_one();
    return true;
  }
  /// Does not wait. False if there is no room or the queue was closed.
  bool try_push(T item) {
    const std::lock_guard lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    available_.notify_one();
    return true;
  }
  /// Waits for an item. Nothing if the queue was closed.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    available_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (closed_) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return item;
  }
  /// Drops the items of which `unwanted` says so.
  template <typename Predicate>
  void remove_if(Predicate unwanted) {
    const std::lock_guard lock(mutex_);
    std::erase_if(items_, unwanted);
    room_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    items_.clear();
    room_.notify_all();
    available_.notify_all();
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable available_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace edge::net
