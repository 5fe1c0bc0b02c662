#include "engine/strided_view.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edge {

StridedView StridedView::whole(std::vector<std::int64_t> sizes) {
  StridedView view;
  view.strides.resize(sizes.size());
  std::int64_t stride = 1;
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    view.strides[axis] = stride;
    stride *= std::max<std::int64_t>(sizes[axis], 1);
  }
  view.sizes = std::move(sizes);
  return view;
}

std::int64_t StridedView::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) product *= size;
  return product;
}

bool StridedView::contiguous() const {
  std::int64_t stride = 1;
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    if (sizes[axis] != 1 && strides[axis] != stride) return false;
    stride *= sizes[axis];
  }
  return true;
}

StridedView StridedView::transposed(const std::vector<std::int64_t>& order) const {
  assert(order.size() == sizes.size());
  StridedView result;
  result.offset = offset;
  for (const std::int64_t axis : order) {
    result.sizes.push_back(sizes[static_cast<std::size_t>(axis)]);
    result.strides.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  return result;
}

StridedView StridedView::sliced(std::size_t axis, std::int64_t start, std::int64_t step,
                                std::int64_t count) const {
  StridedView result = *this;
  if (count > 0) result.offset += start * strides[axis];
  result.strides[axis] *= step;
  result.sizes[axis] = count;
  return result;
}

StridedView StridedView::broadcast(const std::vector<std::int64_t>& to) const {
  assert(to.size() >= sizes.size());
  const std::size_t more = to.size() - sizes.size();
  StridedView result;
  result.offset = offset;
  result.sizes = to;
  result.strides.assign(to.size(), 0);
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    assert(sizes[axis] == to[more + axis] || sizes[axis] == 1);
    if (sizes[axis] == to[more + axis]) result.strides[more + axis] = strides[axis];
  }
  return result;
}

std::optional<StridedView> StridedView::reshaped(const std::vector<std::int64_t>& to) const {
  StridedView result = whole(to);
  result.offset = offset;
  assert(result.elements() == elements());
  if (elements() == 0) return result;
  // From the inside: extents of `to` fill one run of the collapsed view after the other.
  const StridedView runs = collapsed();
  std::size_t run = runs.sizes.size();
  std::int64_t left = 1;    // of the run, in elements
  std::int64_t stride = 0;  // of the next element in it
  for (std::size_t axis = to.size(); axis-- > 0;) {
    if (to[axis] == 1) {
      result.strides[axis] = 0;
      continue;
    }
    if (left == 1) {
      assert(run > 0);
      --run;
      left = runs.sizes[run];
      stride = runs.strides[run];
    }
    if (left % to[axis] != 0) return std::nullopt;
    result.strides[axis] = stride;
    stride *= to[axis];
    left /= to[axis];
  }
  return result;
}

StridedView StridedView::collapsed() const {
  StridedView result;
  result.offset = offset;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis] == 1) continue;
    if (!result.sizes.empty() && result.strides.back() == sizes[axis] * strides[axis]) {
      result.sizes.back() *= sizes[axis];
      result.strides.back() = strides[axis];
    } else {
      result.sizes.push_back(sizes[axis]);
      result.strides.push_back(strides[axis]);
    }
  }
  return result;
}

std::string StridedView::to_string() const {
  const auto list = [](const std::vector<std::int64_t>& values, char separator) {
    std::string text;
    for (const std::int64_t value : values) {
      if (!text.empty()) text += separator;
      text += std::to_string(value);
    }
    return text.empty() ? std::string("1") : text;
  };
  return list(sizes, 'x') + " by " + list(strides, ',') + " from " + std::to_string(offset);
}

}  // namespace edge
