// The network `street`, as it is trained: engine/models/street.cpp is the same one for inference, with the
// same names of parameters. Threads: see autograd::Context.
#pragma once

#include "engine/autograd/layers.h"

namespace edge::street {

/// One cell of the output stands for so many rows and columns of the picture.
inline constexpr std::int64_t stride = 16;
/// Car and person.
inline constexpr std::int64_t classes = 2;
/// Of the output: a heat map per class (logits), and dx, dy, log width, log height, in cells.
inline constexpr std::int64_t outputs = classes + 4;

/// N x 3 x H x W, values in [0, 1], to N x outputs x H/16 x W/16 (rounded up).
class Detector final : public autograd::Module {
 public:
  Detector(autograd::Context& context, autograd::Generator& generator);
  autograd::Variable forward(const autograd::Variable& x) override;

 private:
  autograd::Sequential features_, head_;
};

}  // namespace edge::street
