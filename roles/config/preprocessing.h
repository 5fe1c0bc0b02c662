// What is done with pictures in front of the network: keys of [model] and options of commands. Pure
// functions, thread-safe. They throw Error, one line that begins with the key and its place, or the option.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/operations.h"
#include "roles/video/framing.h"

namespace edge {

/// One number per channel of the frame, in its order.
struct ChannelValues {
  std::array<double, 3> numbers{};
  bool imagenet = false;  ///< ImageNet's instead, whatever the range of the pixels
  friend bool operator==(const ChannelValues&, const ChannelValues&) = default;
};

struct Preprocessing {
  std::optional<Fit> fit = {};           ///< none: as suits the network (framing_of())
  std::array<std::uint8_t, 3> pad = {};  ///< Framing::pad
  ChannelOrder channels = ChannelOrder::rgb;
  int pixel_range = 1;  ///< what white is to mean and std: 1 or 255
  ChannelValues mean = {{0, 0, 0}};
  ChannelValues deviation = {{1, 1, 1}};
  friend bool operator==(const Preprocessing&, const Preprocessing&) = default;
};

/// The layer in front of the network that makes (pixel - mean) / deviation of pixels in [0, 1]; none if that
/// changes nothing.
std::optional<ChannelScaleLayer> normalization_layer(const Preprocessing& preprocessing);

/// "letterbox, pad 114, bgr, pixel_range 255, mean 103.53 116.28 123.675": what is not as usual; with `all`
/// also what is.
std::string preprocessing_text(const Preprocessing& preprocessing, Fit fit, bool all);

std::vector<std::string> fit_names();
Fit parse_fit(const std::string& name, const std::string& where);
std::vector<std::string> channel_orders();
ChannelOrder parse_channels(const std::string& name, const std::string& where);
/// "none" and "imagenet": names of both mean and std.
std::vector<std::string> normalization_names();

using NumbersOrName = std::variant<std::vector<double>, std::string>;
ChannelValues parse_mean(const NumbersOrName& values, const std::string& where);
ChannelValues parse_deviation(const NumbersOrName& values, const std::string& where);
std::array<std::uint8_t, 3> parse_pad(const NumbersOrName& values, const std::string& where);
int parse_pixel_range(double range, const std::string& where);
/// "none", "imagenet".
void use_normalization(const std::string& name, const std::string& where, Preprocessing& preprocessing);

/// Options of a command line, as they were written.
struct PreprocessingTexts {
  std::optional<std::string> fit{}, pad{}, channels{}, pixel_range{}, mean{}, deviation{}, normalize{};
};
/// What they say replaces what `preprocessing` says. Errors begin with "--fit" and so on.
void apply(const PreprocessingTexts& texts, Preprocessing& preprocessing);

}  // namespace edge
