#include "net/codec/entropy.h"

#include <cmath>

namespace edge::net {

void ByteHistogram::add(std::span<const std::uint8_t> sample) {
  for (const std::uint8_t byte : sample) ++counts_[byte];
  total_ += sample.size();
}

double ByteHistogram::entropy() const {
  if (total_ == 0) return 1;
  double bits = 0;
  for (const std::uint32_t count : counts_) {
    if (count > 0) bits += count * std::log2(static_cast<double>(total_) / count);
  }
  return bits / (8 * static_cast<double>(total_));
}

}  // namespace edge::net
