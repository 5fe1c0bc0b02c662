// YUV to RGB. Thread-safe functions on raw planes, no errors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge {

enum class YuvRange : std::uint8_t { limited, full };
/// ITU-R recommendations: BT.601 for standard, BT.709 for high definition.
enum class YuvMatrix : std::uint8_t { bt601, bt709 };

/// Y, Cb, Cr of `pixels` pixels to R, G, B, rounded to the nearest, clamped to 0..255.
/// `limited`: Y 16..235 and chroma 16..240; `full`: 0..255 (JPEG). `u` and `v` may be null: grey. Outputs may
/// not overlap inputs.
void yuv_to_rgb(YuvMatrix matrix, YuvRange range, const std::uint8_t* y, const std::uint8_t* u,
                const std::uint8_t* v, std::uint8_t* r, std::uint8_t* g, std::uint8_t* b, std::size_t pixels);

}  // namespace edge
