#include "roles/chain/object_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/printable.h"
#include "net/message.h"
#include "net/whole_number.h"

namespace edge::chain {
namespace {

using nlohmann::json;

/// Sides of pictures and places in them; far beyond any, and far from where doubles lose pixels.
constexpr std::int64_t largest_side = std::int64_t{1} << 30;

/// A name, for a message.
constexpr std::size_t longest_name = 40;

float share_from(const json& value) {
  const auto share = value.get<float>();
  if (!(share >= 0 && share <= 1)) throw net::ConnectionLost("a frame whose thresholds are not from 0 to 1");
  return share;
}

detection::Wanted wanted_from(const json& value, int classes) {
  detection::Wanted wanted{.threshold = share_from(value.at("threshold")),
                           .overlap = share_from(value.at("overlap"))};
  for (const json& entry : value.at("classes")) {
    const auto index = net::whole_number<std::int64_t>(entry);
    if (index < 0 || index >= classes || wanted.classes.size() >= static_cast<std::size_t>(classes)) {
      throw net::ConnectionLost("a frame that wants classes which the network does not have");
    }
    wanted.classes.push_back(static_cast<int>(index));
  }
  return wanted;
}

Placement placement_from(const json& value) {
  std::array<std::int64_t, 6> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = net::whole_number<std::int64_t>(value.at(i));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool side = i < 4;
    if (numbers[i] > largest_side || numbers[i] < (side ? 1 : -largest_side)) {
      throw net::ConnectionLost("a frame whose picture cannot have been placed so");
    }
  }
  return {.picture = {numbers[0], numbers[1]},
          .scaled = {numbers[2], numbers[3]},
          .top = numbers[4],
          .left = numbers[5]};
}

}  // namespace

json to_json(const std::optional<ObjectOptions>& options) {
  if (!options) return {};
  const Placement& place = options->placement;
  return {{"decoder", options->decoder},
          {"threshold", options->wanted.threshold},
          {"overlap", options->wanted.overlap},
          {"classes", options->wanted.classes},
          {"placement",
           {place.picture.rows, place.picture.columns, place.scaled.rows, place.scaled.columns, place.top,
            place.left}}};
}

std::optional<ObjectOptions> object_options_from(const json& value, const detection::Decoders* decoders) {
  if (value.is_null()) return std::nullopt;
  const auto& name = value.at("decoder").get_ref<const std::string&>();
  const detection::Decoder* const decoder = decoders == nullptr ? nullptr : decoders->find(name);
  if (decoder == nullptr) {
    throw net::ConnectionLost(
        fmt::format("a frame that wants objects by '{}', which cannot read this network's output",
                    printable(name, longest_name)));
  }
  return ObjectOptions{.decoder = name,
                       .wanted = wanted_from(value, decoder->classes()),
                       .placement = placement_from(value.at("placement"))};
}

json to_json(const std::vector<detection::Detection>& objects) {
  json list = json::array();
  for (const detection::Detection& object : objects) {
    const detection::Box& box = object.box;
    list.push_back(json::array({object.class_index, object.score, box.left, box.top, box.right, box.bottom}));
  }
  return list;
}

std::vector<detection::Detection> objects_from(const json& value, int classes) {
  const auto& list = value.get_ref<const json::array_t&>();
  if (list.size() > detection::most_objects) {
    throw net::ConnectionLost(
        fmt::format("it sent {} objects; at most {} are possible", list.size(), detection::most_objects));
  }
  std::vector<detection::Detection> objects;
  objects.reserve(list.size());
  for (const json& entry : list) {
    const auto index = net::whole_number<std::int64_t>(entry.at(0));
    if (index < 0 || index >= classes) {
      throw net::ConnectionLost("it sent an object of a class that the network does not have");
    }
    const auto score = entry.at(1).get<float>();
    const detection::Box box{.left = entry.at(2).get<float>(),
                             .top = entry.at(3).get<float>(),
                             .right = entry.at(4).get<float>(),
                             .bottom = entry.at(5).get<float>()};
    constexpr auto most = static_cast<float>(largest_side);
    // Comparisons with NaN are false.
    const bool sound = score >= 0 && score <= 1 && box.left >= 0 && box.left <= box.right &&
                       box.right <= most && box.top >= 0 && box.top <= box.bottom && box.bottom <= most;
    if (!sound) throw net::ConnectionLost("it sent an object with an impossible score or place");
    objects.push_back({.class_index = static_cast<int>(index), .score = score, .box = box});
  }
  return objects;
}

}  // namespace edge::chain
