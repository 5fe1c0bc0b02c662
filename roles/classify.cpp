#include "roles/classify.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "net/crc32c.h"

namespace edge {

std::vector<std::pair<int, float>> top_classes(const Array& output, int count) {
  if (output.shape().rank() != 2 || output.shape()[0] != 1 || count <= 0) return {};
  const std::span<const float> logits = output.values();
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min(order.size(), static_cast<std::size_t>(count));
  // NaN sorts last, so that the order stays strict and weak.
  const auto rank = [&](int index) {
    const float logit = logits[static_cast<std::size_t>(index)];
    return std::isnan(logit) ? -HUGE_VALF : logit;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    [&](int a, int b) { return rank(a) != rank(b) ? rank(a) > rank(b) : a < b; });
  const double largest = rank(order.front());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  std::vector<std::pair<int, float>> top;
  for (std::size_t i = 0; i < kept; ++i) {
    const auto logit = static_cast<double>(logits[static_cast<std::size_t>(order[i])]);
    top.emplace_back(order[i], static_cast<float>(std::exp(logit - largest) / sum));
  }
  return top;
}

std::uint32_t checksum(const Array& output) {
  return checksum(std::span(&output, 1));
}

std::uint32_t checksum(std::span<const Array> outputs) {
  std::uint32_t sum = 0;
  for (const Array& output : outputs) sum = net::crc32c(std::as_bytes(output.values()), sum);
  return sum;
}

}  // namespace edge
