#include "roles/config/model_table.h"

#include <fmt/format.h>

#include <string>

#include "engine/error.h"
#include "engine/models/models.h"
#include "engine/onnx/importer.h"
#include "engine/onnx/reader.h"
#include "roles/config/model_values.h"
#include "roles/config/paths.h"

namespace edge {
namespace {

void read_transform_input(const TomlReader& reader, ModelConfig& model) {
  reader.read_boolean("transform_input", model.transform_input);
  if (model.transform_input && model.name != "googlenet") {
    throw Error(fmt::format("{}: only googlenet has that, not {}; leave it out",
                            reader.where("transform_input"), model.name));
  }
}

/// How pictures become frames, and numbers.
void read_preprocessing(const TomlReader& reader, Preprocessing& preprocessing) {
  if (reader.has("fit")) {
    std::string fit;
    reader.read_choice("fit", fit, fit_names());
    preprocessing.fit = parse_fit(fit, reader.where("fit"));
  }
  if (const auto pad = reader.numbers_or_name("pad")) {
    preprocessing.pad = parse_pad(*pad, reader.where("pad"));
  }
  std::string channels = "rgb";
  reader.read_choice("channels", channels, channel_orders());
  preprocessing.channels = parse_channels(channels, reader.where("channels"));
  constexpr double any = 0x1p53;  // parse_pixel_range() says what is right
  double range = preprocessing.pixel_range;
  reader.read_number("pixel_range", range, -any, any);
  preprocessing.pixel_range = parse_pixel_range(range, reader.where("pixel_range"));
  std::string name = "none";
  reader.read_choice("normalize", name, normalization_names());
  use_normalization(name, reader.where("normalize"), preprocessing);
  for (const char* key : {"mean", "std"}) {
    if (reader.has("normalize") && reader.has(key)) {
      throw Error(
          fmt::format("{}: {} says that already; leave one of them out", reader.where("normalize"), key));
    }
  }
  if (const auto mean = reader.numbers_or_name("mean")) {
    preprocessing.mean = parse_mean(*mean, reader.where("mean"));
  }
  if (const auto deviation = reader.numbers_or_name("std")) {
    preprocessing.deviation = parse_deviation(*deviation, reader.where("std"));
  }
}

/// One of the known networks, or an ONNX file.
void read_name(const TomlReader& reader, const std::filesystem::path& file, ModelConfig& model) {
  std::string name = model.name;
  reader.read_text("name", name);
  if (name.ends_with(".onnx")) {
    model.name = from_directory_of(file, name);
  } else {
    reader.read_choice("name", model.name, model_names());
  }
}

/// An ONNX file may say which frames it takes.
void frame_size_of_file(const TomlReader& reader, ModelConfig& model) {
  if (!model.name.ends_with(".onnx")) return;
  const onnx::FrameSize size =
      at_key(model.where, "name", [&] { return onnx::frame_size(onnx::read_model(model.name)); });
  if (size.rows > 0) model.rows = size.rows;
  if (size.columns > 0) model.columns = size.columns;
  check_frame_size({model.rows, model.columns}, reader.where("name"));
}

}  // namespace

ModelConfig read_model(const TomlReader& reader, const std::filesystem::path& file) {
  ModelConfig model;
  model.where = reader.places_of({"name", "weights", "labels", "features_only", "frame_size"});
  read_name(reader, file, model);
  reader.read_boolean("features_only", model.features_only);
  read_path(reader, "weights", model.weights, file);
  read_path(reader, "labels", model.labels, file);
  reader.read_integer("seed", model.seed, 0, INT64_MAX);
  read_transform_input(reader, model);
  read_preprocessing(reader, model.preprocessing);
  const toml::array* size = reader.array("frame_size", "[rows, columns]");
  if (size == nullptr) {
    frame_size_of_file(reader, model);
    return model;
  }
  if (size->size() != 2) {
    throw Error(fmt::format("{}: expected [rows, columns], found {} values", reader.where("frame_size"),
                            size->size()));
  }
  model.rows = reader.integer((*size)[0], reader.path("frame_size[0]"), 1, max_frame_side);
  model.columns = reader.integer((*size)[1], reader.path("frame_size[1]"), 1, max_frame_side);
  check_frame_size({model.rows, model.columns}, reader.where("frame_size"));
  return model;
}

}  // namespace edge
