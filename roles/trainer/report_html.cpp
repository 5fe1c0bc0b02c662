#include "roles/trainer/report_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "roles/report/html_text.h"
#include "roles/trainer/report/embedded.h"

namespace edge::trainer {
namespace {

constexpr double chart_width = 340;
constexpr double chart_height = 90;
constexpr double left = 44;  // of the plot inside the chart, room for numbers
constexpr double top = 8;
constexpr double bottom = 16;

constexpr const char* head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>edge trainer</title>
<style>
)";

constexpr const char* body = R"(</style>
</head>
<body>
)";

/// Where values lie on the picture.
struct Scale {
  int first = 0;
  int last = 1;
  double most = 1;

  double x(int transition) const {
    const double share = last > first ? static_cast<double>(transition - first) / (last - first) : 0.5;
    return left + share * (chart_width - left - 4);
  }
  double y(double value) const {
    return top + (1 - std::clamp(value / most, 0.0, 1.0)) * (chart_height - top - bottom);
  }
};

std::string line(const std::vector<Pair>& pairs, const Scale& scale, double Pair::*value, const char* name) {
  std::string text = fmt::format("<polyline class=\"{}\" points=\"", name);
  for (const Pair& pair : pairs) {
    fmt::format_to(std::back_inserter(text), "{:.1f},{:.1f} ", scale.x(pair.transition),
                   scale.y(pair.*value));
  }
  text += "\"/>";
  for (const Pair& pair : pairs) {
    fmt::format_to(std::back_inserter(text), "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"1.8\"/>",
                   name, scale.x(pair.transition), scale.y(pair.*value));
  }
  return text;
}

/// True and predicted values over the frames, from 0 to `most`. `unit` follows the number at the top.
std::string chart(const std::vector<Pair>& pairs, double most, const std::string& top_label) {
  if (pairs.empty()) return "";
  const Scale scale{.first = pairs.front().transition, .last = pairs.back().transition, .most = most};
  std::string svg = fmt::format("<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">",
                                chart_width, chart_height);
  for (const auto& [value, label] : {std::pair{0.0, std::string("0")}, {most, top_label}}) {
    fmt::format_to(
        std::back_inserter(svg),
        "<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/><text x=\"{3}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        left, chart_width - 4, scale.y(value), left - 5, scale.y(value) + 3.5, label);
  }
  for (const int transition : {scale.first, scale.last}) {
    fmt::format_to(std::back_inserter(svg), "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">frame {}</text>",
                   scale.x(transition), chart_height - 3, transition == scale.first ? "start" : "end",
                   transition + 1);
    if (scale.first == scale.last) break;
  }
  svg += line(pairs, scale, &Pair::truth, "true");
  svg += line(pairs, scale, &Pair::predicted, "predicted");
  return svg + "</svg>";
}

double largest(const std::vector<Pair>& pairs) {
  double most = 0;
  for (const Pair& pair : pairs) most = std::max({most, pair.truth, pair.predicted});
  return most;
}

std::string layer_row(std::size_t index, const LayerJudgement& layer) {
  const double most_bytes = std::max(largest(layer.bytes), 1.0);
  const double bytes = mean_truth(layer.bytes);
  const double wrong = mean_absolute_error(layer.bytes);
  return fmt::format(
      "<tr><td class=\"number\">{}</td><td>{}<br><span class=\"quiet\">{}<br>{}</span></td><td>{}</td>"
      "<td class=\"number\">{:.2f} %<br>&plusmn; {:.2f}</td><td>{}</td><td class=\"number\">{:.1f} "
      "kB<br>&plusmn; "
      "{:.1f}<br><span class=\"quiet\">{:.1f} %</span></td></tr>\n",
      index, html_text(layer.name), html_text(layer.operation), html_text(layer.rule),
      chart(layer.rates, 1, "100 %"), 100 * mean_truth(layer.rates), 100 * mean_absolute_error(layer.rates),
      chart(layer.bytes, most_bytes, fmt::format("{:.0f} kB", most_bytes / 1e3)), bytes / 1e3, wrong / 1e3,
      bytes > 0 ? 100 * wrong / bytes : 0.0);
}

}  // namespace

std::string report_html(const ReportTitle& title, const std::vector<LayerJudgement>& layers) {
  std::string html = head;
  html += embedded::style_css;
  html += body;
  const std::size_t held_out = layers.empty() ? 0 : layers[0].rates.size();
  html += fmt::format(
      "<h1>Predicted and true changes: {}</h1>\n<p>Learnt from {} frames of {}, shown for the {} frames "
      "behind "
      "them, which were not learnt from. "
      "<svg width=\"30\" height=\"8\"><line class=\"true\" x1=\"0\" x2=\"30\" y1=\"4\" y2=\"4\"/></svg> "
      "true, "
      "<svg width=\"30\" height=\"8\"><line class=\"predicted\" x1=\"0\" x2=\"30\" y1=\"4\" y2=\"4\"/></svg> "
      "predicted from the change of the input alone. Numbers: mean of what was true &plusmn; mean absolute "
      "error.</p>\n",
      html_text(title.model), title.training + 1, html_text(title.source), held_out);
  html +=
      "<table>\n<tr><th>layer</th><th>name</th><th>changed elements</th><th></th><th>bytes on a "
      "link</th><th></th></tr>\n";
  for (std::size_t i = 0; i < layers.size(); ++i) html += layer_row(i, layers[i]);
  html += "</table>\n<pre>\n" + html_text(judgement_table(layers)) + "</pre>\n</body>\n</html>\n";
  return html;
}

}  // namespace edge::trainer
