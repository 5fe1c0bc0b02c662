// What encoder and decoder both count with. Internal to the codec.
#pragma once

#include <cstddef>

namespace edge::net {

/// A float is coded as so many planes of bytes.
inline constexpr std::size_t float_planes = 4;
/// Of a tensor on a grid: the grid, positions, two of values, escapes.
inline constexpr std::size_t grid_sections = 5;
/// kernels::compress and kernels::expand may write or read so many elements more.
inline constexpr std::size_t kernel_slack = 8;
/// Shorter runs, in bytes, say little about the speed.
inline constexpr std::size_t smallest_measured_run = 16384;
/// Of a new measurement in the speed, against all earlier ones.
inline constexpr double measure_weight = 0.25;

}  // namespace edge::net
