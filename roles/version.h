// Which `edge` this is. Any thread; no errors.
#pragma once

#include <string_view>

namespace edge {

/// "0.1.0+g1234567": the version and the last commit that changed the sources, ".dirty" behind it when they
/// have been changed since; only "0.1.0" when built without git. Two processes of a chain must have the same.
std::string_view software_version();

}  // namespace edge
