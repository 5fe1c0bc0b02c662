#include "roles/commands/model_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/models/models.h"
#include "roles/config/known_keys.h"
#include "roles/config/quote.h"
#include "roles/usage_error.h"

namespace edge::commands {

std::string checked_model(std::string name) {
  if (name.find_first_of("./") != name.npos) return name;
  const std::vector<std::string> names = model_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest_name(name, views);
  throw UsageError(fmt::format(
      "--model: unknown network {}; {}", in_quotes(name),
      near.empty() ? fmt::format("known: {}, and files that end with .onnx", fmt::join(names, ", "))
                   : fmt::format("did you mean {}?", near)));
}

}  // namespace edge::commands
