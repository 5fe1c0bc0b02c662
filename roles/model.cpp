#include "roles/model.h"

#include <fmt/format.h>

#include "engine/model_hash.h"
#include "engine/models/models.h"
#include "kernels/cpu.h"
#include "kernels/thread_pool.h"
#include "roles/version.h"

namespace edge {
namespace {

// armv7's NEON flushes denormals to zero, aarch64's does not: not the same arithmetic, although both are
// "neon".
#if defined(__x86_64__)
constexpr const char* architecture = "x86-64";
#elif defined(__aarch64__)
constexpr const char* architecture = "aarch64";
#elif defined(__arm__)
constexpr const char* architecture = "armv7";
#else
constexpr const char* architecture = "other";
#endif

}  // namespace

Model load_model(const ModelConfig& config) {
  Graph graph = make_model(
      config.name, {.rows = config.rows, .columns = config.columns, .features_only = config.features_only});
  auto weights = std::make_unique<SeededWeights>(config.seed);
  std::string hash = model_hash(graph, *weights);
  std::string text = fmt::format("{}{}, {}x{}, seed {}", config.name, config.features_only ? " features" : "",
                                 config.rows, config.columns, config.seed);
  return {.graph = std::move(graph),
          .weights = std::move(weights),
          .hash = std::move(hash),
          .text = std::move(text)};
}

net::Identity make_identity(const std::string& role, int index, const Model& model) {
  return {.role = role,
          .index = index,
          .instance = net::new_instance(),
          .software_version = std::string(software_version()),
          .model_hash = model.hash,
          .model = model.text,
          .isa = fmt::format("{} {}", architecture, kernels::isa_name(kernels::active_isa()))};
}

int resolve_threads(int configured) {
  return configured > 0 ? configured : kernels::available_cpus();
}

}  // namespace edge
