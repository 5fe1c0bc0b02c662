#include "roles/video/frame_hold.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/block_gate.h"
#include "kernels/cpu.h"
#include "kernels/delta.h"

namespace edge {
namespace {

using kernels::gate_block;
using kernels::gate_blocks;

FreshArray copy_of(const Array& array) {
  FreshArray copy = allocate_array(array.type(), array.shape());
  std::memcpy(copy.data, array.data(), array.bytes());
  return copy;
}

std::uint8_t* octets_of(const FreshArray& array) {
  return reinterpret_cast<std::uint8_t*>(array.data);
}

}  // namespace

Array FrameHold::hold(Array frame) {
  const bool first = last_.empty() || last_.shape() != frame.shape();
  if (!first && options_.gate > 0 && !is_refreshed()) frame = pass_gate(frame);
  if (!first && options_.deadband > 0) frame = pass_deadband(frame);
  if (first || !bit_equal(frame, last_)) last_ = std::move(frame);
  return last_;
}

/// All blocks at once, rarely: some of them with each frame would be cheap to send, but in a deep network,
/// whose layers see far, a few blocks here and there make nearly everything change (docs/performance.md).
bool FrameHold::is_refreshed() {
  constexpr double rounding = 1e-9;  // ten tenths are a little less than one
  due_ += options_.refresh;
  if (due_ < 1 - rounding) return false;
  due_ -= 1;
  return true;
}

Array FrameHold::pass_deadband(const Array& frame) const {
  FreshArray held = copy_of(last_);
  kernels::deadband(kernels::active_isa(), frame.octets().data(), octets_of(held), frame.elements(),
                    static_cast<std::uint8_t>(options_.deadband));
  return std::move(held.array);
}

Array FrameHold::pass_gate(const Array& frame) {
  const auto rows = static_cast<std::size_t>(frame.shape()[2]);
  const auto columns = static_cast<std::size_t>(frame.shape()[3]);
  const std::size_t plane = rows * columns;
  const std::uint8_t* const pixels = frame.octets().data();
  const kernels::Isa isa = kernels::active_isa();
  changed_.resize(gate_blocks(rows) * gate_blocks(columns));
  kernels::find_changed_blocks(isa, {pixels, plane}, {last_.octets().data(), plane}, rows, columns,
                               options_.gate, changed_.data());
  if (std::all_of(changed_.begin(), changed_.end(), [](std::uint8_t changed) { return changed == 0; })) {
    return last_;
  }
  FreshArray result = copy_of(last_);
  std::uint8_t* const held = octets_of(result);
  for (std::size_t block_row = 0; block_row < gate_blocks(rows); ++block_row) {
    for (std::size_t block_column = 0; block_column < gate_blocks(columns); ++block_column) {
      if (changed_[block_row * gate_blocks(columns) + block_column] == 0) continue;
      const std::size_t first = block_column * gate_block;
      const std::size_t width = std::min(gate_block, columns - first);
      const std::size_t end = std::min(rows, (block_row + 1) * gate_block);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        for (std::size_t row = block_row * gate_block; row < end; ++row) {
          const std::size_t at = channel * plane + row * columns + first;
          std::memcpy(held + at, pixels + at, width);
        }
      }
    }
  }
  return std::move(result.array);
}

}  // namespace edge
