#include "roles/master/delivery.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cassert>
#include <cstddef>
#include <iostream>
#include <utility>

namespace edge {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t gantt_frames = 6;

}  // namespace

void Delivery::begin(const FrameUnderWay& first) {
  const detection::Detector* const detector = options_.detector;
  output_.emplace(options_.config, options_.model, options_.lines, first.captured, options_.instance,
                  detector != nullptr ? &detector->labels : nullptr);
  if (options_.config.check) {
    checker_.emplace(options_.model, detector, options_.config.net.values,
                     resolve_threads(options_.config.threads));
  }
  if (detector != nullptr && !options_.draw.empty()) {
    const VideoConfig& video = options_.config.video;
    pictures_.emplace(options_.draw, video.source, options_.model.framing, detector->labels, video.loop);
  }
}

bool Delivery::deliver(FrameUnderWay frame) {
  if (!output_) begin(frame);
  const bool right = !checker_ || check(frame);
  write(frame);
  if (options_.gantt && !frame.unchanged) {
    last_frames_.push_back({.frame = frame.video_index, .stages = std::move(frame.result->stages)});
    if (last_frames_.size() > gantt_frames) last_frames_.pop_front();
  }
  return right;
}

bool Delivery::check(const FrameUnderWay& frame) {
  const auto start = steady_clock::now();
  const bool right = checker_->check(frame);
  trace_event("check", start, frame.frame, trace::Flow::none);
  output_->count_check(!right);
  if (!right) {
    output_->clear_progress();
    spdlog::error("frame {}: {}", frame.video_index, checker_->explanation());
  }
  return right;
}

void Delivery::write(const FrameUnderWay& frame) {
  output_->set_dropped(frame.dropped);
  const auto start = steady_clock::now();
  output_->write(frame);
  if (options_.truth != nullptr) options_.truth->write(frame.video_index);
  trace_event(frame.unchanged ? "write unchanged" : "write", start, frame.frame,
              frame.unchanged ? trace::Flow::none : trace::Flow::ends);
  if (!pictures_) return;
  const auto drawn = steady_clock::now();
  pictures_->write(frame.video_index, frame.pixels, frame.placement, frame.result->objects);
  trace_event("draw", drawn, frame.frame, trace::Flow::none);
}

void Delivery::trace_event(const char* name, steady_clock::time_point begin, std::uint64_t frame,
                           trace::Flow flow) {
  if (options_.trace == nullptr) return;
  options_.trace->add({.track = "output",
                       .name = name,
                       .begin = begin,
                       .end = steady_clock::now(),
                       .frame = frame,
                       .flow = flow});
}

void Delivery::finish(const PlanningSummary& planning) {
  assert(output_);
  if (checker_) {
    output_->set_agreement(checker_->exact() ? "bit for bit"
                                             : fmt::format("worst relative error {:.1e}", checker_->worst()));
  }
  output_->print_table(planning);
  std::cerr << format_gantt(last_frames_) << std::flush;
}

}  // namespace edge
