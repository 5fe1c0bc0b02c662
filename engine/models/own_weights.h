// Weights that are part of the program. Thread-safe, no errors.
#pragma once

#include <string>
#include <string_view>

namespace edge {

/// A .safetensors file in memory, for as long as the program runs; empty for networks that have none.
std::string_view own_weights(const std::string& network);

}  // namespace edge
