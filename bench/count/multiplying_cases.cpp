// Cases with multiply-adds: gemm, fully connected layers, convolutions.
#include <memory>

#include "cases.h"
#include "kernels/conv2d.h"
#include "kernels/cpu.h"
#include "kernels/gemm.h"
#include "kernels/linear.h"
#include "kernels/thread_pool.h"

namespace edge::count {
namespace {

using kernels::Conv2dShape;
using kernels::ThreadPool;

Work sgemm(std::int64_t m, std::int64_t n, std::int64_t k) {
  struct State {
    std::vector<float> a, b, c;
    ThreadPool pool{1};
  };
  const auto state = std::make_shared<State>();
  state->a = values(m * k);
  state->b = values(k * n);
  state->c = values(m * n);
  return {[=] {
            using kernels::Transpose;
            kernels::sgemm(Transpose::no, Transpose::no, m, n, k, 1, state->a.data(), k, state->b.data(), n,
                           0, state->c.data(), n, state->pool);
          },
          m * n * k};
}

Work linear(std::int64_t in_features, std::int64_t out_features) {
  struct State {
    std::vector<float> in, weights, bias, out;
    ThreadPool pool{1};
  };
  const auto state = std::make_shared<State>();
  state->in = values(in_features);
  state->weights = values(in_features * out_features);
  state->bias = values(out_features);
  state->out = values(out_features);
  return {[=] {
            kernels::linear(kernels::active_isa(), state->in.data(), state->weights.data(),
                            state->bias.data(), state->out.data(), 1, in_features, out_features,
                            kernels::Activation::relu(), state->pool);
          },
          in_features * out_features};
}

struct Convolution {
  std::int64_t in_channels, rows, columns, out_channels, kernel, stride, padding, groups = 1;
};

Work conv(const Convolution& layer) {
  const Conv2dShape shape{.in_channels = layer.in_channels,
                          .in_rows = layer.rows,
                          .in_columns = layer.columns,
                          .out_channels = layer.out_channels,
                          .kernel_rows = layer.kernel,
                          .kernel_columns = layer.kernel,
                          .stride_rows = layer.stride,
                          .stride_columns = layer.stride,
                          .padding_rows = layer.padding,
                          .padding_columns = layer.padding,
                          .groups = layer.groups};
  struct State {
    std::vector<float> in, bias, out, workspace;
    kernels::PackedConv2d conv;
    ThreadPool pool{1};
  };
  const auto weights = values(shape.out_channels * shape.in_channels / shape.groups * shape.kernel_rows *
                              shape.kernel_columns);
  const std::shared_ptr<State> state(
      new State{.in = values(shape.in_channels * shape.in_rows * shape.in_columns),
                .bias = values(shape.out_channels),
                .out = values(shape.out_channels * shape.out_rows() * shape.out_columns()),
                .workspace = {},
                .conv = {shape, weights.data(), kernels::active_isa()}});
  state->workspace.resize(state->conv.workspace_floats(1));
  return {[=] {
            state->conv.run(state->in.data(), state->out.data(),
                            {.bias = state->bias.data(), .activation = kernels::Activation::relu()},
                            state->workspace, state->pool);
          },
          shape.macs()};
}

}  // namespace

std::vector<Case> multiplying_cases() {
  return {
      {"sgemm-256", [] { return sgemm(256, 256, 256); }},
      {"sgemm-512", [] { return sgemm(512, 512, 512); }},
      {"linear-4096x1000", [] { return linear(4096, 1000); }},
      {"conv-11x11/4-alexnet1",
       [] {
         return conv({3, 224, 224, 64, 11, 4, 2});
       }},
      {"conv-5x5-alexnet2",
       [] {
         return conv({64, 27, 27, 192, 5, 1, 2});
       }},
      {"conv-3x3-alexnet3",
       [] {
         return conv({192, 13, 13, 384, 3, 1, 1});
       }},
      {"conv-3x3-vgg1",
       [] {
         return conv({3, 112, 112, 64, 3, 1, 1});
       }},
      {"conv-3x3-vgg3",
       [] {
         return conv({128, 56, 56, 128, 3, 1, 1});
       }},
      {"conv-3x3-vgg5",
       [] {
         return conv({256, 14, 14, 256, 3, 1, 1});
       }},
      {"conv-3x3/2",
       [] {
         return conv({64, 56, 56, 128, 3, 2, 1});
       }},
      {"conv-7x7/2-resnet1",
       [] {
         return conv({3, 224, 224, 64, 7, 2, 3});
       }},
      {"conv-1x1-56",
       [] {
         return conv({64, 56, 56, 256, 1, 1, 0});
       }},
      {"conv-1x1-14",
       [] {
         return conv({256, 14, 14, 256, 1, 1, 0});
       }},
      {"conv-3x3-resnet4",
       [] {
         return conv({512, 7, 7, 512, 3, 1, 1});
       }},
      {"conv-1x1/2",
       [] {
         return conv({256, 28, 28, 512, 1, 2, 0});
       }},
      {"depthwise-3x3",
       [] {
         return conv({96, 56, 56, 96, 3, 1, 1, 96});
       }},
      {"depthwise-3x3/2",
       [] {
         return conv({96, 56, 56, 96, 3, 2, 1, 96});
       }},
  };
}

}  // namespace edge::count
