// Options of the commands that take a network without a config: what is done with pictures in front of it.
#pragma once

#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/command.h"
#include "roles/config/preprocessing.h"

namespace edge::commands {

std::vector<Option> preprocessing_options();
/// Throws UsageError: one of them is empty.
PreprocessingTexts preprocessing_texts(const Arguments& arguments);

}  // namespace edge::commands
