// From a network's output to what the user asked for.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/tensor.h"

namespace edge {

/// The `count` most probable classes with their softmax probabilities, best first; equal logits by class
/// number. Empty if the output is not one row of logits (1xN).
std::vector<std::pair<int, float>> top_classes(const Array& output, int count);

/// CRC-32C of the values' little-endian bytes: equal checksums mean equal bits.
std::uint32_t checksum(const Array& output);
/// The same of several outputs, one after the other.
std::uint32_t checksum(std::span<const Array> outputs);

}  // namespace edge
