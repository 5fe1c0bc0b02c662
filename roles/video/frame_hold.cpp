#include "roles/video/frame_hold.h"

#include <algorithm>
#include <cstring>

#include "kernels/block_gate.h"
#include "kernels/cpu.h"
#include "kernels/delta.h"

namespace edge {
namespace {

using kernels::gate_block;
using kernels::gate_blocks;

/// Blocks are refreshed in 64 turns: every turn takes one block of each 8x8 of them.
constexpr std::uint64_t turns = 64;

/// Turn of the block at (row, column) of its 8x8 pattern: neighbours are far apart in time, so that a
/// refreshed area is small, and nothing waits for more than a whole round.
std::uint64_t turn_of(std::size_t row, std::size_t column) {
  const std::size_t position = (row % 8) * 8 + column % 8;
  return position * 37 % turns;  // 37 has no divisor in common with 64: every turn comes once
}

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
  if (options_.deadband == 0 && options_.gate == 0) return frame;
  const bool first = last_.empty() || last_.shape() != frame.shape();
  if (!first && options_.gate > 0) frame = pass_gate(frame);
  if (!first && options_.deadband > 0) frame = pass_deadband(frame);
  last_ = frame;
  return frame;
}

Array FrameHold::pass_deadband(const Array& frame) const {
  FreshArray held = copy_of(last_);
  kernels::deadband(kernels::active_isa(), frame.octets().data(), octets_of(held), frame.elements(),
                    static_cast<std::uint8_t>(options_.deadband));
  return std::move(held.array);
}

bool FrameHold::is_refreshed(std::size_t block_row, std::size_t block_column) const {
  return (turn_of(block_row, block_column) + turns - turn_ % turns) % turns < turns_now_;
}

Array FrameHold::pass_gate(const Array& frame) {
  FreshArray result = copy_of(last_);
  std::uint8_t* const held = octets_of(result);
  const auto rows = static_cast<std::size_t>(frame.shape()[2]);
  const auto columns = static_cast<std::size_t>(frame.shape()[3]);
  const std::size_t plane = rows * columns;
  const std::uint8_t* const pixels = frame.octets().data();
  const kernels::Isa isa = kernels::active_isa();
  changed_.resize(gate_blocks(rows) * gate_blocks(columns));
  kernels::find_changed_blocks(isa, {pixels, plane}, {held, plane}, rows, columns, options_.gate,
                               changed_.data());
  turn_ += turns_now_;
  due_ += options_.refresh * static_cast<double>(turns);
  turns_now_ = std::min(turns, static_cast<std::uint64_t>(due_));
  due_ -= static_cast<double>(turns_now_);
  for (std::size_t block_row = 0; block_row < gate_blocks(rows); ++block_row) {
    for (std::size_t block_column = 0; block_column < gate_blocks(columns); ++block_column) {
      const bool moved = changed_[block_row * gate_blocks(columns) + block_column] != 0;
      if (!moved && !is_refreshed(block_row, block_column)) continue;
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
