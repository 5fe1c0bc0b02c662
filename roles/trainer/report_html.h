// The trainer's report as one HTML file without references to anything outside. Pure function, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "roles/trainer/judgement.h"

namespace edge::trainer {

struct ReportTitle {
  std::string model;   ///< for people: "alexnet features, 480x720, seed 1"
  std::string source;  ///< of the video
  int training = 0;    ///< transitions learnt from; the held-out ones follow
};

std::string report_html(const ReportTitle& title, const std::vector<LayerJudgement>& layers);

}  // namespace edge::trainer
