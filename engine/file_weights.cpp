// FileWeights: a weight file's tensors against what a network needs.
#include <algorithm>

#include "engine/error.h"
#include "engine/model_hash.h"
#include "engine/quoted_name.h"
#include "engine/weight_digests.h"
#include "engine/weight_file.h"

namespace edge {
namespace {

/// "features" of "features.0.weight".
std::string_view first_module(std::string_view name) {
  return name.substr(0, name.find('.'));
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

FileWeights::FileWeights(std::shared_ptr<const WeightFile> file, const Graph& graph,
                         FileWeightsOptions options)
    : file_(std::move(file)), cache_directory_(std::move(options.cache_directory)) {
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& parameter : layer.parameters) parameters_.push_back(parameter.name);
  }
  check(graph);
  collect_unused(graph, options.features_only);
}

void FileWeights::check(const Graph& graph) const {
  std::vector<std::string> missing;
  std::vector<std::string> other_shape;
  std::vector<std::string> other_type;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& parameter : layer.parameters) {
      const StoredTensor* const stored = file_->find(parameter.name);
      if (stored == nullptr) {
        missing.push_back(parameter.name);
      } else if (stored->shape != parameter.shape) {
        other_shape.push_back(parameter.name + " (" + stored->shape.to_string() + " instead of " +
                              parameter.shape.to_string() + ")");
      } else if (!stored->format) {
        other_type.push_back(parameter.name + " (" + bare_name(stored->type_name) + ")");
      }
    }
  }
  std::vector<std::string> others;
  const std::set<std::string_view> wanted(parameters_.begin(), parameters_.end());
  for (const StoredTensor& stored : file_->tensors()) {
    if (stored.format && !wanted.contains(stored.name)) others.push_back(bare_name(stored.name));
  }
  std::string problems;
  const auto add = [&](const std::string& what, const std::vector<std::string>& names) {
    if (!names.empty()) problems += (problems.empty() ? "" : "; ") + what + ": " + listed(names);
  };
  add("missing", missing);
  add("of another shape", other_shape);
  add("not floating-point", other_type);
  if (problems.empty()) return;
  if (!missing.empty()) add("the file has", others);
  throw Error(file_->name() + ": does not fit " + graph.name() + ": " + problems);
}

void FileWeights::collect_unused(const Graph& graph, bool features_only) {
  std::set<std::string_view> used(parameters_.begin(), parameters_.end());
  std::set<std::string_view> modules;
  for (const std::string& parameter : parameters_) modules.insert(first_module(parameter));
  const bool has_auxiliary = graph.name() == "googlenet";
  for (const StoredTensor& stored : file_->tensors()) {
    const std::string_view module = first_module(stored.name);
    if (!stored.format || used.contains(stored.name)) continue;
    if (has_auxiliary && (module == "aux1" || module == "aux2")) continue;
    if (features_only && !modules.contains(module)) continue;
    unused_.push_back(bare_name(stored.name));
  }
}

Array FileWeights::load(const ParameterSpec& parameter) const {
  const StoredTensor* const stored = file_->find(parameter.name);
  if (stored == nullptr || !stored->format || stored->shape != parameter.shape)
    throw Error(file_->name() + ": has no " + parameter.name + " of shape " + parameter.shape.to_string());
  Array tensor = file_->load(*stored);
  {
    const std::lock_guard lock(mutex_);
    if (finite_.contains(parameter.name)) return tensor;
  }
  if (const std::size_t count = count_not_finite(tensor.values().data(), tensor.elements()); count > 0) {
    throw Error(file_->name() + ": " + parameter.name + " has " + std::to_string(count) + " of " +
                std::to_string(tensor.elements()) + " values infinite or NaN");
  }
  const std::lock_guard lock(mutex_);
  finite_.insert(parameter.name);
  return tensor;
}

std::string FileWeights::identity() const {
  const std::lock_guard lock(mutex_);
  if (identity_.empty()) identity_ = compute_identity();
  return identity_;
}

std::string FileWeights::compute_identity() const {
  WeightDigests digests(cache_directory_, *file_);
  std::vector<std::string> not_finite;
  std::string text;
  for (const std::string& parameter : parameters_) {
    std::string digest = digests.find(parameter);
    if (digest.empty()) {
      const WeightFile::Scan scan = file_->scan(*file_->find(parameter));
      digest = scan.digest;
      if (scan.not_finite > 0) {
        not_finite.push_back(parameter + " (" + std::to_string(scan.not_finite) + " values)");
      } else {
        digests.add(parameter, digest);
      }
    }
    text.append(parameter).append(" ").append(digest).append("\n");
  }
  file_->check_unchanged();
  if (!not_finite.empty()) throw Error(file_->name() + ": infinite or NaN: " + listed(not_finite));
  finite_.insert(parameters_.begin(), parameters_.end());
  digests.store();
  return "file " + sha256(text);
}

}  // namespace edge
