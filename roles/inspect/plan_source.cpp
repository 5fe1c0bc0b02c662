// Where the plan that is to be shown comes from.
#include "roles/inspect/plan_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/error.h"
#include "roles/config/quote.h"
#include "roles/scheduling/plan_json.h"

namespace edge::inspect {
namespace {

using scheduling::LayerRange;

constexpr std::streamoff first_tail = 1 << 16;
constexpr std::streamoff longest_tail = 1 << 26;  // lines with `result = "full"` hold whole feature maps

scheduling::Plan checked(const std::vector<LayerRange>& ranges, const PlanContext& context,
                         const std::string& what) {
  const int workers = context.workers > 0 ? context.workers : static_cast<int>(ranges.size());
  return scheduling::plan_from_ranges(ranges, context.layers, workers, what);
}

/// The end of a file.
struct Tail {
  std::string text;
  bool from_the_start = false;
};

Tail read_tail(std::ifstream& stream, std::streamoff size, std::streamoff wanted) {
  const std::streamoff start = std::max<std::streamoff>(size - wanted, 0);
  std::string text(static_cast<std::size_t>(size - start), '\0');
  stream.clear();
  stream.seekg(start);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return {.text = std::move(text), .from_the_start = start == 0};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == text.npos ? 0 : end + 1);
}

/// The last line that is JSON, of the last two: the very last one may be half written. Null: none of them is.
/// Nothing: more of the file is needed to tell.
std::optional<nlohmann::json> last_json_line(const Tail& tail) {
  std::string_view rest = trimmed(tail.text);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::size_t feed = rest.rfind('\n');
    if (feed == rest.npos && !tail.from_the_start) return std::nullopt;
    const std::string_view line = feed == rest.npos ? rest : rest.substr(feed + 1);
    nlohmann::json json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (!json.is_discarded()) return json;
    rest = trimmed(rest.substr(0, feed == rest.npos ? 0 : feed));
  }
  return nlohmann::json();
}

std::ifstream open(const std::filesystem::path& file) {
  const std::string name = printable(file.string(), 200);
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    throw Error(fmt::format("--result {}: is a directory, not a file of JSON lines", name));
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error(fmt::format("--result {}: {}", name, errno != 0 ? std::strerror(errno) : "cannot be opened"));
  return stream;
}

}  // namespace

ShownPlan plan_of_text(const std::string& text, const PlanContext& context) {
  const std::optional<int> workers = context.workers > 0 ? std::optional(context.workers) : std::nullopt;
  return {.plan = scheduling::plan_of_option(text, context.layers, workers), .source = "--plan"};
}

ShownPlan plan_of_result(const std::filesystem::path& file, const PlanContext& context) {
  std::ifstream stream = open(file);
  const std::string name = printable(file.string(), 200);
  stream.seekg(0, std::ios::end);
  const std::streamoff size = stream.tellg();
  std::optional<nlohmann::json> line;
  for (std::streamoff wanted = first_tail; !line && wanted <= longest_tail && size > 0; wanted *= 4)
    line = last_json_line(read_tail(stream, size, wanted));
  const bool has_plan = line && line->is_object() && line->contains("plan");
  const auto ranges = has_plan ? scheduling::ranges_of_json((*line)["plan"]) : std::nullopt;
  if (!ranges) {
    throw Error(fmt::format(
        "--result {}: its last line has no plan; give the file that a master wrote with --output", name));
  }
  ShownPlan shown{.plan = checked(*ranges, context, fmt::format("--result {}", name)),
                  .source = printable(file.filename().string(), 60)};
  if (line->contains("frame") && (*line)["frame"].is_number_unsigned())
    shown.source += fmt::format(", frame {}", (*line)["frame"].get<std::uint64_t>());
  return shown;
}

std::optional<ShownPlan> plan_of_config(const Config& config, const PlanContext& context) {
  if (config.schedule.scheduler != "fixed" || config.schedule.plans.empty()) return std::nullopt;
  const std::size_t plans = config.schedule.plans.size();
  const std::string name = config.file.filename().string();
  return ShownPlan{.plan = checked(config.schedule.plans[0], context,
                                   fmt::format("{}: plan in [schedule]", config.file.string())),
                   .source = plans == 1 ? printable(name, 60)
                                        : fmt::format("{} (the first of {})", printable(name, 60), plans)};
}

}  // namespace edge::inspect
