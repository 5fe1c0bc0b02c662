// `edge convert`: weight files of any kind to safetensors.
#pragma once

#include <string>

#include "engine/float_formats.h"

namespace edge {

/// Writes all floating-point tensors of `from` to `to`, under the same names. Returns one line that says what
/// was written and what was left out. Throws Error: `from` cannot be read, holds values that are infinite or
/// NaN or too large for the format, `to` cannot be written. `to` is never half written.
std::string convert_weights(const std::string& from, const std::string& to, FloatFormat format);

/// f32, f16 or bf16; Error otherwise.
FloatFormat parse_float_format(const std::string& name);

}  // namespace edge
