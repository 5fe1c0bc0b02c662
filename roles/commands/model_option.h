// --model of the commands that take a network without a config.
#pragma once

#include <string>

namespace edge::commands {

/// Returns `name`. Throws UsageError: a word that is no network's name, with the one that was probably meant.
/// Names of files are not looked at.
std::string checked_model(std::string name);

}  // namespace edge::commands
