// The names of a detector's classes where nobody has given any. Pure functions, no errors.
#pragma once

#include <string_view>

#include "engine/labels.h"

namespace edge::detection {

/// By the decoder's name and its number of classes: COCO's 80, or its 91 numbers with `ssd`; car and person
/// of `street`, face of `blazeface`; else none.
Labels default_labels(std::string_view decoder, int classes);

}  // namespace edge::detection
