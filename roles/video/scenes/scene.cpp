#include "roles/video/scenes/scene.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include "engine/error.h"
#include "roles/config/quote.h"
#include "roles/video/scenes/canvas.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

constexpr std::array<const SceneKind*, 3> scenes = {&street_scene, &static_scene, &noise_scene};

struct Parameter {
  std::string_view name;
  std::int64_t low, high;
  void (*set)(SceneOptions& options, std::int64_t value);
};
constexpr std::int64_t max_seed = std::numeric_limits<std::int64_t>::max();
constexpr std::array<Parameter, 5> parameters = {{
    {"seed", 0, max_seed,
     [](SceneOptions& o, std::int64_t value) { o.seed = static_cast<std::uint64_t>(value); }},
    {"noise", 0, 255, [](SceneOptions& o, std::int64_t value) { o.noise = static_cast<int>(value); }},
    {"objects", 0, 100, [](SceneOptions& o, std::int64_t value) { o.objects = static_cast<int>(value); }},
    {"frames", 0, 1'000'000'000, [](SceneOptions& o, std::int64_t value) { o.frames = value; }},
    {"fps", 1, 1000,
     [](SceneOptions& o, std::int64_t value) { o.frames_per_second = static_cast<int>(value); }},
}};

const SceneKind* find_scene(std::string_view name) {
  for (const SceneKind* scene : scenes) {
    if (name == scene->name) return scene;
  }
  return nullptr;
}

std::string known_parameters() {
  std::string list;
  for (const Parameter& parameter : parameters)
    list += (list.empty() ? "" : ", ") + std::string(parameter.name);
  return list;
}

void apply(SceneOptions& options, const std::string& text, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string_view key = assignment.substr(0, equals);
  const auto* parameter =
      std::find_if(parameters.begin(), parameters.end(), [key](const Parameter& p) { return p.name == key; });
  if (parameter == parameters.end()) {
    throw Error(source_name(text) + ": unknown parameter " + in_quotes(key) + "; known are " +
                known_parameters());
  }
  const std::string_view value = equals == std::string_view::npos ? "" : assignment.substr(equals + 1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < parameter->low ||
      number > parameter->high) {
    throw Error(source_name(text) + ": " + std::string(key) + " must be a whole number from " +
                std::to_string(parameter->low) + " to " + std::to_string(parameter->high) + ", not " +
                in_quotes(value));
  }
  parameter->set(options, number);
}

}  // namespace

SceneOptions parse_scene(const std::string& text) {
  std::string_view rest = text;
  rest.remove_prefix(std::min(rest.size(), std::string_view("synthetic:").size()));
  SceneOptions options;
  options.name = rest.substr(0, rest.find('?'));
  if (find_scene(options.name) == nullptr) {
    std::string list;
    for (const SceneKind* scene : scenes) list += (list.empty() ? "" : ", ") + std::string(scene->name);
    throw Error(source_name(text) + ": unknown scene " + in_quotes(options.name) + "; known are " + list);
  }
  rest.remove_prefix(options.name.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);  // '?' or '&'
    const std::string_view assignment = rest.substr(0, rest.find('&'));
    if (!assignment.empty()) apply(options, text, assignment);
    rest.remove_prefix(assignment.size());
  }
  return options;
}

std::unique_ptr<Scene> make_scene(const SceneOptions& options) {
  const SceneKind* scene = find_scene(options.name);
  assert(scene != nullptr);
  return scene->make(options);
}

void add_sensor_noise(const SceneOptions& options, std::int64_t frame, std::uint8_t* planes) {
  if (options.noise == 0) return;
  const std::int64_t count = 3 * options.rows * options.columns;
  const std::uint64_t seed = mix(options.seed, static_cast<std::uint64_t>(frame), 0x6e6f697365);
  const unsigned values = 2 * static_cast<unsigned>(options.noise) + 1;
  constexpr std::int64_t lanes = 4;  // 16 bits of randomness for each value
  for (std::int64_t begin = 0; begin < count; begin += lanes) {
    const std::uint64_t random = mix(seed, static_cast<std::uint64_t>(begin));
    for (std::int64_t lane = 0; lane < std::min(lanes, count - begin); ++lane) {
      const auto sample = static_cast<unsigned>(random >> (16 * lane)) & 0xffffU;
      const int value = planes[begin + lane] + static_cast<int>((sample * values) >> 16) - options.noise;
      planes[begin + lane] = static_cast<std::uint8_t>(std::clamp(value, 0, 255));
    }
  }
}

}  // namespace edge
