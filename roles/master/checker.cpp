#include "roles/master/checker.h"

#include <fmt/format.h>

#include <algorithm>

namespace edge {

Checker::Checker(const Model& model, int threads)
    : model_(model), executor_(model.graph, *model.weights, {.threads = threads}) {}

bool Checker::check(const Array& pixels, const Array& output, bool exact) {
  ++checked_;
  exact_ = exact_ && exact;
  const LayerIndex last = model_.graph.output();
  const Array expected = executor_.run_range(1, model_.graph.size(), {{0, as_floats(pixels)}}).at(last);
  if (output.empty()) {
    explanation_ = "the chain sent no output";
  } else {
    const bool equal = bit_equal(output, expected);
    const double error = equal ? 0 : max_relative_error(output, expected);
    worst_ = std::max(worst_, error);
    if (exact ? equal : error <= tolerance) return true;
    explanation_ =
        fmt::format("the chain's output differs from the master's: relative error {:.2g}, {}", error,
                    exact ? "expected the same bits" : fmt::format("at most {:.0e} allowed", tolerance));
  }
  ++missed_;
  return false;
}

}  // namespace edge
