#include "roles/config/preprocessing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "engine/models/input_layers.h"
#include "roles/config/quote.h"

namespace edge {
namespace {

constexpr std::array<std::pair<const char*, Fit>, 3> fits{
    {{"stretch", Fit::stretch}, {"letterbox", Fit::letterbox}, {"crop", Fit::crop}}};
constexpr std::array<std::pair<const char*, ChannelOrder>, 2> orders{
    {{"rgb", ChannelOrder::rgb}, {"bgr", ChannelOrder::bgr}}};
constexpr const char* imagenet = "imagenet";
constexpr double most = 1e6, least_deviation = 1e-6;

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  names.reserve(std::size(table));
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

[[noreturn]] void fail_unknown(const std::string& name, const std::vector<std::string>& known,
                               const std::string& where) {
  throw Error(
      fmt::format("{}: expected one of {}, found {}", where, fmt::join(known, ", "), in_quotes(name)));
}

template <class Table>
auto value_of(const Table& table, const std::string& name, const std::string& where) {
  for (const auto& [known, value] : table) {
    if (name == known) return value;
  }
  fail_unknown(name, names_of(table), where);
}

/// On a command line values look otherwise than in a config.
bool is_option(const std::string& where) {
  return where.starts_with("--");
}

/// One for all channels, or one for each.
std::array<double, 3> per_channel(const NumbersOrName& values, double least, const std::string& expected,
                                  const std::string& where) {
  const auto* numbers = std::get_if<std::vector<double>>(&values);
  if (numbers == nullptr) {
    throw Error(
        fmt::format("{}: expected {}, found {}", where, expected, in_quotes(std::get<std::string>(values))));
  }
  if (numbers->size() != 1 && numbers->size() != 3) {
    throw Error(fmt::format("{}: expected {}, found {} numbers", where, expected, numbers->size()));
  }
  std::array<double, 3> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double number = numbers->size() == 1 ? numbers->front() : (*numbers)[i];
    if (!(number >= least && number <= most)) {  // so that NaN fails
      throw Error(fmt::format("{}: must be {} to {}, found {}", where, least, most, number));
    }
    result[i] = number;
  }
  return result;
}

ChannelValues parse_values(const NumbersOrName& values, double least, const std::string& where) {
  const auto* name = std::get_if<std::string>(&values);
  if (name != nullptr && *name == imagenet) return {.numbers = {}, .imagenet = true};
  return {.numbers = per_channel(values, least,
                                 is_option(where) ? "a number, three with commas between them, or imagenet"
                                                  : "a number, [one, per, channel] or \"imagenet\"",
                                 where)};
}

/// "0.5" and "0.5,0.5,0.5" are numbers; anything else is a name.
NumbersOrName numbers_or_name(const std::string& text) {
  std::vector<double> numbers;
  const char* begin = text.data();
  const char* const end = begin + text.size();
  while (true) {
    double number = 0;
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || (stop != end && *stop != ',')) return text;
    numbers.push_back(number);
    if (stop == end) return numbers;
    begin = stop + 1;
  }
}

std::string numbers_text(const ChannelValues& values) {
  if (values.imagenet) return imagenet;
  const std::array<double, 3>& n = values.numbers;
  return n[0] == n[1] && n[1] == n[2] ? fmt::format("{}", n[0]) : fmt::format("{} {} {}", n[0], n[1], n[2]);
}

}  // namespace

std::optional<ChannelScaleLayer> normalization_layer(const Preprocessing& preprocessing) {
  const Preprocessing plain;
  const bool same_values = preprocessing.mean == plain.mean && preprocessing.deviation == plain.deviation;
  if (same_values && preprocessing.pixel_range == plain.pixel_range) return std::nullopt;
  const auto in_unit = [&](const ChannelValues& values, const std::array<double, 3>& of_imagenet) {
    std::array<double, 3> numbers = values.imagenet ? of_imagenet : values.numbers;
    if (!values.imagenet) {
      for (double& number : numbers) number /= preprocessing.pixel_range;
    }
    return numbers;
  };
  return channel_normalization(in_unit(preprocessing.mean, imagenet_mean),
                               in_unit(preprocessing.deviation, imagenet_deviation));
}

std::string preprocessing_text(const Preprocessing& preprocessing, Fit fit, bool all) {
  const Preprocessing plain;
  std::vector<std::string> parts;
  if (all || fit != Fit::stretch) parts.push_back(fit_names()[static_cast<std::size_t>(fit)]);
  if (const auto& [r, g, b] = preprocessing.pad;
      fit == Fit::letterbox && (all || preprocessing.pad != plain.pad)) {
    parts.push_back(r == g && g == b ? fmt::format("pad {}", r) : fmt::format("pad {} {} {}", r, g, b));
  }
  if (all || preprocessing.channels != plain.channels) {
    parts.push_back(channel_orders()[static_cast<std::size_t>(preprocessing.channels)]);
  }
  if (all || preprocessing.pixel_range != plain.pixel_range) {
    parts.push_back(all ? fmt::format("0..{}", preprocessing.pixel_range)
                        : fmt::format("pixel_range {}", preprocessing.pixel_range));
  }
  if (preprocessing.mean.imagenet && preprocessing.deviation.imagenet) {
    parts.emplace_back("normalize imagenet");
  } else {
    if (preprocessing.mean != plain.mean) parts.push_back("mean " + numbers_text(preprocessing.mean));
    if (preprocessing.deviation != plain.deviation)
      parts.push_back("std " + numbers_text(preprocessing.deviation));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> fit_names() {
  return names_of(fits);
}

Fit parse_fit(const std::string& name, const std::string& where) {
  return value_of(fits, name, where);
}

std::vector<std::string> channel_orders() {
  return names_of(orders);
}

ChannelOrder parse_channels(const std::string& name, const std::string& where) {
  return value_of(orders, name, where);
}

std::vector<std::string> normalization_names() {
  return {"none", imagenet};
}

ChannelValues parse_mean(const NumbersOrName& values, const std::string& where) {
  return parse_values(values, -most, where);
}

ChannelValues parse_deviation(const NumbersOrName& values, const std::string& where) {
  return parse_values(values, least_deviation, where);
}

std::array<std::uint8_t, 3> parse_pad(const NumbersOrName& values, const std::string& where) {
  const std::string expected =
      is_option(where) ? "0 to 255, or RED,GREEN,BLUE of these" : "0 to 255, or [red, green, blue] of these";
  std::array<std::uint8_t, 3> pad{};
  const std::array<double, 3> numbers = per_channel(values, -most, expected, where);
  for (std::size_t i = 0; i < pad.size(); ++i) {
    if (numbers[i] < 0 || numbers[i] > 255 || numbers[i] != std::floor(numbers[i])) {
      throw Error(fmt::format("{}: expected {}, found {}", where, expected, numbers[i]));
    }
    pad[i] = static_cast<std::uint8_t>(numbers[i]);
  }
  return pad;
}

int parse_pixel_range(double range, const std::string& where) {
  if (range != 1 && range != 255) {
    throw Error(fmt::format("{}: expected 1 (pixels are 0 to 1) or 255 (0 to 255), found {}", where, range));
  }
  return static_cast<int>(range);
}

void use_normalization(const std::string& name, const std::string& where, Preprocessing& preprocessing) {
  const std::vector<std::string> known = normalization_names();
  if (std::find(known.begin(), known.end(), name) == known.end()) fail_unknown(name, known, where);
  const Preprocessing plain;
  const bool named = name == imagenet;
  preprocessing.mean = named ? ChannelValues{.numbers = {}, .imagenet = true} : plain.mean;
  preprocessing.deviation = named ? ChannelValues{.numbers = {}, .imagenet = true} : plain.deviation;
}

void apply(const PreprocessingTexts& texts, Preprocessing& preprocessing) {
  if (texts.normalize && (texts.mean || texts.deviation)) {
    throw Error(fmt::format("--normalize: --{} says that already; leave one of them out",
                            texts.mean ? "mean" : "std"));
  }
  if (texts.fit) preprocessing.fit = parse_fit(*texts.fit, "--fit");
  if (texts.pad) preprocessing.pad = parse_pad(numbers_or_name(*texts.pad), "--pad");
  if (texts.channels) preprocessing.channels = parse_channels(*texts.channels, "--channels");
  if (texts.pixel_range) {
    const NumbersOrName range = numbers_or_name(*texts.pixel_range);
    const auto* numbers = std::get_if<std::vector<double>>(&range);
    const bool one = numbers != nullptr && numbers->size() == 1;
    if (!one)
      throw Error(fmt::format("--pixel-range: expected 1 or 255, found {}", in_quotes(*texts.pixel_range)));
    preprocessing.pixel_range = parse_pixel_range(numbers->front(), "--pixel-range");
  }
  if (texts.normalize) use_normalization(*texts.normalize, "--normalize", preprocessing);
  if (texts.mean) preprocessing.mean = parse_mean(numbers_or_name(*texts.mean), "--mean");
  if (texts.deviation) preprocessing.deviation = parse_deviation(numbers_or_name(*texts.deviation), "--std");
}

}  // namespace edge
