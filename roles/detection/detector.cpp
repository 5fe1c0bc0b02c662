#include "roles/detection/detector.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"
#include "roles/config/known_keys.h"
#include "roles/config/quote.h"
#include "roles/detection/default_labels.h"

namespace edge::detection {
namespace {

/// Whoever wrote something into [detection] wants objects.
void check_that_nothing_is_wanted(const DetectionConfig& config, const Graph& graph) {
  const char* const key = config.threshold          ? "threshold"
                          : config.nms              ? "nms"
                          : !config.classes.empty() ? "classes"
                          : !config.labels.empty()  ? "labels"
                                                    : nullptr;
  if (key == nullptr || config.decoder == "none") return;
  throw Error(fmt::format(
      "{}[detection] has {}, but no decoder knows how to read the output of {} ({}): set decoder, or "
      "leave [detection] out if the network finds no objects",
      place_of(config.where, key), key, graph.name(), outputs_text(graph)));
}

/// It may be a detector that nobody has recognised.
void warn_of_outputs(const DetectionConfig& config, const Graph& graph) {
  const std::string possible = config.decoder == "auto" ? possible_decoder(graph) : "";
  if (possible.empty()) return;
  spdlog::warn(
      "{} has no objects: its outputs ({}) may be those of a detector that decoder = \"{}\" reads; "
      "\"none\" if not",
      graph.name(), outputs_text(graph), possible);
}

Labels labels_of(const std::string& file, const Graph& graph, const Decoder& decoder) {
  const int classes = decoder.classes();
  if (file.empty()) return default_labels(decoder.name(), classes);
  Labels labels = Labels::from_file(file);
  if (labels.size() != static_cast<std::size_t>(classes)) {
    throw Error(fmt::format("{}: {} names, but {} has {} classes of objects; write one name per line", file,
                            labels.size(), graph.name(), classes));
  }
  return labels;
}

int index_of(const ClassChoice& choice, const Labels& labels, int classes) {
  if (choice.name.empty()) {
    if (choice.index < classes) return choice.index;
    throw Error(fmt::format("{}: the network has {} classes, 0 to {}, not {}", choice.where, classes,
                            classes - 1, choice.index));
  }
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < labels.size(); ++i) names.push_back(labels.name(i));
  const auto found = std::find(names.begin(), names.end(), choice.name);
  if (found != names.end()) return static_cast<int>(found - names.begin());
  const std::string_view near = nearest_name(choice.name, names);
  constexpr std::size_t few = 20;
  const std::string advice = names.empty()
                                 ? "the network's classes have no names: write their numbers, or set labels"
                             : !near.empty()       ? fmt::format("did you mean '{}'?", near)
                             : names.size() <= few ? fmt::format("known: {}", fmt::join(names, ", "))
                                                   : fmt::format("the network has {} others", names.size());
  throw Error(fmt::format("{}: there is no class {}; {}", choice.where, in_quotes(choice.name), advice));
}

}  // namespace

std::optional<Detector> make_detector(const DetectionConfig& config, const Graph& graph,
                                      const ModelConfig& model) {
  std::unique_ptr<const Decoder> decoder =
      at_key(config.where, "decoder", [&] { return make_decoder(config.decoder, graph); });
  if (!decoder) {
    check_that_nothing_is_wanted(config, graph);
    warn_of_outputs(config, graph);
    return std::nullopt;
  }
  Detector detector{.decoder = std::move(decoder), .wanted = {}, .labels = {}};
  const int classes = detector.decoder->classes();
  const bool own = !config.labels.empty();
  detector.labels = at_key(own ? config.where : model.where, "labels", [&] {
    return labels_of(own ? config.labels : model.labels, graph, *detector.decoder);
  });
  detector.wanted.threshold = config.threshold.value_or(detector.decoder->usual_threshold());
  detector.wanted.overlap = config.nms.value_or(detector.decoder->usual_overlap());
  std::vector<int>& kept = detector.wanted.classes;
  for (const ClassChoice& choice : config.classes) kept.push_back(index_of(choice, detector.labels, classes));
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return detector;
}

std::string detector_text(const Detector& detector) {
  constexpr std::size_t most_named = 3;
  const auto classes = static_cast<std::size_t>(detector.decoder->classes());
  std::string names;
  for (std::size_t i = 0; i < std::min(most_named, detector.labels.size()); ++i)
    names += fmt::format("{}{}", i > 0 ? ", " : "", printable(detector.labels.name(i), 40));
  if (!names.empty()) names = fmt::format(" ({}{})", names, classes > most_named ? " ..." : "");
  return fmt::format("{}, {} class{}{}, threshold {:.2f}, nms {:.2f}", detector.decoder->name(), classes,
                     classes == 1 ? "" : "es", names, detector.wanted.threshold, detector.wanted.overlap);
}

}  // namespace edge::detection
