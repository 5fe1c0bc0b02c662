// An operation in a few words, for tables and pictures. Pure functions, thread-safe, no errors.
#pragma once

#include <string>

#include "engine/layer.h"

namespace edge::inspect {

/// "conv 3x3/2, 64, pad 1, groups 64, bn", "max pool 3x3/2", "avg pool to 6x6", "linear 1000", "relu".
/// Kernel, stride behind the slash unless 1, output channels; what is as usual is left out.
std::string operation_text(const Operation& operation);

/// Whether it works on each value by itself or hardly at all (ReLU, dropout, addition): small in a picture.
bool is_minor(const Operation& operation);

}  // namespace edge::inspect
