// A buffer between two unmapped pages: a kernel that reads or writes outside of it crashes the test.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

namespace edge::test {

/// Which side of the buffer touches its guard page; the other one is up to a page away.
enum class Guard { front, back };

template <typename Value>
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t count, Guard guard = Guard::back) : count_(count) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inside = std::max<std::size_t>(1, (count * sizeof(Value) + page - 1) / page) * page;
    mapped_bytes_ = inside + 2 * page;
    mapping_ = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    char* begin = static_cast<char*>(mapping_) + page;
    if (mprotect(begin, inside, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect failed");
    if (guard == Guard::back) begin += inside - count * sizeof(Value);
    data_ = reinterpret_cast<Value*>(begin);
  }
  explicit GuardedBuffer(const std::vector<Value>& values, Guard guard = Guard::back)
      : GuardedBuffer(values.size(), guard) {
    std::copy(values.begin(), values.end(), data_);
  }
  ~GuardedBuffer() { munmap(mapping_, mapped_bytes_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  Value* data() { return data_; }
  std::size_t size() const { return count_; }
  std::span<Value> span() { return {data_, count_}; }
  std::vector<Value> values() const { return {data_, data_ + count_}; }

 private:
  std::size_t count_;
  std::size_t mapped_bytes_ = 0;
  void* mapping_ = nullptr;
  Value* data_ = nullptr;
};

using GuardedFloats = GuardedBuffer<float>;

}  // namespace edge::test
