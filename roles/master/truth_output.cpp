#include "roles/master/truth_output.h"

#include "roles/report/truth_line.h"

namespace edge {

TruthOutput::TruthOutput(const Config& config, const std::string& file)
    : truth_(config.video.source, {config.model.rows, config.model.columns}),
      lines_(file, Existing::overwrite) {}

void TruthOutput::write(std::uint64_t index) {
  lines_.write(truth_line(index, truth_.objects(index)));
}

}  // namespace edge
