// Typical rates of a fixed camera, for the time before the trainer has answered, and for runs without one.
#include <algorithm>
#include <cassert>
#include <utility>

#include "roles/chain/frame_header.h"
#include "roles/prediction/rate_channels.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge::prediction {
namespace {

// Means over AlexNet and VGG16 and two videos of fixed cameras, one noisy, one not (docs/prediction.md).
// Bytes per element.
constexpr double typical_rate = 0.29;  // of the input's elements
constexpr double pixel_delta_bytes = 0.09;
constexpr double pixel_raw_bytes = 0.22;
constexpr double feature_delta_bytes = 1.25;
constexpr double feature_raw_bytes = 2.25;

class UntrainedPredictor final : public TransferPredictor {
 public:
  explicit UntrainedPredictor(const Graph& graph)
      : input_channels_(rate_channels(graph.layer(0).output_shape)) {
    for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
      const auto elements = static_cast<double>(graph.layer(layer).output_shape.elements());
      const bool pixels = graph.output_type(layer) == ElementType::u8;
      mean_.delta.push_back(elements * (pixels ? pixel_delta_bytes : feature_delta_bytes));
      mean_.raw.push_back(elements * (pixels ? pixel_raw_bytes : feature_raw_bytes));
    }
  }

  TransferBytes predict(std::span<const double> input_rates) const override {
    assert(input_rates.size() == input_channels_);
    double sum = 0;
    for (const double rate : input_rates) sum += rate > 0 ? std::min(rate, 1.0) : 0;
    const double share =
        sum / static_cast<double>(std::max<std::size_t>(input_rates.size(), 1)) / typical_rate;
    TransferBytes bytes = mean_;
    for (std::size_t layer = 0; layer < bytes.delta.size(); ++layer) {
      bytes.delta[layer] = std::min(bytes.delta[layer] * share, bytes.raw[layer]);
    }
    return bytes;
  }
  const TransferBytes& mean() const override { return mean_; }

 private:
  std::size_t input_channels_;
  TransferBytes mean_;
};

}  // namespace

std::shared_ptr<const TransferPredictor> untrained_predictor(const Graph& graph) {
  return std::make_shared<UntrainedPredictor>(graph);
}

}  // namespace edge::prediction
