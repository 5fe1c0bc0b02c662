// [net] values: rounds the tensors of one link, frame after frame, before they are encoded (which loses
// nothing more). How: docs/codec.md, "Rounded values".
#pragma once

#include <map>
#include <vector>

#include "engine/array.h"
#include "kernels/cpu.h"
#include "net/link_frame.h"

namespace edge::net {

/// Steps change only when the range of a channel has changed by much, and an int8 value stays while the new
/// one is less than `hold` / 32 steps off: what is rounded is what the receiver has, so errors do not add up,
/// and values that do not change stay as they are, bit for bit. What comes out depends on the frames since
/// reset(), and is the same on every ISA. One owner, one thread at a time.
class ValueRounder {
 public:
  /// Largest error of an int8 value, in 1/32 of its channel's step; of a float16 value it is half a step.
  static constexpr std::uint32_t hold = 25;

  explicit ValueRounder(kernels::Isa isa = kernels::active_isa()) : isa_(isa) {}

  /// The arrays of the next frame as they are to travel. Those with numbers below `first_number` came over a
  /// link themselves: they, and pixels, pass. `exact`: all pass.
  ArrayMap round(ValueFormat format, const ArrayMap& arrays, int first_number);
  /// The receiver has nothing any more.
  void reset() { tensors_.clear(); }
  /// Of the last frame: largest error relative to the largest value of its tensor; 0 if nothing was rounded.
  double error() const { return error_; }

 private:
  /// What was sent for a tensor.
  struct Tensor {
    Array sent;
    std::vector<int> exponents;  ///< of each channel's range
    int common_step = 0;         ///< no channel has a smaller one
  };

  Tensor round_tensor(ValueFormat format, const Array& value, const Tensor* before);

  kernels::Isa isa_;
  ValueFormat format_ = ValueFormat::exact;
  std::map<int, Tensor> tensors_;
  double error_ = 0;
};

}  // namespace edge::net
