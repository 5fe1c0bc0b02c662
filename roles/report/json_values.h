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

/// Of the lines that `edge master` and `edge infer` print (docs/output.md): grows when a key changes its
/// meaning or goes.
inline constexpr int output_schema = 1;

/// [{"class": name, "index": i, "probability": p}, ...]; the name is null where `labels`, which may be null,
/// has none.
nlohmann::ordered_json top_k_json(std::span<const std::pair<int, float>> top_k, const Labels* labels);

/// [1, 3, 480, 720]
nlohmann::ordered_json shape_json(const Shape& shape);

/// To the microsecond: clocks know no better.
double milliseconds_rounded(double milliseconds);

/// Eight hexadecimal digits.
std::string checksum_text(std::uint32_t checksum);

}  // namespace edge
