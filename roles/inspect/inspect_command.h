// `edge inspect`: what a network is made of, and what would cross each cut. One thread (more while it
// measures).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "roles/config/preprocessing.h"

namespace edge::inspect {

inline constexpr std::int64_t max_classes = 1'000'000;

struct InspectOptions {
  std::optional<std::filesystem::path> config{};  ///< gives what the next ones do not, and maybe a plan
  std::optional<std::string> model{};
  std::optional<std::string> size{};  ///< "480x720"; without it and a config the network's, or 224x224
  bool features_only = false;
  PreprocessingTexts preprocessing{};             ///< what the config keys of these names say
  bool transform_input = false;                   ///< a layer in front, as the config key
  std::optional<std::int64_t> classes{};          ///< 1 to max_classes
  std::optional<std::string> plan{};              ///< [[1, 6], [7, 22]] as text
  std::optional<std::filesystem::path> result{};  ///< a master's JSON lines; not together with `plan`
  bool measure = false;
  int threads = 0;                              ///< to measure with; 0: all cores
  std::optional<std::filesystem::path> html{};  ///< where to write the drawing
  bool json = false;
};

struct InspectAnswer {
  std::string output;  ///< for stdout
  std::string notes;   ///< for stderr, may be empty
};

/// Throws Error: one line that names the file; UsageError: the option.
InspectAnswer answer_inspect(const InspectOptions& options);

}  // namespace edge::inspect
