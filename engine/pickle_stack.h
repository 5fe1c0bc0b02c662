// The stack, marks and memo of the machine that pickles are written for. Internal to the reader of pickles;
// one thread. Every fault is an Error with the file's name.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/bytes.h"
#include "engine/pickle.h"

namespace edge {

class PickleStack {
 public:
  using Items = std::vector<PickleIndex>;

  /// All must outlive this. Values are added to `values`; `input` tells where a fault is.
  PickleStack(std::vector<PickleValue>& values, const FileReader& input, const std::string& file)
      : values_(values), input_(input), file_(file) {}

  [[noreturn]] void fail(const std::string& what) const;
  /// Bounds time and memory: Error after a million instructions and moved items.
  void spend(std::size_t work);

  PickleValue& value(PickleIndex index) { return values_[index]; }
  template <class Content>
  void push(PickleKind kind, Content content) {
    values_.push_back({kind, std::move(content)});
    stack_.push_back(static_cast<PickleIndex>(values_.size() - 1));
  }

  PickleIndex pop();
  PickleIndex top() const;
  Items pop(std::size_t count);
  void mark() { marks_.push_back(stack_.size()); }
  Items pop_to_mark();

  /// Memo.
  void store(std::uint32_t index) { memo_[index] = top(); }
  void store_next() { store(static_cast<std::uint32_t>(memo_.size())); }
  void push_stored(std::uint32_t index);

  /// The one value that must be left at the end.
  PickleIndex result() const;

 private:
  /// How many values lie above the last mark.
  std::size_t above_mark() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  std::vector<PickleValue>& values_;
  const FileReader& input_;
  const std::string& file_;
  std::size_t work_ = 0;
  std::vector<PickleIndex> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack
  std::unordered_map<std::uint32_t, PickleIndex> memo_;
};

}  // namespace edge
