// What is known of devices, links and the scene, and what a group of frames costs by that: estimates that
// follow measurements, the frames as they were lately, and what the workers hold. One thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "roles/chain/stage_report.h"
#include "roles/config/config.h"
#include "roles/master/cost_estimator.h"
#include "roles/master/frame_change.h"
#include "roles/master/robust_estimate.h"
#include "roles/master/transfer_forecast.h"
#include "roles/model.h"
#include "roles/scheduling/costs.h"

namespace edge {

class ChainCosts {
 public:
  /// Both must outlive this.
  ChainCosts(const Config& config, const Model& model);

  /// Frames go through these workers of the chain from now on, which are numbered from 0 in all other calls.
  /// What they held is lost. `profiles` and `bandwidth`: of each of them.
  void begin_epoch(const scheduling::Route& route, std::vector<std::vector<double>> profiles,
                   std::vector<std::optional<double>> bandwidth);
  bool began() const { return estimator_.has_value(); }
  void set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor) {
    forecast_.set_predictor(std::move(predictor));
  }
  void add_transfer(int worker, const net::Transfer& transfer);
  /// The next frames are like this. Those that nothing changes in are not sent, and do not count.
  void add_to_scene(const std::vector<FrameChange>& changes);

  /// What workers hold of the frame before when a frame arrives.
  struct Held {
    std::vector<bool> kept;   ///< [w]: it keeps the outputs of the same layers
    std::vector<bool> whole;  ///< [w]: the tensors into w have no base there
  };
  /// A frame is sent by `plan`.
  Held sent(const scheduling::Plan& plan);
  /// A result was here so many seconds after the end of the last computation.
  void add_return(double seconds) { return_s_.add(seconds); }
  double return_s() const { return return_s_.value().value_or(0); }
  /// What the stages of such a frame took.
  void learn_from(const scheduling::Plan& plan, const FrameChange& change, const Held& held,
                  std::span<const chain::StageReport> stages);

  /// Frames as they were lately, as many as a group has, each the mean of a part of these; none: none was
  /// sent.
  std::vector<FrameChange> frames_of_late() const;
  /// Of a group whose frames change this; what begin_epoch() gives must be known. Without Costs::tried and
  /// stage_ready.
  scheduling::Costs of_group(const std::vector<FrameChange>& changes) const;
  const CostEstimator& estimator() const { return *estimator_; }
  /// Seconds of each worker for the whole network, of frames as they were lately.
  std::vector<double> whole_network_s() const;

 private:
  void add_usual(scheduling::Costs& costs) const;
  FrameChange mean_change(std::size_t begin, std::size_t end) const;
  std::vector<double> shares_of(const FrameChange& change) const;
  void learn_from_stage(const scheduling::Plan& plan, const FrameChange& change, const Held& held,
                        const chain::StageReport& report, double encode_s);

  const Graph& graph_;
  const std::vector<std::vector<LayerIndex>> boundary_;
  const std::size_t group_frames_;

  std::optional<CostEstimator> estimator_;
  TransferForecast forecast_;
  std::vector<std::vector<LayerIndex>>
      cached_;  ///< what each worker's input holds once all that was sent came
  /// Which layers' outputs each worker keeps once all that was sent came.
  std::vector<std::pair<LayerIndex, LayerIndex>> kept_;
  bool workers_keep_ = false;            ///< shares of what is dirty are known
  std::vector<double> last_compute_at_;  ///< by worker, its clock
  RobustEstimate return_s_;
  std::deque<FrameChange> recent_;  ///< of the last frames that were sent
};

}  // namespace edge
