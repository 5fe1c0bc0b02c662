// What cameras and codecs do to pictures, for training: light, blur, blocks, noise. Pure functions but for
// the generator, no errors.
#pragma once

#include <cstdint>

#include "engine/autograd/random.h"

namespace edge::street {

/// `pixels`: 3 x rows x columns values in [0, 255]; afterwards in [0, 1], in steps of 1/255.
void disturb(float* pixels, std::int64_t rows, std::int64_t columns, autograd::Generator& generator);

}  // namespace edge::street
