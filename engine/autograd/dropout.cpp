#include "engine/autograd/dropout.h"

#include <string>
#include <utility>

#include "engine/autograd/elementwise.h"
#include "engine/error.h"

namespace edge::autograd {

Variable dropout(const Variable& x, double probability, Generator& generator) {
  if (!(probability >= 0 && probability < 1)) {
    throw Error("dropout: a probability of " + std::to_string(probability) + " is not in [0, 1)");
  }
  Tensor mask(x.shape());
  const auto scale = static_cast<float>(1 / (1 - probability));
  for (float& value : mask.values()) value = double{uniform(generator)} < probability ? 0.0F : scale;
  return x * Variable(x.context(), std::move(mask));
}

}  // namespace edge::autograd
