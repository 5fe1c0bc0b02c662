// Cases without multiply-adds to count: what should be as fast as the memory.
#include <memory>

#include "cases.h"
#include "kernels/cpu.h"
#include "kernels/delta.h"
#include "kernels/lrn.h"
#include "kernels/pointwise.h"
#include "kernels/pooling.h"
#include "kernels/softmax.h"
#include "kernels/thread_pool.h"

namespace edge::count {
namespace {

using kernels::ThreadPool;

Work pool(decltype(kernels::max_pool2d)* kernel, std::int64_t planes, std::int64_t rows, std::int64_t columns,
          std::int64_t window, std::int64_t stride, std::int64_t padding) {
  const kernels::Pool2dShape shape{.planes = planes,
                                   .in_rows = rows,
                                   .in_columns = columns,
                                   .kernel_rows = window,
                                   .kernel_columns = window,
                                   .stride_rows = stride,
                                   .stride_columns = stride,
                                   .padding_rows = padding,
                                   .padding_columns = padding};
  const std::int64_t inputs = planes * rows * columns;
  const auto in = std::make_shared<std::vector<float>>(values(inputs));
  const auto out = std::make_shared<std::vector<float>>(planes * shape.out_rows() * shape.out_columns());
  const auto threads = std::make_shared<ThreadPool>(1);
  return {[=] { kernel(kernels::active_isa(), shape, in->data(), out->data(), *threads); }, inputs};
}

Work adaptive_average_pool(std::int64_t planes, std::int64_t rows, std::int64_t columns,
                           std::int64_t out_rows, std::int64_t out_columns) {
  const auto in = std::make_shared<std::vector<float>>(values(planes * rows * columns));
  const auto out = std::make_shared<std::vector<float>>(planes * out_rows * out_columns);
  const auto threads = std::make_shared<ThreadPool>(1);
  return {[=] {
            kernels::adaptive_average_pool2d(kernels::active_isa(), planes, rows, columns, out_rows,
                                             out_columns, in->data(), out->data(), *threads);
          },
          planes * rows * columns};
}

Work local_response_norm() {
  const kernels::LrnShape shape{.channels = 64, .plane = 55 * 55};
  const auto in = std::make_shared<std::vector<float>>(values(shape.channels * shape.plane));
  const auto out = std::make_shared<std::vector<float>>(in->size());
  const auto threads = std::make_shared<ThreadPool>(1);
  return {
      [=] { kernels::local_response_norm(kernels::active_isa(), shape, in->data(), out->data(), *threads); },
      shape.channels * shape.plane};
}

/// Elementwise kernels and softmax: run(in, out, count) on 10000 floats.
Work elementwise(std::function<void(const float*, float*, std::size_t)> run) {
  const auto in = std::make_shared<std::vector<float>>(values(10000));
  const auto out = std::make_shared<std::vector<float>>(in->size());
  return {[=] { run(in->data(), out->data(), in->size()); }, 10000};
}

/// Kernels on bytes, likewise: one frame's row of bytes in, 4 bytes out for each.
Work bytewise(std::function<void(std::uint8_t*, std::uint8_t*, std::size_t)> run) {
  const std::vector<float> random = values(12000);
  const auto in = std::make_shared<std::vector<std::uint8_t>>();
  for (const float value : random) in->push_back(static_cast<std::uint8_t>(value * 127));
  const auto out = std::make_shared<std::vector<std::uint8_t>>(4 * in->size());
  return {[=] { run(in->data(), out->data(), in->size()); }, 12000};
}

/// Two tensors, of which nearly half of the values differ, and what the delta kernels make of them.
template <class Value>
struct Change {
  std::vector<Value> old_values = std::vector<Value>(12000, 1);
  std::vector<Value> new_values = old_values;
  std::vector<Value> packed = std::vector<Value>(12008);
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(1500);
};
template <class Value, class Run>
Work delta(const Run& run) {
  const auto change = std::make_shared<Change<Value>>();
  std::uint32_t state = 1;
  for (Value& value : change->new_values) {
    state = state * 1664525U + 1013904223U;
    if (state % 100000 < 45000) value = 2;
  }
  kernels::compare_to_mask(kernels::active_isa(), change->new_values.data(), change->old_values.data(), 12000,
                           change->mask.data());
  return {[=] { run(kernels::active_isa(), *change); }, 12000};
}
constexpr auto compare_to_mask = [](auto isa, auto& change) {
  kernels::compare_to_mask(isa, change.new_values.data(), change.old_values.data(), 12000,
                           change.mask.data());
};
constexpr auto compress = [](auto isa, auto& change) {
  kernels::compress(isa, change.new_values.data(), change.mask.data(), 12000, change.packed.data());
};
constexpr auto expand = [](auto isa, auto& change) {
  kernels::expand(isa, change.packed.data(), change.mask.data(), 12000, change.old_values.data());
};

}  // namespace

std::vector<Case> streaming_cases() {
  return {
      {"max-pool-3x3/2", [] { return pool(kernels::max_pool2d, 64, 55, 55, 3, 2, 0); }},
      {"max-pool-3x3/2-padded", [] { return pool(kernels::max_pool2d, 64, 112, 112, 3, 2, 1); }},
      {"max-pool-2x2/2", [] { return pool(kernels::max_pool2d, 64, 112, 112, 2, 2, 0); }},
      {"max-pool-2x2/2-small", [] { return pool(kernels::max_pool2d, 512, 14, 14, 2, 2, 0); }},
      {"max-pool-3x3/1-28", [] { return pool(kernels::max_pool2d, 192, 28, 28, 3, 1, 1); }},
      {"max-pool-3x3/1-14", [] { return pool(kernels::max_pool2d, 480, 14, 14, 3, 1, 1); }},
      {"max-pool-3x3/1-7", [] { return pool(kernels::max_pool2d, 832, 7, 7, 3, 1, 1); }},
      {"average-pool-3x3/1", [] { return pool(kernels::average_pool2d, 64, 28, 28, 3, 1, 1); }},
      {"average-pool-2x2/2", [] { return pool(kernels::average_pool2d, 64, 56, 56, 2, 2, 0); }},
      {"adaptive-average-7x7-1x1", [] { return adaptive_average_pool(512, 7, 7, 1, 1); }},
      {"adaptive-average-6x6-6x6", [] { return adaptive_average_pool(256, 6, 6, 6, 6); }},
      {"local-response-norm", local_response_norm},
      {"softmax",
       [] {
         return elementwise([](const float* in, float* out, std::size_t count) {
           kernels::softmax(kernels::active_isa(), in, out, 1, count);
         });
       }},
      {"relu",
       [] {
         return elementwise([](const float* in, float* out, std::size_t count) {
           kernels::relu(kernels::active_isa(), in, out, count);
         });
       }},
      {"clipped-relu",
       [] {
         return elementwise([](const float* in, float* out, std::size_t count) {
           kernels::clipped_relu(kernels::active_isa(), in, out, count, 6);
         });
       }},
      {"add-relu",
       [] {
         return elementwise([](const float* in, float* out, std::size_t count) {
           kernels::add(kernels::active_isa(), in, out, out, count, kernels::Activation::relu());
         });
       }},
      {"u8-to-unit-float",
       [] {
         return bytewise([](const std::uint8_t* in, std::uint8_t* out, std::size_t count) {
           kernels::u8_to_unit_float(kernels::active_isa(), in, reinterpret_cast<float*>(out), count);
         });
       }},
      {"rgb-to-planar",
       [] {
         return bytewise([](const std::uint8_t* in, std::uint8_t* out, std::size_t count) {
           kernels::rgb_to_planar(kernels::active_isa(), in, out, count / 3);
         });
       }},
      {"deadband",
       [] {
         return bytewise([](const std::uint8_t* in, std::uint8_t* out, std::size_t count) {
           kernels::deadband(kernels::active_isa(), in, out, count, 2);
         });
       }},
      {"compare-to-mask-f32", [] { return delta<std::uint32_t>(compare_to_mask); }},
      {"compare-to-mask-u8", [] { return delta<std::uint8_t>(compare_to_mask); }},
      {"compress-f32", [] { return delta<std::uint32_t>(compress); }},
      {"compress-u8", [] { return delta<std::uint8_t>(compress); }},
      {"expand-f32", [] { return delta<std::uint32_t>(expand); }},
      {"expand-u8", [] { return delta<std::uint8_t>(expand); }},
      {"split-planes",
       [] {
         return delta<std::uint32_t>([](auto isa, auto& change) {
           kernels::split_planes(isa, change.new_values.data(), 12000,
                                 reinterpret_cast<std::uint8_t*>(change.packed.data()));
         });
       }},
      {"join-planes",
       [] {
         return delta<std::uint32_t>([](auto isa, auto& change) {
           kernels::join_planes(isa, reinterpret_cast<const std::uint8_t*>(change.packed.data()), 12000,
                                change.new_values.data());
         });
       }},
  };
}

}  // namespace edge::count
