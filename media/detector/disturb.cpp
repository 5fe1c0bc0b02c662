#include "media/detector/disturb.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace edge::street {
namespace {

constexpr std::int64_t block = 8;
using Block = std::array<float, block * block>;

float between(autograd::Generator& generator, float low, float high) {
  return low + (high - low) * autograd::uniform(generator);
}

/// Element k * block + i: the k-th cosine of a block at pixel i, orthonormal.
Block cosines() {
  Block basis{};
  for (std::int64_t k = 0; k < block; ++k) {
    const double scale = k == 0 ? std::sqrt(1.0 / block) : std::sqrt(2.0 / block);
    for (std::int64_t i = 0; i < block; ++i) {
      const double angle =
          std::numbers::pi * (static_cast<double>(i) + 0.5) * static_cast<double>(k) / double{block};
      basis[static_cast<std::size_t>(k * block + i)] = static_cast<float>(scale * std::cos(angle));
    }
  }
  return basis;
}

/// Rounds the cosine transform of each 8x8 block, high frequencies more coarsely, as video codecs do.
void quantise(float* plane, std::int64_t rows, std::int64_t columns, float step) {
  const Block basis = cosines();
  const auto b = [&](std::int64_t k, std::int64_t i) {
    return basis[static_cast<std::size_t>(k * block + i)];
  };
  for (std::int64_t top = 0; top + block <= rows; top += block) {
    for (std::int64_t left = 0; left + block <= columns; left += block) {
      Block half{}, whole{};
      const auto at = [](Block& values, std::int64_t r, std::int64_t c) -> float& {
        return values[static_cast<std::size_t>(r * block + c)];
      };
      for (std::int64_t r = 0; r < block; ++r) {
        for (std::int64_t k = 0; k < block; ++k) {
          float sum = 0;
          for (std::int64_t i = 0; i < block; ++i) sum += plane[(top + r) * columns + left + i] * b(k, i);
          at(half, r, k) = sum;
        }
      }
      for (std::int64_t k = 0; k < block; ++k) {
        for (std::int64_t c = 0; c < block; ++c) {
          float sum = 0;
          for (std::int64_t i = 0; i < block; ++i) sum += at(half, i, c) * b(k, i);
          const float coarse = step * (1 + 0.25F * static_cast<float>(k + c));
          at(whole, k, c) = std::round(sum / coarse) * coarse;
        }
      }
      for (std::int64_t r = 0; r < block; ++r) {
        for (std::int64_t c = 0; c < block; ++c) {
          float sum = 0;
          for (std::int64_t k = 0; k < block; ++k) sum += at(whole, k, c) * b(k, r);
          at(half, r, c) = sum;
        }
      }
      for (std::int64_t r = 0; r < block; ++r) {
        for (std::int64_t i = 0; i < block; ++i) {
          float sum = 0;
          for (std::int64_t k = 0; k < block; ++k) sum += at(half, r, k) * b(k, i);
          plane[(top + r) * columns + left + i] = sum;
        }
      }
    }
  }
}

/// Mixes each pixel with its neighbours to the left and above.
void blur(float* plane, std::int64_t rows, std::int64_t columns, float share) {
  for (std::int64_t i = rows * columns - 1; i > columns; --i) {
    plane[i] = plane[i] * (1 - share) + (plane[i - 1] + plane[i - columns]) * share / 2;
  }
}

}  // namespace

void disturb(float* pixels, std::int64_t rows, std::int64_t columns, autograd::Generator& generator) {
  const std::int64_t size = rows * columns;
  const float contrast = between(generator, 0.8F, 1.2F), light = between(generator, -25, 25);
  const bool blurred = autograd::uniform(generator) < 0.3F;
  const float share = between(generator, 0, 0.5F);
  const bool quantised = autograd::uniform(generator) < 0.5F;
  const float coarse = between(generator, 2, 24);
  const bool noisy = autograd::uniform(generator) < 0.6F;
  const float noise = between(generator, 0, 9);
  for (std::int64_t channel = 0; channel < 3; ++channel) {
    float* const plane = pixels + channel * size;
    const float tint = between(generator, -8, 8);
    for (std::int64_t i = 0; i < size; ++i) plane[i] = (plane[i] - 128) * contrast + 128 + light + tint;
    if (blurred) blur(plane, rows, columns, share);
    if (noisy) {
      for (std::int64_t i = 0; i < size; ++i) plane[i] += between(generator, -noise, noise);
    }
    if (quantised) quantise(plane, rows, columns, coarse);
    for (std::int64_t i = 0; i < size; ++i) plane[i] = std::round(std::clamp(plane[i], 0.0F, 255.0F)) / 255;
  }
}

}  // namespace edge::street
