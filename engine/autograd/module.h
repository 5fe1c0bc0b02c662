// Networks as modules: named parameters (learnt) and buffers (state that is not, such as running statistics),
// PyTorch's names in the state dict ("0.weight"). Threads: see Context.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/autograd/variable.h"
#include "engine/safetensors.h"

namespace edge::autograd {

/// Derive, register parameters, buffers and inner modules in the constructor, and implement forward().
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;  // inner modules are known by their address
  Module& operator=(const Module&) = delete;

  virtual Variable forward(const Variable& x) = 0;

  /// Handles of all parameters, those of inner modules behind their own, in the order of registration.
  std::vector<Variable> parameters() const;
  /// Parameters and buffers by name, as views: clone() what shall not change with the module.
  NamedTensors state_dict() const;
  /// Copies `state` into parameters and buffers. Throws Error, with nothing changed, if a name is missing or
  /// unknown, or a shape differs.
  void load_state_dict(const NamedTensors& state);

  /// Dropout and batch norm differ between training (as constructed) and evaluation. Inner modules too.
  void set_training(bool training);
  bool training() const { return training_; }

 protected:
  /// A leaf that requires a gradient.
  Variable register_parameter(const std::string& name, Context& context, Tensor value);
  Tensor register_buffer(const std::string& name, Tensor value);
  /// `module` must live as long as this one: a member, or owned otherwise.
  void register_module(const std::string& name, Module& module);

 private:
  /// visit(name with the inner modules' names in front, tensor)
  template <class Visit>
  void for_each_tensor(const std::string& prefix, const Visit& visit) const;

  bool training_ = true;
  std::vector<std::pair<std::string, Variable>> parameters_;
  std::vector<std::pair<std::string, Tensor>> buffers_;
  std::vector<std::pair<std::string, Module*>> modules_;
};

/// The state dict as a safetensors file, which PyTorch can read. Throws Error with the file's name.
void save_parameters(const Module& module, const std::string& file);
void load_parameters(Module& module, const std::string& file);

}  // namespace edge::autograd
