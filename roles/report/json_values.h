// Results as JSON, the same wherever they are printed. Pure functions, no errors, thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <utility>

#include "engine/labels.h"
#include "engine/shape.h"

namespace edge {

/// The double whose shortest decimal text is the float's: 0.1 instead of 0.10000000149011612.
double shortest(float value);

/// [[class, probability, name], ...]; names are left out where `labels` has none. It may be null.
nlohmann::ordered_json top_k_json(std::span<const std::pair<int, float>> top_k, const Labels* labels);

/// [1, 3, 480, 720]
nlohmann::ordered_json shape_json(const Shape& shape);

/// To the microsecond: clocks know no better.
double milliseconds_rounded(double milliseconds);

/// Eight hexadecimal digits.
std::string checksum_text(std::uint32_t checksum);

}  // namespace edge
