// SPDX-License-Identifier: Apache-2.0
#include "app/config_manual.hpp"

#include <fmt/format.h>

#include "app/config_sections.hpp"
#include "cli/manual.hpp"
#include "core/ascii.hpp"

namespace hubward::app {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

// The introduction's Markdown, a line at a time; a paragraph is written once it is whole.
class Introduction {
 public:
  std::string write(std::string_view markdown) {
    for (std::string_view line : split(markdown, '\n')) add(line);
    end_paragraph();
    return std::move(text_);
  }

 private:
  void add(std::string_view line) {
    if (line.starts_with("```")) {
      end_paragraph();
      text_ += example_ ? ".Ed\n" : ".Bd -literal -offset indent\n";
      example_ = !example_;
    } else if (example_) {
      text_ += cli::mdoc_literal(line);
    } else if (line.starts_with("## ")) {
      end_paragraph();
      text_ += ".Sh " + upper(line.substr(3)) + "\n";
      first_ = true;
    } else if (line.empty()) {
      end_paragraph();
    } else if (!line.starts_with("# ") && !line.starts_with("<!--")) {
      paragraph_ += std::string(line) + "\n";
    }
  }

  void end_paragraph() {
    if (paragraph_.empty()) return;
    text_ += (first_ ? "" : ".Pp\n") + cli::mdoc_text(paragraph_);
    first_ = false;
    paragraph_.clear();
  }

  std::string text_, paragraph_;
  bool example_ = false;
  bool first_ = true;  // below its heading
};

std::string section_text(const ConfigSection& section) {
  std::string text =
      ".Ss " + (section.heading.empty() ? "The file\\(aqs own keys" : section.heading + "\\&") + "\n";
  text += cli::mdoc_text(section.meaning);
  if (section.rows.empty()) return text;
  text += ".Bl -tag -width Ds\n";
  for (const ConfigSection::Row& row : section.rows) {
    text += ".It Ic " + row.key + "\n" + cli::mdoc_text(row.meaning) + ".br\n";
    std::string otherwise =
        row.otherwise.empty() || row.otherwise == "required" ? row.otherwise : "default " + row.otherwise;
    text += cli::mdoc_text(row.kind + (otherwise.empty() ? "" : "; " + otherwise));
  }
  return text + ".El\n";
}

}  // namespace

std::string configuration_manual(std::string_view date) {
  std::string text = cli::mdoc_head(date, "HUBWARD.TOML", 5);
  text += ".Sh NAME\n.Nm hubward.toml\n.Nd configuration of the Hubward gateway\n.Sh DESCRIPTION\n";
  text += Introduction().write(configuration_introduction()) + ".Sh KEYS\n";
  for (const ConfigSection& section : configuration_sections()) text += section_text(section);
  return text +
         ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/hubward/hubward.toml\nWhere the configuration is looked "
         "for.\n.El\n.Sh SEE ALSO\n.Xr hubward 1\n";
}

}  // namespace hubward::app
