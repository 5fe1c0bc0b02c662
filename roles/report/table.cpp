// The table at the end of a run.
#include "roles/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace edge {
namespace {

constexpr std::size_t name_columns = 26;

/// Code points; the names that we print have no wide or combining characters.
std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) {
    columns += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return columns;
}

/// Filled with spaces, or cut with an ellipsis, to exactly `columns`.
std::string fitted(std::string text, std::size_t columns) {
  if (columns_of(text) > columns) {
    while (columns_of(text) > columns - 1) {
      do {
        text.pop_back();
      } while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U);
    }
    text += "…";
  }
  return text + std::string(columns - columns_of(text), ' ');
}

/// The bounds are those at which rounding would add a digit.
std::string three_digits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

/// A share of 0..1 as "45 %"; "-" if there is nothing to have a share of.
std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
}

std::string kilobytes(double bytes) {
  return fmt::format("{:.1f}", bytes / 1000);
}

std::string format_run(const RunSummary& summary) {
  if (summary.frames == 0) {
    return summary.dropped_frames > 0 ? fmt::format("no frames, {} dropped\n", summary.dropped_frames)
                                      : "no frames\n";
  }
  std::string text = fmt::format("{} frames in {}, {} frames/s", summary.frames,
                                 format_seconds(summary.duration_s), three_digits(summary.frames_per_second));
  if (summary.unchanged_frames > 0) {
    text += fmt::format(", {} unchanged (not sent)", summary.unchanged_frames);
  }
  if (summary.dropped_frames > 0) {
    text += fmt::format(", {} dropped", summary.dropped_frames);
  }
  const std::string of = summary.unchanged_frames > 0
                             ? fmt::format("   (of {} sent)", summary.frames - summary.unchanged_frames)
                             : "";
  text += fmt::format("\nlatency   mean {}   p50 {}   p95 {}   max {}{}\n",
                      format_seconds(summary.latency_mean_s), format_seconds(summary.latency_p50_s),
                      format_seconds(summary.latency_p95_s), format_seconds(summary.latency_max_s), of);
  if (!summary.plan.empty()) {
    const std::string share =
        summary.several_plans ? fmt::format("   ({:.0f} % of the frames)", 100 * summary.plan_share) : "";
    const std::size_t room = 80 - std::string_view("layers    ").size() - share.size();
    std::string plan = summary.plan;
    if (plan.size() > room) {
      plan = fitted(plan, room);
    }
    text += fmt::format("layers    {}{}\n", plan, share);
  }
  return text;
}

std::string format_links(const RunSummary& summary) {
  const bool rounded = std::any_of(summary.links.begin(), summary.links.end(),
                                   [](const LinkSummary& link) { return link.values_error > 0; });
  // With a column more, all are narrower.
  const std::size_t narrower = rounded ? 1 : 0;
  const auto line = [&](const std::string& name, const std::string& sent, const std::string& raw,
                        const std::string& raw_share, const std::string& full, const std::string& full_share,
                        const std::string& error) {
    std::string text = fmt::format(
        "{}{:>{}}{:>{}}{:>{}}{:>{}}{:>{}}", fitted(name, name_columns - 4 * narrower), sent, 10 - narrower,
        raw, 12 - narrower, raw_share, 10 - narrower, full, 11 - narrower, full_share, 10 - narrower);
    if (rounded) text += fmt::format("{:>9}", error);
    return text + '\n';
  };
  std::string text =
      '\n' + line(summary.unchanged_frames > 0 ? "link, kB per sent frame" : "link, kB per frame", "sent",
                  "as float32", "share", "mode full", "share", "error");
  for (const LinkSummary& link : summary.links) {
    text += line(link.name, kilobytes(link.sent), kilobytes(link.raw_float),
                 percent(link.sent, link.raw_float), kilobytes(link.full), percent(link.sent, link.full),
                 link.values_error > 0 ? fmt::format("{:.2g} %", 100 * link.values_error) : "-");
  }
  return text;
}

/// How much of the layers changed and was computed; nothing if all was.
std::string format_computed(const RunSummary& summary) {
  constexpr double all = 0.9995;
  std::string list;
  for (std::size_t i = 0; i < summary.workers.size(); ++i) {
    const std::optional<double>& computed = summary.workers[i].computed;
    if (!computed) continue;
    list += fmt::format("{}worker {} {}", list.empty() ? "" : ", ", i, percent(*computed, 1));
  }
  const bool some =
      std::any_of(summary.workers.begin(), summary.workers.end(),
                  [](const WorkerSummary& worker) { return worker.computed && *worker.computed < all; });
  return some ? fmt::format("computed, share of the multiply-adds of its layers: {}\n", list) : "";
}

std::string format_workers(const RunSummary& summary) {
  std::string text =
      fmt::format("\n{}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}\n", fitted("worker, share of the run", name_columns),
                  "receive", "decode", "compute", "encode", "send", "wait");
  for (std::size_t i = 0; i < summary.workers.size(); ++i) {
    const WorkerSummary& worker = summary.workers[i];
    text += fitted(fmt::format("{} {}", i, worker.name), name_columns);
    for (const double share :
         {worker.receive, worker.decode, worker.compute, worker.encode, worker.send, worker.wait}) {
      text += fmt::format("{:>9}", percent(share, 1));
    }
    text += '\n';
  }
  return text + format_computed(summary);
}

std::string format_gain(const SingleDevice& device) {
  std::string text =
      fmt::format("\nworker {} alone ({}): {} per frame", device.worker,
                  device.measured ? "measured" : "by its profile", format_seconds(device.seconds_per_frame));
  if (device.gain) {
    text += *device.gain >= 1 ? fmt::format("; the chain gains {:.1f}x", *device.gain)
                              : fmt::format("; the chain is slower, {:.2f}x", *device.gain);
  }
  return text + '\n';
}

std::string format_check(const RunSummary& summary) {
  return summary.mismatched_frames == 0
             ? fmt::format("check: {} frames right{}{}\n", summary.checked_frames,
                           summary.agreement.empty() ? "" : ", ", summary.agreement)
             : fmt::format("check: {} of {} results DIFFER from the master's own\n",
                           summary.mismatched_frames, summary.checked_frames);
}

}  // namespace

std::string format_seconds(double seconds) {
  if (seconds < 0.9995) {
    return three_digits(seconds * 1000) + " ms";
  }
  return three_digits(seconds) + " s";
}

std::string format_table(const RunSummary& summary) {
  std::string text = format_run(summary);
  if (summary.frames > 0) {
    text += format_links(summary) + format_workers(summary);
  }
  if (summary.best_single_device) {
    text += format_gain(*summary.best_single_device);
  }
  if (summary.checked_frames > 0) {
    text += format_check(summary);
  }
  return text;
}

}  // namespace edge
