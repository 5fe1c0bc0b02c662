// A network as one HTML file.
#include "roles/inspect/page.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "roles/inspect/inspection_json.h"
#include "roles/inspect/page/embedded.h"
#include "roles/report/html_text.h"

namespace edge::inspect {
namespace {

using Json = nlohmann::ordered_json;

/// JSON that no HTML parser takes for anything but text: in a script element only '<' can begin something
/// else.
std::string json_text(const Json& json) {
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);  // ASCII
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";  // only strings have one
    } else {
      safe += c;
    }
  }
  return safe;
}

Json drawing_json(const Layout& layout) {
  Json boxes = Json::array();
  for (const Box& box : layout.boxes) boxes.push_back({box.x, box.y, box.width, box.height});
  Json lines = Json::array();
  for (const Line& line : layout.lines) {
    Json points = Json::array();
    for (const Point& point : line.points) {
      points.push_back(point.x);
      points.push_back(point.y);
    }
    lines.push_back({{"from", line.from}, {"to", line.to}, {"points", std::move(points)}});
  }
  Json grounds = Json::array();
  for (const Ground& ground : layout.grounds)
    grounds.push_back({ground.worker, ground.box.x, ground.box.y, ground.box.width, ground.box.height});
  Json labels = Json::array();
  for (const GroundLabel& label : layout.labels)
    labels.push_back({label.worker, label.place.x, label.place.y});
  return {{"width", layout.width},     {"height", layout.height},       {"boxes", std::move(boxes)},
          {"lines", std::move(lines)}, {"grounds", std::move(grounds)}, {"labels", std::move(labels)}};
}

}  // namespace

std::string inspection_page(const Inspection& inspection, const Layout& layout) {
  Json data = inspection_json(inspection);
  data["title"] = inspection.title;
  data["drawing"] = drawing_json(layout);
  std::string page = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
)";
  page += "<title>" + html_text(inspection.title) + "</title>\n<style>\n";
  page += embedded::style_css;
  page += "</style>\n</head>\n";
  page += embedded::body_html;
  page += "<script type=\"application/json\" id=\"data\">" + json_text(data) + "</script>\n<script>\n";
  page += "\"use strict\";\n(() => {\n";
  for (const std::string_view part : {embedded::drawing_js, embedded::view_js, embedded::details_js,
                                      embedded::cuts_js, embedded::controls_js}) {
    page += part;
  }
  return page + "})();\n</script>\n</body>\n</html>\n";
}

}  // namespace edge::inspect
