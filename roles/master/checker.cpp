#include "roles/master/checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/network_outputs.h"
#include "engine/printable.h"
#include "roles/worker/frame_work.h"

namespace edge {

Checker::Checker(const Model& model, const detection::Detector* detector, ValueFormat values, int threads)
    : model_(model),
      detector_(detector),
      values_(values),
      executor_(model.graph, *model.weights, {.threads = threads}) {}

bool Checker::check(const FrameUnderWay& frame) {
  ++checked_;
  // Workers round against the frames before of the same epoch. A frame whose result came in an older epoch
  // than that of a frame in front of it (whose plan ended later) had other frames before it than those that
  // are seen here.
  const bool known = values_ == ValueFormat::exact || frame.result->run.epoch >= epoch_;
  const bool exact = frame.same_isa && known;
  exact_ = exact_ && exact;
  const std::vector<Array> expected = outputs_in_order(model_.graph, compute(frame));
  if (compare_outputs(frame.result->outputs, expected, exact) && compare_objects(frame, expected, exact)) {
    return true;
  }
  ++missed_;
  return false;
}

TensorMap Checker::compute(const FrameUnderWay& frame) {
  const Graph& graph = model_.graph;
  if (values_ == ValueFormat::exact) {
    return executor_.run_range(1, graph.size(), {{0, as_floats(frame.pixels)}});
  }
  const std::uint32_t epoch = frame.result->run.epoch;
  const bool of_older_epoch = epoch < epoch_;
  if (epoch > epoch_) rounders_.clear();
  epoch_ = std::max(epoch_, epoch);
  const std::vector<LayerIndex>& ends = frame.plan.ends;
  rounders_.resize(ends.size());
  net::ArrayMap arrays{{0, frame.pixels}};
  for (const int number : frame.route) {
    const auto worker = static_cast<std::size_t>(number);
    const LayerIndex first = frame.plan.begin(number);
    arrays = run_layers(executor_, graph, arrays, first, ends[worker]);
    if (ends[worker] == graph.size()) break;
    net::ValueRounder alone;
    arrays = (of_older_epoch ? alone : rounders_[worker]).round(values_, arrays, first);
  }
  return arrays;
}

bool Checker::compare_outputs(const std::vector<Array>& outputs, const std::vector<Array>& expected,
                              bool exact) {
  if (outputs.size() != expected.size()) {
    explanation_ = "the chain sent no output";
    return false;
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const bool equal = bit_equal(outputs[i], expected[i]);
    const double error = equal ? 0 : max_relative_error(outputs[i], expected[i]);
    worst_ = std::max(worst_, error);
    if (exact ? equal : error <= tolerance(values_)) continue;
    const std::string which =
        outputs.size() == 1
            ? "output"
            : fmt::format("output {}", printable(model_.graph.layer(model_.graph.outputs()[i]).name, 60));
    explanation_ = fmt::format(
        "the chain's {} differs from the master's: relative error {:.2g}, {}", which, error,
        exact ? "expected the same bits" : fmt::format("at most {:.0e} allowed", tolerance(values_)));
    return false;
  }
  return true;
}

/// Of the same bits the same objects are made. Of nearly the same ones another device may have made others: a
/// score may be on the other side of the threshold.
bool Checker::compare_objects(const FrameUnderWay& frame, const std::vector<Array>& expected, bool exact) {
  if (detector_ == nullptr || !frame.result->has_objects || !exact) return true;
  const std::vector<detection::Detection> own =
      detection::find_objects(*detector_->decoder, expected, detector_->wanted, frame.placement);
  const std::vector<detection::Detection>& sent = frame.result->objects;
  const auto same = [](const detection::Detection& a, const detection::Detection& b) {
    return a.class_index == b.class_index && a.score == b.score && a.box.left == b.box.left &&
           a.box.top == b.box.top && a.box.right == b.box.right && a.box.bottom == b.box.bottom;
  };
  const auto [own_end, sent_end] = std::mismatch(own.begin(), own.end(), sent.begin(), sent.end(), same);
  if (own_end == own.end() && sent_end == sent.end()) return true;
  explanation_ = fmt::format(
      "the chain's objects differ from the master's: {} instead of {}, the first that "
      "differs is number {}",
      sent.size(), own.size(), own_end - own.begin());
  return false;
}

}  // namespace edge
