// What the documentation says of the configuration is true.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "roles/config/config.h"
#include "roles/config/known_keys.h"
#include "roles/config/toml.h"
#include "roles/scheduling/scheduler.h"

namespace edge {
namespace {

const std::filesystem::path root = EDGE_TEST_DATA "/../../..";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The part of docs/configuration.md about a table.
std::string section(const std::string& text, const std::string& table) {
  const std::string title = table.empty()        ? "## Keys in front of the first table"
                            : table == "workers" ? "## [[workers]]"
                                                 : "## [" + table + "]";
  const std::size_t begin = text.find(title + "\n");
  EXPECT_NE(begin, std::string::npos) << title;
  return text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

TEST(Docs, EveryKeyOfTheConfigHasALine) {
  const std::string text = text_of(root / "docs/configuration.md");
  for (const KnownKey& known : known_keys()) {
    EXPECT_NE(section(text, std::string(known.table)).find(fmt::format("\n| `{}` |", known.key)),
              std::string::npos)
        << known.table << " " << known.key;
  }
}

TEST(Docs, EverySchedulerHasALine) {
  for (const char* file : {"docs/configuration.md", "docs/scheduling.md"}) {
    const std::string text = text_of(root / file);
    for (const std::string& name : scheduling::scheduler_names())
      EXPECT_NE(text.find("\n| `" + name + "` |"), std::string::npos) << file << " " << name;
  }
}

TEST(Docs, EveryExampleOfTomlIsToml) {
  int blocks = 0;
  std::vector<std::filesystem::path> files{root / "README.md", root / "README.zh.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  for (const auto& file : files) {
    std::istringstream lines(text_of(file));
    std::string block;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      const std::string trimmed = line.substr(std::min(line.find_first_not_of(' '), line.size()));
      if (!inside) {
        inside = trimmed == "```toml";
        block.clear();
      } else if (trimmed == "```") {
        inside = false;
        ++blocks;
        try {
          (void)toml::parse(block);
        } catch (const toml::parse_error& error) {
          ADD_FAILURE() << file << ": " << error.description() << "\n" << block;
        }
      } else {
        block += line + "\n";
      }
    }
  }
  EXPECT_GE(blocks, 8);
}

}  // namespace
}  // namespace edge
