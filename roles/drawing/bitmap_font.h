// Letters for pictures, 5x8 dots each. Pure functions, no errors.
#pragma once

#include <string_view>

namespace edge::drawing {

constexpr int glyph_rows = 8, glyph_columns = 5;

/// Whether the letter has a dot there. Others than ASCII's look like a question mark.
bool glyph_has(char32_t character, int row, int column);

}  // namespace edge::drawing
