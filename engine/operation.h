// What a layer computes: the settings of any operator, with its entry in the table of operators. Value types,
// thread-safe.
#pragma once

#include <cassert>
#include <concepts>
#include <memory>
#include <string>
#include <utility>

namespace edge {

/// An operator's entry: what the rest of the program knows about it (engine/layers/operation_type.h).
struct OperationType;

/// Settings of an operator: a struct (engine/operations.h) that names its entry.
template <class Settings>
concept OperationSettings = requires {
  { Settings::type } -> std::same_as<const OperationType&>;
};

/// Settings of one operator, whichever. Immutable; copies share them.
class Operation {
 public:
  Operation();  ///< InputLayer
  template <OperationSettings Settings>
  Operation(Settings settings)  // implicit: graph.add("relu", ReluLayer{})
      : type_(&Settings::type), settings_(std::make_shared<const Settings>(std::move(settings))) {}

  const OperationType& type() const { return *type_; }

  /// The settings, or null if they are another operator's.
  template <OperationSettings Settings>
  const Settings* as() const {
    return type_ == &Settings::type ? static_cast<const Settings*>(settings_.get()) : nullptr;
  }
  /// The settings, which must be of that operator.
  template <OperationSettings Settings>
  const Settings& get() const {
    assert(is<Settings>());
    return *static_cast<const Settings*>(settings_.get());
  }
  template <OperationSettings Settings>
  bool is() const {
    return type_ == &Settings::type;
  }

 private:
  const OperationType* type_;
  std::shared_ptr<const void> settings_;
};

/// "conv2d", "max_pool2d" ...
const char* operation_name(const Operation& operation);
/// In a few words, for tables and pictures: "conv 3x3/2, 64, pad 1, groups 64, bn", "max pool 3x3/2", "relu".
/// Kernel, stride behind the slash unless 1, output channels; what is as usual is left out.
std::string operation_text(const Operation& operation);

}  // namespace edge
