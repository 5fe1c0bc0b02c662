#include "net/model_difference.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace edge::net {
namespace {

constexpr std::size_t name_part = 0, size_part = 1;

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(", ");
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 2);
  }
}

/// The key behind a part of the text that is neither the first nor the second.
std::string_view key_of(std::string_view part) {
  constexpr std::array<std::string_view, 7> keys{"pad",       "pixel_range", "mean",           "std",
                                                 "normalize", "seed",        "transform_input"};
  const std::string_view word = part.substr(0, part.find(' '));
  if (std::find(keys.begin(), keys.end(), word) != keys.end()) return word;
  if (word == "letterbox" || word == "crop" || word == "stretch") return "fit";
  if (word == "bgr" || word == "rgb") return "channels";
  return "weights";
}

/// "alexnet features" is alexnet.
std::string_view without_features(std::string_view name) {
  constexpr std::string_view features = " features";
  return name.ends_with(features) ? name.substr(0, name.size() - features.size()) : name;
}

}  // namespace

std::string differing_keys(const std::string& first, const std::string& second) {
  const std::array<std::vector<std::string_view>, 2> parts{parts_of(first), parts_of(second)};
  std::vector<std::string_view> keys;
  const auto add = [&](std::string_view key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  const std::string_view a = parts[0][name_part], b = parts[1][name_part];
  if (without_features(a) != without_features(b)) {
    add("name");
  } else if (a != b) {
    add("features_only");
  }
  if (parts[0].size() > size_part && parts[1].size() > size_part &&
      parts[0][size_part] != parts[1][size_part])
    add("frame_size");
  for (const std::size_t side : {0U, 1U}) {
    const std::vector<std::string_view>& others = parts[1 - side];
    for (std::size_t i = size_part + 1; i < parts[side].size(); ++i) {
      if (std::find(others.begin(), others.end(), parts[side][i]) == others.end())
        add(key_of(parts[side][i]));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    text += i == 0 ? "" : i + 1 == keys.size() ? " and " : ", ";
    text += keys[i];
  }
  return text;
}

}  // namespace edge::net
