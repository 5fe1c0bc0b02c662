#include "engine/onnx/broadcasting.h"

#include <algorithm>

#include "engine/error.h"

namespace edge::onnx {

Dimensions broadcast_dims(const Dimensions& a, const Dimensions& b) {
  Dimensions result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {  // from the end
    const std::int64_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      throw Error(to_string(a) + " and " + to_string(b) + " do not fit to each other");
    }
    result[result.size() - 1 - i] = from_a == 1 ? from_b : from_a;
  }
  return result;
}

}  // namespace edge::onnx
