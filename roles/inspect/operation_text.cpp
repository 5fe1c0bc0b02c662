// An operation in a few words, for tables and pictures.
#include "roles/inspect/operation_text.h"

#include <fmt/format.h>

#include <type_traits>
#include <variant>

namespace edge::inspect {
namespace {

std::string square_or_both(const Extent2d& extent) {
  return extent.rows == extent.columns ? fmt::format("{}", extent.rows)
                                       : fmt::format("{}x{}", extent.rows, extent.columns);
}

/// "3x3/2"
std::string window(const Extent2d& kernel, const Extent2d& stride) {
  const std::string text = fmt::format("{}x{}", kernel.rows, kernel.columns);
  return stride == Extent2d{1, 1} ? text : text + "/" + square_or_both(stride);
}

std::string unless(const Extent2d& usual, const char* what, const Extent2d& extent) {
  return extent == usual ? "" : fmt::format(", {} {}", what, square_or_both(extent));
}

std::string text_of(const Conv2dLayer& conv) {
  std::string text = fmt::format("conv {}, {}", window(conv.kernel, conv.stride), conv.out_channels);
  text += unless({0, 0}, "pad", conv.padding) + unless({1, 1}, "dilation", conv.dilation);
  if (conv.groups != 1) text += fmt::format(", groups {}", conv.groups);
  if (conv.norm) {
    text += ", bn";
  } else if (!conv.bias) {
    text += ", no bias";
  }
  return text;
}

std::string text_of(const MaxPool2dLayer& pool) {
  return "max pool " + window(pool.kernel, pool.stride) + unless({0, 0}, "pad", pool.padding) +
         unless({1, 1}, "dilation", pool.dilation) + (pool.ceil_mode ? ", ceil" : "");
}

std::string text_of(const AveragePool2dLayer& pool) {
  return "avg pool " + window(pool.kernel, pool.stride) + unless({0, 0}, "pad", pool.padding) +
         (pool.ceil_mode ? ", ceil" : "");
}

std::string text_of(const AdaptiveAveragePool2dLayer& pool) {
  return fmt::format("avg pool to {}x{}", pool.output.rows, pool.output.columns);
}

std::string text_of(const LinearLayer& linear) {
  return fmt::format("linear {}{}", linear.out_features, linear.bias ? "" : ", no bias");
}

std::string text_of(const LocalResponseNormLayer& norm) {
  return fmt::format("response norm {}", norm.size);
}

std::string text_of(const BatchNorm2dLayer&) {
  return "batch norm";
}

std::string text_of(const ChannelScaleLayer&) {
  return "scale channels";
}

template <class T, class... Types>
constexpr bool is_one_of = (std::is_same_v<T, Types> || ...);

}  // namespace

std::string operation_text(const Operation& operation) {
  return std::visit(
      [&](const auto& settings) -> std::string {
        if constexpr (requires { text_of(settings); }) {
          return text_of(settings);
        } else {
          return operation_name(operation);
        }
      },
      operation);
}

bool is_minor(const Operation& operation) {
  return std::visit(
      [](const auto& settings) {
        return is_one_of<std::decay_t<decltype(settings)>, ReluLayer, Relu6Layer, DropoutLayer, FlattenLayer,
                         AddLayer, SoftmaxLayer>;
      },
      operation);
}

}  // namespace edge::inspect
