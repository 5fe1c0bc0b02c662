#include "net/value_rounder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "kernels/value_grid.h"

namespace edge::net {
namespace {

// A channel's range is 2^exponent; its step follows.
constexpr int octave = 2;                 // in steps, which are counted in halves of it
constexpr int int8_fineness = 16;         // 256 steps in the range,
constexpr int signed_int8_fineness = 14;  // or 128 either way
constexpr int float16_fineness = 25;      // 5461 steps
constexpr int lowest_exponent = (kernels::lowest_step + float16_fineness) / octave + 1;
constexpr int highest_exponent = (kernels::highest_step + signed_int8_fineness) / octave;

int fineness(ValueFormat format, bool is_signed) {
  if (format == ValueFormat::float16) return float16_fineness;
  return is_signed ? signed_int8_fineness : int8_fineness;
}

// So many of a channel's elements may be beyond its range: one, and one in 512.
constexpr std::size_t elements_per_outlier = 512;
// One in so many channels may have a larger step than all others have at least.
constexpr std::size_t channels_per_loud_one = 8;

/// Of values within the range 2^exponent; 254 of 256 steps, as kernels::ByteGrid has them.
std::uint32_t range_bits(int exponent) {
  return std::bit_cast<std::uint32_t>(std::ldexp(127.0F / 128, exponent));
}
/// A range is made smaller only if what it holds leaves a quarter of the smaller one.
std::uint32_t small_range_bits(int exponent) {
  return std::bit_cast<std::uint32_t>(std::ldexp(0.75F * 127 / 128, exponent));
}

struct ChannelRange {
  int exponent = 0;
  bool negative = false;
};

class RangeFinder {
 public:
  RangeFinder(kernels::Isa isa, const float* values, std::size_t count)
      : isa_(isa), values_(values), count_(count), limit_(1 + count / elements_per_outlier) {}

  ChannelRange find() { return {smallest_between(lowest_exponent, highest_exponent), negative_}; }

  ChannelRange find(int before) {
    const bool at_bottom = before == lowest_exponent;
    const kernels::MagnitudeCounts counts =
        count(at_bottom ? range_bits(before) : small_range_bits(before - 1), range_bits(before));
    int exponent = before;
    if (counts.high > limit_) {
      exponent = smallest_between(std::min(before + 1, highest_exponent), highest_exponent);
    } else if (!at_bottom && counts.low <= limit_) {
      exponent = smallest_between(lowest_exponent, before - 1);
    }
    return {exponent, negative_};
  }

 private:
  kernels::MagnitudeCounts count(std::uint32_t low, std::uint32_t high) {
    const kernels::MagnitudeCounts counts = kernels::count_magnitudes(isa_, values_, count_, low, high);
    negative_ = counts.negative;
    return counts;
  }

  /// The smallest range that holds the channel but for outliers; the upper end if none does.
  int smallest_between(int first, int last) {
    while (first < last) {
      const int middle = first + (last - first) / 2;
      const std::uint32_t bits = range_bits(middle);
      if (count(bits, bits).high <= limit_) {
        last = middle;
      } else {
        first = middle + 1;
      }
    }
    return last;
  }

  kernels::Isa isa_;
  const float* values_;
  std::size_t count_;
  std::size_t limit_;
  bool negative_ = false;
};

/// The step that no channel goes below: all but the loudest channels share it. Errors then are of about one
/// size, which is what costs the fewest bytes for the error of the layers behind.
int find_common_step(std::vector<int> steps, const int* before) {
  if (steps.empty()) return kernels::lowest_step;
  const std::size_t loud = steps.size() / channels_per_loud_one;
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(loud), steps.end(),
                   std::greater<>());
  const int wanted = steps[loud];
  if (before == nullptr || wanted >= *before) return wanted;
  const auto above = static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(), [&](int step) { return step >= *before; }));
  return above > loud - loud / 4 ? *before : wanted;
}

}  // namespace

ArrayMap ValueRounder::round(ValueFormat format, const ArrayMap& arrays, int first_number) {
  error_ = 0;
  if (std::exchange(format_, format) != format) tensors_.clear();
  if (format == ValueFormat::exact) return arrays;
  ArrayMap rounded;
  std::map<int, Tensor> tensors;
  for (const auto& [number, array] : arrays) {
    if (number < first_number || array.type() != ElementType::f32 || array.elements() == 0) {
      rounded[number] = array;
      continue;
    }
    const auto before = tensors_.find(number);
    const bool known = before != tensors_.end() && before->second.sent.shape() == array.shape();
    Tensor& tensor = tensors[number] = round_tensor(format, array, known ? &before->second : nullptr);
    rounded[number] = tensor.sent;
  }
  tensors_ = std::move(tensors);
  return rounded;
}

ValueRounder::Tensor ValueRounder::round_tensor(ValueFormat format, const Array& value,
                                                const Tensor* before) {
  const bool is_int8 = format == ValueFormat::int8;
  const std::size_t channels = grid_channels(value.shape());
  const std::size_t count = value.elements() / channels;
  const float* values = value.values().data();
  auto grid = std::make_shared<ValueGrid>();
  grid->format = format;
  grid->steps.resize(channels);
  grid->is_signed.resize(channels);

  Tensor tensor{.sent = {}, .exponents = std::vector<int>(channels)};
  std::vector<int> own_steps(channels);
  std::vector<int> live_steps;
  for (std::size_t c = 0; c < channels; ++c) {
    RangeFinder finder(isa_, values + c * count, count);
    const ChannelRange range = before == nullptr ? finder.find() : finder.find(before->exponents[c]);
    const bool was_signed = before != nullptr && before->sent.grid()->is_signed[c] != 0;
    const bool is_signed = is_int8 && (range.negative || was_signed);
    grid->is_signed[c] = is_signed ? 1 : 0;
    tensor.exponents[c] = range.exponent;
    own_steps[c] = octave * range.exponent - fineness(format, is_signed);
    if (range.exponent > lowest_exponent) live_steps.push_back(own_steps[c]);
  }
  tensor.common_step =
      find_common_step(std::move(live_steps), before == nullptr ? nullptr : &before->common_step);

  FreshArray fresh = allocate_array(ElementType::f32, value.shape());
  auto* rounded = reinterpret_cast<float*>(fresh.data);
  kernels::GridError error;
  for (std::size_t c = 0; c < channels; ++c) {
    const int step =
        std::clamp(std::max(own_steps[c], tensor.common_step), kernels::lowest_step, kernels::highest_step);
    const bool held = is_int8 && before != nullptr && before->sent.grid()->steps[c] == step;
    grid->steps[c] = static_cast<std::int8_t>(step);
    const std::size_t at = c * count;
    const kernels::GridError one =
        kernels::round_to_grid(isa_, values + at, held ? before->sent.values().data() + at : nullptr, count,
                               {.step = step, .hold = hold}, rounded + at);
    error.largest_error = std::max(error.largest_error, one.largest_error);
    error.largest_value = std::max(error.largest_value, one.largest_value);
  }
  if (error.largest_value > 0) {
    error_ = std::max(error_, static_cast<double>(error.largest_error) / error.largest_value);
  }
  tensor.sent = fresh.array.on_grid(std::move(grid));
  return tensor;
}

}  // namespace edge::net
