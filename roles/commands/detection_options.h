// Options of the commands that find objects: what [detection] of a config says.
#pragma once

#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/command.h"
#include "roles/config/config.h"

namespace edge::commands {

/// --decoder, --threshold, --nms, --classes.
std::vector<Option> detection_options();
/// --draw DIR.
Option draw_option();

/// What they say replaces what `detection` says. Throws UsageError: no such decoder, not 0 to 1, no class.
void apply_detection(const Arguments& arguments, DetectionConfig& detection);

}  // namespace edge::commands
