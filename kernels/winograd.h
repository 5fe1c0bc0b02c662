// Which convolutions are computed by Winograd's algorithm, and with which tile. Pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/conv2d.h"

namespace edge::kernels {

/// F(m, r): m x m outputs of an r x r convolution at a time.
enum class WinogradTile : std::uint8_t { f4x3, f6x3, f4x5 };

/// The cheapest tile for `shape`, or none if the direct convolution is cheaper. It depends on the shape only,
/// neither on the ISA nor on threads, so that all devices of a chain compute the same bits.
std::optional<WinogradTile> choose_winograd(const Conv2dShape& shape);

}  // namespace edge::kernels
