// Which blocks of a picture changed by more than noise: 8x8 blocks, judged by 5x5 means of signed differences
// to the picture that is held. Signed means cancel the noise of a sensor and of a video codec, while an
// object, however faint, shifts all pixels that it covers to one side. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/delta.h"

namespace edge::kernels {

inline constexpr std::size_t gate_block = 8;

/// Of a picture's side: the last block may be smaller.
constexpr std::size_t gate_blocks(std::size_t pixels) {
  return (pixels + gate_block - 1) / gate_block;
}

/// changed[block] = 1 if somewhere in the block the 5x5 mean of the luma difference exceeds `gate`, or that
/// of the red or the blue one 2 x `gate` (in 1/255 steps, either direction), else 0. Luma is (2 R + 5 G + B)
/// / 8. Beyond the picture's edges its outermost pixels count again. Blocks row by row, gate_blocks(rows) x
/// gate_blocks(columns) of them; gate 0 to 255; planes of rows x columns pixels. Integer arithmetic: the same
/// on every ISA.
void find_changed_blocks(Isa isa, RgbPlanes picture, RgbPlanes held, std::size_t rows, std::size_t columns,
                         int gate, std::uint8_t* changed);

}  // namespace edge::kernels
