#include "engine/autograd/module.h"

#include <algorithm>
#include <cassert>

#include "engine/error.h"

namespace edge::autograd {

std::vector<Variable> Module::parameters() const {
  std::vector<Variable> result;
  for (const auto& [name, parameter] : parameters_) result.push_back(parameter);
  for (const auto& [name, module] : modules_) {
    const std::vector<Variable> inner = module->parameters();
    result.insert(result.end(), inner.begin(), inner.end());
  }
  return result;
}

template <class Visit>
void Module::for_each_tensor(const std::string& prefix, const Visit& visit) const {
  for (const auto& [name, parameter] : parameters_) visit(prefix + name, parameter.value());
  for (const auto& [name, buffer] : buffers_) visit(prefix + name, buffer);
  for (const auto& [name, module] : modules_) module->for_each_tensor(prefix + name + ".", visit);
}

NamedTensors Module::state_dict() const {
  NamedTensors state;
  for_each_tensor("", [&](const std::string& name, const Tensor& tensor) {
    const bool added = state.emplace(name, tensor).second;
    assert(added);
    (void)added;
  });
  return state;
}

void Module::load_state_dict(const NamedTensors& state) {
  NamedTensors own = state_dict();
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) throw Error("parameter \"" + name + "\" is missing");
    if (found->second.shape() != tensor.shape()) {
      throw Error("parameter \"" + name + "\" has " + found->second.shape().to_string() + " instead of " +
                  tensor.shape().to_string());
    }
  }
  for (const auto& [name, tensor] : state) {
    if (!own.contains(name)) throw Error("parameter \"" + name + "\" is not one of this network's");
  }
  for (auto& [name, tensor] : own) {
    const Tensor& from = state.at(name);
    std::copy_n(from.data(), from.elements(), tensor.data());
  }
}

void Module::set_training(bool training) {
  training_ = training;
  for (const auto& [name, module] : modules_) module->set_training(training);
}

Variable Module::register_parameter(const std::string& name, Context& context, Tensor value) {
  return parameters_.emplace_back(name, Variable(context, std::move(value), true)).second;
}

Tensor Module::register_buffer(const std::string& name, Tensor value) {
  return buffers_.emplace_back(name, std::move(value)).second;
}

void Module::register_module(const std::string& name, Module& module) {
  modules_.emplace_back(name, &module);
}

void save_parameters(const Module& module, const std::string& file) {
  save_safetensors(file, module.state_dict());
}

void load_parameters(Module& module, const std::string& file) {
  const NamedTensors state = load_safetensors(file);
  try {
    module.load_state_dict(state);
  } catch (const Error& error) {
    throw Error(file + ": " + error.what());
  }
}

}  // namespace edge::autograd
