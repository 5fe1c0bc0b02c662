// The page of `edge inspect`: self-contained, safe whatever the names are, not too large.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/models/models.h"
#include "roles/inspect/page.h"

namespace edge::inspect {
namespace {

std::string page_of(Graph graph, std::optional<ShownPlan> plan = {}) {
  const Inspection inspection = inspect_network(std::move(graph), false, std::move(plan), {});
  return inspection_page(inspection, lay_out(inspection.graph, workers_of_layers(inspection)));
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t from = text.find(part); from != text.npos; from = text.find(part, from + 1)) ++found;
  return found;
}

/// What the page's script reads.
nlohmann::json data_of(const std::string& page) {
  const std::string begin = R"(<script type="application/json" id="data">)";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("</script>", from);
  if (from == page.npos || to == page.npos) return nullptr;
  return nlohmann::json::parse(page.substr(from + begin.size(), to - from - begin.size()));
}

TEST(InspectPage, LoadsNothing) {
  const std::string page = page_of(make_model("googlenet", {.rows = 224, .columns = 224}));
  for (const char* outside : {"http:", "https:", "//www", "src=", "href=", "@import", "url(", "import(",
                              "fetch(", "XMLHttp", "innerHTML", "eval("})
    EXPECT_EQ(page.find(outside), page.npos) << outside;
  EXPECT_NE(page.find("default-src 'none'"), page.npos) << "and the browser is told so";
  EXPECT_EQ(count(page, "<script"), 2U);
  EXPECT_EQ(count(page, "</script>"), 2U);
}

TEST(InspectPage, StyleAndScriptsAreThoseOfTheSources) {
  const std::string page = page_of(make_model("toy_dag", {.rows = 64, .columns = 96}));
  for (const char* name :
       {"style.css", "body.html", "drawing.js", "view.js", "details.js", "cuts.js", "controls.js"}) {
    std::ifstream file(std::string(EDGE_TEST_DATA "/../../../roles/inspect/page/") + name);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_GT(text.size(), 500U) << name;
    EXPECT_NE(page.find(text), page.npos) << name;
  }
}

TEST(InspectPage, EveryLayerLineAndCutIsThere) {
  Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96});
  std::size_t lines = 0;
  for (const Layer& layer : graph.layers()) lines += layer.inputs.size();
  const auto layers = static_cast<std::size_t>(graph.size());
  const scheduling::Plan plan{.ends = {7, 14, graph.size()}};
  const nlohmann::json data = data_of(page_of(std::move(graph), ShownPlan{.plan = plan, .source = "--plan"}));
  EXPECT_EQ(data.at("layers").size(), layers);
  EXPECT_EQ(data.at("drawing").at("boxes").size(), layers);
  EXPECT_EQ(data.at("drawing").at("lines").size(), lines);
  EXPECT_EQ(data.at("drawing").at("labels").size(), 3U);
  EXPECT_EQ(data.at("plan").at("parts").size(), 3U);
  EXPECT_EQ(data.at("plan").at("parts").at(1).at("layers").dump(), "[7,13]");
  EXPECT_EQ(data.at("plan").at("parts").at(1).at("gets_bytes"),
            data.at("layers").at(6).at("cut_behind").at("bytes"));
}

TEST(InspectPage, NamesAreOnlyText) {
  const std::vector<std::string> names{"</script><script>alert(1)</script>",
                                       "<!--",
                                       "]]>",
                                       "<img src=x onerror=alert(1)>",
                                       "\"'&amp;\\",
                                       "\xE2\x80\xA8line\xE2\x80\xA9",
                                       std::string("nul\0\x1b[31m", 9),
                                       "\xE7\xBD\x91\xE7\xBB\x9C"};
  const std::string hostile = "</title><script>alert(2)</script>&";
  Graph graph(hostile, {1, 3, 8, 8});
  for (const std::string& name : names) graph.add(name, ReluLayer{});
  graph.add("not utf-8 \xff\xc0", ReluLayer{});
  const std::string page = page_of(std::move(graph), ShownPlan{.plan = {.ends = {10}}, .source = hostile});
  EXPECT_EQ(count(page, "<script"), 2U);
  EXPECT_EQ(count(page, "</script"), 2U);
  EXPECT_EQ(count(page, "</title"), 1U);
  EXPECT_EQ(page.find("<!--"), page.npos);
  EXPECT_EQ(page.find("<img"), page.npos);
  EXPECT_EQ(page.find('\xff'), page.npos) << "a file in UTF-8";
  const nlohmann::json data = data_of(page);
  ASSERT_EQ(data.at("layers").size(), names.size() + 2);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(data.at("layers").at(i + 1).at("name"), names[i]);
  EXPECT_EQ(data.at("plan").at("source"), hostile);
}

TEST(InspectPage, IsNotLarge) {
  for (const char* name : {"resnet101", "googlenet"}) {
    Graph graph = make_model(name, {.rows = 480, .columns = 720});
    const scheduling::Plan plan{.ends = {40, 80, graph.size()}};
    EXPECT_LT(page_of(std::move(graph), ShownPlan{.plan = plan, .source = "--plan"}).size(), 200'000U)
        << name;
  }
}

}  // namespace
}  // namespace edge::inspect
