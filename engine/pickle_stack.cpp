#include "engine/pickle_stack.h"

#include "engine/error.h"

namespace edge {
namespace {

/// Values, items of containers and instructions: ResNet152's state dict has 40,000.
constexpr std::size_t most_work = 1'000'000;
constexpr const char* no_value = "it takes a value where there is none";

}  // namespace

void PickleStack::fail(const std::string& what) const {
  throw Error(file_ + ": damaged, or not from torch.save: a pickle at byte " +
              std::to_string(input_.position()) + ": " + what);
}

void PickleStack::spend(std::size_t work) {
  work_ += work;
  if (work_ > most_work) fail("it is far longer than that of any network");
}

PickleIndex PickleStack::pop() {
  const PickleIndex last = top();
  stack_.pop_back();
  return last;
}

PickleIndex PickleStack::top() const {
  if (above_mark() == 0) fail(no_value);
  return stack_.back();
}

PickleStack::Items PickleStack::pop(std::size_t count) {
  if (above_mark() < count) fail(no_value);
  spend(count);
  Items items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return items;
}

PickleStack::Items PickleStack::pop_to_mark() {
  if (marks_.empty()) fail("a mark is missing");
  Items items = pop(above_mark());
  marks_.pop_back();
  return items;
}

void PickleStack::push_stored(std::uint32_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) fail("it refers to a value that it did not store");
  stack_.push_back(found->second);
}

PickleIndex PickleStack::result() const {
  if (stack_.size() != 1 || !marks_.empty()) fail("it ends with other than one value");
  return stack_.back();
}

}  // namespace edge
