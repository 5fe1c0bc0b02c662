// Text from outside, made fit for a one-line message. Thread-safe, no errors.
#pragma once

#include <string>
#include <string_view>

#include "engine/printable.h"  // the same without quotes

namespace edge {

/// 'text', with control characters escaped and cut after 60 bytes ("…"), so that a message stays one line.
std::string in_quotes(std::string_view text);

}  // namespace edge
