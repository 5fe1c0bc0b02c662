#include "engine/onnx/reader.h"

#include <filesystem>
#include <utility>

#include "engine/error.h"
#include "engine/onnx/message_fields.h"
#include "engine/onnx/tensor_reader.h"
#include "engine/quoted_name.h"

namespace edge::onnx {
namespace {

constexpr std::int64_t oldest_ir = 3;
constexpr std::int64_t newest_ir = 10;
constexpr std::int64_t oldest_opset = 7;
constexpr std::int64_t newest_opset = 21;
constexpr std::size_t most_nodes = 200'000;

/// Where values come from, for all functions below.
struct Source {
  std::shared_ptr<const void> owner;
  ExternalData* external;
};

Attribute read_attribute(std::string_view bytes, const Source& source) {
  Attribute attribute;
  const auto set = [&](Attribute::Kind kind) { attribute.kind = kind; };
  MessageFields fields(bytes);
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        attribute.name = fields.text();
        break;
      case 2:
        attribute.number = fields.float_number();
        set(Attribute::Kind::number);
        break;
      case 3:
        attribute.integer = fields.integer();
        set(Attribute::Kind::integer);
        break;
      case 4:
        attribute.text = fields.text();
        set(Attribute::Kind::text);
        break;
      case 5:
        attribute.tensor = read_tensor(fields.bytes(), source.owner, source.external).constant;
        set(Attribute::Kind::tensor);
        break;
      case 7: {
        const std::string_view list = fields.fixed_bytes(sizeof(float));
        for (std::size_t i = 0; i < list.size(); i += sizeof(float)) {
          float number = 0;
          std::copy_n(list.data() + i, sizeof(float), reinterpret_cast<char*>(&number));
          attribute.numbers.push_back(number);
        }
        set(Attribute::Kind::numbers);
        break;
      }
      case 8:
        fields.append_integers(attribute.integers);
        set(Attribute::Kind::integers);
        break;
      case 20: {  // the type: of use where the value is an empty list, which leaves no trace
        const std::int64_t type = fields.integer();
        constexpr std::int64_t list_of_numbers = 6;
        constexpr std::int64_t list_of_integers = 7;
        if (type == list_of_numbers && attribute.kind == Attribute::Kind::none) set(Attribute::Kind::numbers);
        if (type == list_of_integers && attribute.kind == Attribute::Kind::none)
          set(Attribute::Kind::integers);
        break;
      }
      case 6:
      case 9:
      case 10:
      case 11:
      case 14:
      case 15:
      case 22:
      case 23:
        set(Attribute::Kind::other);
        fields.skip();
        break;
      default:
        fields.skip();
    }
  }
  return attribute;
}

Node read_node(std::string_view bytes, const Source& source) {
  Node node;
  MessageFields fields(bytes);
  std::vector<std::string_view> attributes;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        node.inputs.push_back(fields.text());
        break;
      case 2:
        node.outputs.push_back(fields.text());
        break;
      case 3:
        node.name = fields.text();
        break;
      case 4:
        node.type = fields.text();
        break;
      case 5:
        attributes.push_back(fields.bytes());
        break;
      case 7:
        node.domain = fields.text();
        break;
      default:
        fields.skip();
    }
  }
  try {
    for (const std::string_view attribute : attributes) {
      node.attributes.push_back(read_attribute(attribute, source));
    }
  } catch (const Error& error) {
    throw Error("node " + quoted_name(node.name) + " (" + quoted_name(node.type) + "): " + error.what());
  }
  if (node.domain == "ai.onnx") node.domain.clear();
  return node;
}

/// TensorShapeProto.
Dimensions read_shape(std::string_view bytes) {
  Dimensions dims;
  MessageFields fields(bytes);
  while (fields.next()) {
    if (fields.number() != 1) {
      fields.skip();
      continue;
    }
    std::int64_t extent = -1;
    MessageFields dimension(fields.bytes());
    while (dimension.next()) {
      if (dimension.number() == 1) {
        extent = dimension.integer();
        if (extent < 1) extent = -1;  // some exporters write what they do not know as 0 or -1
      } else {
        dimension.skip();
      }
    }
    dims.push_back(extent);
    if (dims.size() > most_dimensions) throw Error("an input or output has too many dimensions");
  }
  return dims;
}

ValueInfo read_value_info(std::string_view bytes) {
  ValueInfo info;
  MessageFields fields(bytes);
  while (fields.next()) {
    if (fields.number() == 1) {
      info.name = fields.text();
    } else if (fields.number() == 2) {
      MessageFields type(fields.bytes());
      while (type.next()) {
        if (type.number() != 1) {  // a sequence or map
          type.skip();
          continue;
        }
        MessageFields tensor(type.bytes());
        while (tensor.next()) {
          if (tensor.number() == 1) {
            info.type = static_cast<DataType>(tensor.integer());
          } else if (tensor.number() == 2) {
            info.dims = read_shape(tensor.bytes());
            info.has_shape = true;
          } else {
            tensor.skip();
          }
        }
      }
    } else {
      fields.skip();
    }
  }
  return info;
}

void read_graph(std::string_view bytes, const Source& source, Model& model) {
  MessageFields fields(bytes);
  std::vector<ValueInfo> inputs;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        if (model.nodes.size() == most_nodes) {
          throw Error("has more than " + std::to_string(most_nodes) + " nodes");
        }
        model.nodes.push_back(read_node(fields.bytes(), source));
        break;
      case 5: {
        NamedConstant tensor = read_tensor(fields.bytes(), source.owner, source.external);
        if (!model.initializers.emplace(tensor.name, std::move(tensor.constant)).second) {
          throw Error("initialiser " + quoted_name(tensor.name) + " is there twice");
        }
        break;
      }
      case 11:
        inputs.push_back(read_value_info(fields.bytes()));
        break;
      case 12:
        model.outputs.push_back(read_value_info(fields.bytes()));
        break;
      case 15:
        throw Error("has sparse initialisers, which cannot be read; export it without");
      default:
        fields.skip();
    }
  }
  for (ValueInfo& input : inputs) {
    if (!model.initializers.contains(input.name)) model.inputs.push_back(std::move(input));
  }
}

void read_opset(std::string_view bytes, Model& model) {
  std::string domain;
  std::int64_t version = 1;
  MessageFields fields(bytes);
  while (fields.next()) {
    if (fields.number() == 1) {
      domain = fields.text();
    } else if (fields.number() == 2) {
      version = fields.integer();
    } else {
      fields.skip();
    }
  }
  if (domain.empty() || domain == "ai.onnx") model.opset = version;
}

void check_versions(const Model& model) {
  if (model.ir_version < oldest_ir || model.ir_version > newest_ir) {
    throw Error("has ONNX's IR version " + std::to_string(model.ir_version) + "; " +
                std::to_string(oldest_ir) + " to " + std::to_string(newest_ir) +
                " can be read: export it again");
  }
  if (model.opset < oldest_opset || model.opset > newest_opset) {
    throw Error("has opset " + std::to_string(model.opset) + "; " + std::to_string(oldest_opset) + " to " +
                std::to_string(newest_opset) + " can be read: export it again, with opset_version=17");
  }
}

void read_whole(std::string_view bytes, const Source& source, Model& model) {
  MessageFields fields(bytes);
  bool has_graph = false;
  std::string_view graph;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        model.ir_version = fields.integer();
        break;
      case 7:
        graph = fields.bytes();
        has_graph = true;
        break;
      case 8:
        read_opset(fields.bytes(), model);
        break;
      default:
        fields.skip();
    }
  }
  if (!has_graph) throw Error("has no graph: it is no ONNX file, or it is cut off");
  check_versions(model);
  read_graph(graph, source, model);
}

/// Runs `read`, and names the file in what goes wrong.
template <class Read>
void reading(const std::string& file, const Read& read) {
  try {
    read();
  } catch (const protozero::exception& error) {
    throw Error(file + ": no ONNX file, or it is damaged or cut off (" + error.what() + ")");
  } catch (const Error& error) {
    throw Error(file + ": " + error.what());
  }
}

/// Files beside the model's, mapped once each.
class MappedExternalData final : public ExternalData {
 public:
  explicit MappedExternalData(const std::string& model) {
    std::error_code error;
    directory_ = std::filesystem::canonical(std::filesystem::path(model), error).parent_path();
  }

  Bytes open(const std::string& location) override {
    const auto known = files_.find(location);
    if (known != files_.end()) return {known->second->bytes(), known->second};
    const std::filesystem::path path(location);
    if (location.empty() || location.find('\0') != std::string::npos || path.is_absolute()) refuse(location);
    std::error_code error;
    // Links are followed first: what counts is where the bytes are.
    const std::filesystem::path file = std::filesystem::canonical(directory_ / path, error);
    if (error) throw Error("needs the file " + quoted_name(location) + " beside it: " + error.message());
    const std::filesystem::path relative = file.lexically_relative(directory_);
    if (relative.empty() || *relative.begin() == "..") refuse(location);
    const auto mapped = std::make_shared<const MappedFile>(file.string());
    files_.emplace(location, mapped);
    return {mapped->bytes(), mapped};
  }

 private:
  [[noreturn]] static void refuse(const std::string& location) {
    throw Error("has its values in " + quoted_name(location) +
                ", which is not in the model file's directory: only files there are read");
  }

  std::filesystem::path directory_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace

const Attribute* Node::find(const std::string& attribute) const {
  for (const Attribute& candidate : attributes) {
    if (candidate.name == attribute) return &candidate;
  }
  return nullptr;
}

Model parse_model(std::string_view bytes, std::shared_ptr<const void> owner, const std::string& file,
                  ExternalData* external) {
  Model model;
  model.file = file;
  reading(file, [&] { read_whole(bytes, {std::move(owner), external}, model); });
  return model;
}

Model read_model(const std::string& file) {
  const auto mapped = std::make_shared<const MappedFile>(file);
  MappedExternalData external(file);
  return parse_model(mapped->bytes(), mapped, file, &external);
}

Constant parse_tensor(std::string_view bytes, std::shared_ptr<const void> owner, const std::string& file) {
  Constant result;
  reading(file, [&] { result = read_tensor(bytes, owner, nullptr).constant; });
  return result;
}

}  // namespace edge::onnx
