// Counting changed elements. Pure functions, thread-safe.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/delta.h"
#include "roles/prediction/rate_channels.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge::prediction {
namespace {

/// The mask of a block stays in the first-level cache; nobody needs it afterwards.
constexpr std::size_t block_elements = 8192;

/// Elements of `values` that differ from those of `before`, or from 0 if that is null.
template <typename Value>
std::size_t count_changes(const Value* values, const Value* before, std::size_t count) {
  static constexpr std::array<Value, block_elements> zeros{};
  const kernels::Isa isa = kernels::active_isa();
  std::array<std::uint8_t, block_elements / 8> mask;
  std::size_t changed = 0;
  for (std::size_t at = 0; at < count; at += block_elements) {
    const Value* other = before == nullptr ? zeros.data() : before + at;
    changed +=
        kernels::compare_to_mask(isa, values + at, other, std::min(block_elements, count - at), mask.data());
  }
  return changed;
}

template <typename Value>
std::vector<double> rates_of(const Array& values, const Array* before) {
  const std::size_t channels = rate_channels(values.shape());
  const std::size_t count = channels == 0 ? 0 : values.elements() / channels;
  std::vector<double> rates(channels);
  for (std::size_t c = 0; c < channels && count > 0; ++c) {
    const auto* first = reinterpret_cast<const Value*>(values.data()) + c * count;
    const auto* other =
        before == nullptr ? nullptr : reinterpret_cast<const Value*>(before->data()) + c * count;
    rates[c] = static_cast<double>(count_changes(first, other, count)) / static_cast<double>(count);
  }
  return rates;
}

std::vector<double> rates_of(const Array& values, const Array* before) {
  return values.type() == ElementType::u8 ? rates_of<std::uint8_t>(values, before)
                                          : rates_of<std::uint32_t>(values, before);
}

}  // namespace

std::size_t rate_channels(const Shape& shape) {
  return shape.rank() == 4 ? static_cast<std::size_t>(shape[1]) : 1;
}

std::vector<double> change_rates(const Array& frame, const Array& before) {
  assert(frame.type() == before.type() && frame.shape() == before.shape() && !frame.empty() &&
         !before.empty());
  return rates_of(frame, &before);
}

std::vector<double> nonzero_rates(const Array& values) {
  return rates_of(values, nullptr);
}

}  // namespace edge::prediction
