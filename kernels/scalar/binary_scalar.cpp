// Two-operand kernels, the readable truth that the other ISAs are tested against. Pure functions,
// thread-safe.
#include <cmath>

#include "kernels/binary_kernels.h"

namespace edge::kernels {
namespace {

struct Operands {
  const float* a;
  std::size_t a_step;
  const float* b;
  std::size_t b_step;
};

template <class Function>
void each(const Operands& in, float* out, std::size_t count, const Function& function) {
  for (std::size_t i = 0; i < count; ++i) out[i] = function(in.a[i * in.a_step], in.b[i * in.b_step]);
}

float truth(bool value) {
  return value ? 1.0F : 0.0F;
}

void run(BinaryFunction function, const float* a, std::size_t a_step, const float* b, std::size_t b_step,
         float* out, std::size_t count) {
  const Operands in{a, a_step, b, b_step};
  switch (function) {
    case BinaryFunction::add:
      return each(in, out, count, [](float x, float y) { return x + y; });
    case BinaryFunction::subtract:
      return each(in, out, count, [](float x, float y) { return x - y; });
    case BinaryFunction::multiply:
      return each(in, out, count, [](float x, float y) { return x * y; });
    case BinaryFunction::divide:
      return each(in, out, count, [](float x, float y) { return x / y; });
    case BinaryFunction::minimum:
      return each(in, out, count, [](float x, float y) { return x < y ? x : y; });
    case BinaryFunction::maximum:
      return each(in, out, count, [](float x, float y) { return x > y ? x : y; });
    case BinaryFunction::power:
      return each(in, out, count, [](float x, float y) {
        return static_cast<float>(std::pow(static_cast<double>(x), static_cast<double>(y)));
      });
    case BinaryFunction::modulo:
      return each(in, out, count, [](float x, float y) {
        const float rest = std::fmod(x, y);
        return rest != 0 && std::signbit(rest) != std::signbit(y) ? rest + y : rest;
      });
    case BinaryFunction::leaky:
      return each(in, out, count, [](float x, float y) { return x < 0 ? x * y : x; });
    case BinaryFunction::equal:
      return each(in, out, count, [](float x, float y) { return truth(x == y); });
    case BinaryFunction::greater:
      return each(in, out, count, [](float x, float y) { return truth(x > y); });
    case BinaryFunction::greater_or_equal:
      return each(in, out, count, [](float x, float y) { return truth(x >= y); });
    case BinaryFunction::less:
      return each(in, out, count, [](float x, float y) { return truth(x < y); });
    case BinaryFunction::less_or_equal:
      return each(in, out, count, [](float x, float y) { return truth(x <= y); });
    case BinaryFunction::logical_and:
      return each(in, out, count, [](float x, float y) { return truth(x != 0 && y != 0); });
    case BinaryFunction::logical_or:
      return each(in, out, count, [](float x, float y) { return truth(x != 0 || y != 0); });
    case BinaryFunction::logical_xor:
      return each(in, out, count, [](float x, float y) { return truth((x != 0) != (y != 0)); });
  }
}

}  // namespace

const BinaryKernels binary_scalar = {Isa::scalar, BinaryFunction::logical_xor, run};

}  // namespace edge::kernels
