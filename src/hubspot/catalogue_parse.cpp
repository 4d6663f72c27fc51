// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "core/ascii.hpp"
#include "hubspot/catalogue_table.hpp"
#include "hubspot/catalogue_tables.hpp"

namespace hubward::hubspot {

namespace {

// The scopes of this row stand for every custom object.
constexpr std::string_view custom_objects = "custom";

bool is_object_type_parameter(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {"objectType",       "objectTypeId", "fromObjectType",
                                                     "fromObjectTypeId", "toObjectType", "toObjectTypeId"};
  return std::ranges::find(names, name) != names.end();
}

std::optional<Stage> stage_named(std::string_view name) {
  constexpr std::array<std::string_view, 5> names = {"legacy", "superseded", "supported", "latest", "beta"};
  auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Stage>(found - names.begin());
}

std::optional<std::chrono::sys_days> day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  auto year = to_number(text.substr(0, 4)), month = to_number(text.substr(5, 2)),
       date = to_number(text.substr(8));
  if (!year || !month || !date) return std::nullopt;
  std::chrono::year_month_day ymd{std::chrono::year(static_cast<int>(*year)),
                                  std::chrono::month(static_cast<unsigned>(*month)),
                                  std::chrono::day(static_cast<unsigned>(*date))};
  if (!ymd.ok()) return std::nullopt;
  return std::chrono::sys_days(ymd);
}

ScopeNeed read_scopes(std::string_view text) {
  ScopeNeed need;
  if (text.empty()) return need;
  for (std::string_view all : split(text, '|')) need.any_of.push_back(split(all, '+'));
  return need;
}

// "contacts" in "crm.objects.contacts.read": the word by which scopes name an object type.
std::string_view scope_word(const ScopeNeed& need) {
  constexpr std::string_view prefix = "crm.objects.";
  if (need.any_of.empty()) return {};
  std::string_view scope = need.any_of.front().front();
  if (!scope.starts_with(prefix)) return {};
  scope.remove_prefix(prefix.size());
  return scope.substr(0, scope.find('.'));
}

// Whether one of the words between the dots of a scope is this one.
bool has_word(std::string_view scope, std::string_view word) {
  for (std::size_t at = scope.find(word); at != std::string_view::npos; at = scope.find(word, at + 1)) {
    std::size_t end = at + word.size();
    if ((at == 0 || scope[at - 1] == '.') && (end == scope.size() || scope[end] == '.')) return true;
  }
  return false;
}

bool mentions(const ScopeNeed::All& all, std::string_view word) {
  return !word.empty() &&
         std::ranges::any_of(all, [&](std::string_view scope) { return has_word(scope, word); });
}

}  // namespace

// Reads one table; a problem() set ends it.
class CatalogueReader {
 public:
  using Tables = Catalogue::Tables;

  explicit CatalogueReader(Tables& tables) : tables_(tables) {}

  Result<void> read() {
    std::size_t number = 0;
    for (std::string_view line : split(tables_.text, '\n')) {
      ++number;
      if (line.empty() || line.starts_with('#')) continue;
      std::string_view problem = row(split(line, '\t'));
      if (!problem.empty()) {
        return failure("CATALOGUE_INVALID", Fault::Us, Retry::Never,
                       "catalogue line " + std::to_string(number) + ": " + std::string(problem));
      }
    }
    finish();
    return {};
  }

 private:
  using Cells = std::vector<std::string_view>;

  // Each answers what is wrong with the row, or nothing.
  std::string_view row(const Cells& cells) {
    if (cells[0] == "version") return version(cells);
    if (cells[0] == "object") return object(cells);
    if (cells[0] == "scopes") return scopes(cells);
    if (cells[0] == "operation") return operation(cells);
    return "column 1 is not version, object, scopes or operation";
  }

  std::string_view version(const Cells& cells) {
    if (cells.size() != 4) return "a version has 4 columns";
    auto stage = stage_named(cells[2]);
    if (!stage) return "column 3 is no stage";
    auto sunset = day(cells[3]);
    if (!sunset && !cells[3].empty()) return "column 4 is no day";
    if (tables_.versions.size() == max_versions) return "too many versions";
    tables_.versions.push_back({cells[1], *stage, sunset});
    return "";
  }

  std::string_view object(const Cells& cells) {
    if (cells.size() != 6) return "an object has 6 columns";
    for (std::string_view spelled : split(cells[3], ' ')) {
      if (!spelled.empty() && object_name(spelled).text != cells[1])
        return "column 4 holds a spelling of another type";
    }
    if (!cells[2].empty() && object_name(cells[2]).text != cells[1])
      return "column 3 is the id of another type";
    tables_.objects[cells[1]] = {read_scopes(cells[4]), read_scopes(cells[5])};
    return "";
  }

  std::string_view scopes(const Cells& cells) {
    if (cells.size() != 3) return "scopes have 3 columns";
    tables_.expressions[cells[1]].need = read_scopes(cells[2]);
    return "";
  }

  std::string_view operation(const Cells& cells) {
    if (cells.size() != 11) return "an operation has 11 columns";
    Operation operation;
    operation.name = cells[1];
    operation.method = cells[2];
    operation.path_template = cells[3];
    Tables::Detail detail;
    if (!cells[4].empty()) detail.bound = ObjectName{std::string(cells[4])};
    if (!effects(cells[5], operation.effects)) return "column 6 holds no effect letters";
    if (!subject(cells[6], operation.subject)) return "column 7 is no subject";
    if (!flags(cells[7], operation)) return "column 8 holds an unknown flag";
    operation.exempt_ten_secondly = cells[8].find('t') != std::string_view::npos;
    operation.exempt_daily = cells[8].find('d') != std::string_view::npos;
    operation.search_limited = cells[8].find('s') != std::string_view::npos;
    if (!uses(cells[9], detail)) return "column 10 holds an unknown version, place or day";
    if (cells[10] != "@objects") {
      Tables::Expression& expression = tables_.expressions[cells[10]];
      if (expression.need.any_of.empty()) {
        if (cells[10].starts_with('@')) return "column 11 names scopes that no row above defines";
        expression.need = read_scopes(cells[10]);
      }
      detail.expression = &expression;
    }
    return place(operation, std::move(detail));
  }

  static bool effects(std::string_view letters, Effects& effects) {
    constexpr std::string_view known = "vcedx";
    for (char letter : letters) {
      std::size_t at = known.find(letter);
      if (at == std::string_view::npos) return false;
      effects.add(static_cast<Effect>(1U << at));
    }
    return !letters.empty();
  }

  static bool subject(std::string_view word, Subject& subject) {
    constexpr std::array<std::string_view, 3> words = {"records", "links", "other"};
    auto found = std::ranges::find(words, word);
    if (found == words.end()) return false;
    subject = static_cast<Subject>(found - words.begin());
    return true;
  }

  static bool flags(std::string_view text, Operation& operation) {
    if (text.empty()) return true;
    for (std::string_view flag : split(text, ',')) {
      if (flag == "explicit") {
        operation.explicit_only = true;
      } else if (flag == "tail") {
        operation.free_tail = true;
      } else if (flag == "deprecated") {
        operation.deprecated = true;
      } else if (flag == "devkey") {
        operation.developer_key = true;
      } else if (flag == "forms") {
        operation.host = HostFamily::Forms;
      } else {
        return false;
      }
    }
    return true;
  }

  // "v3@12 2026-03@2": versions and the places where they may stand, with a day of their own after '!'.
  bool uses(std::string_view text, Tables::Detail& detail) const {
    for (std::string_view one : split(text, ' ')) {
      std::size_t at = one.find('@'), mark = one.find('!');
      if (at == std::string_view::npos) return false;
      auto version = std::ranges::find(tables_.versions, one.substr(0, at), &Tables::Version::name);
      if (version == tables_.versions.end()) return false;
      Tables::Use use{&*version, 0, version->sunset};
      for (char digit : one.substr(at + 1, mark == std::string_view::npos ? mark : mark - at - 1)) {
        if (digit < '0' || digit > '3') return false;
        use.places |= 1U << (digit - '0');
      }
      if (mark != std::string_view::npos) use.sunset = day(one.substr(mark + 1));
      if (mark != std::string_view::npos && !use.sunset) return false;
      detail.uses.push_back(use);
    }
    return true;
  }

  // Hangs the operation into the tree of paths.
  std::string_view place(const Operation& operation, Tables::Detail detail) {
    std::size_t node = 0, index = 0;
    for (std::string_view segment : split(operation.path_template.substr(1), '/')) {
      bool parameter = segment.starts_with('{') && segment.ends_with('}');
      if (parameter) {
        std::string_view name = segment.substr(1, segment.size() - 2);
        if (detail.parameters.size() == Match::max_parameters) return "column 4 has more than 6 parameters";
        detail.parameters.push_back({name, index, is_object_type_parameter(name)});
      }
      node = parameter ? parameter_child(node) : literal_child(node, segment);
      ++index;
    }
    if (std::ranges::count_if(detail.parameters, &Tables::Parameter::is_object_type) > 2) {
      return "column 4 names more than 2 object types";
    }
    tables_.nodes[node].tail |= operation.free_tail;
    tables_.nodes[node].operations.push_back(tables_.operations.size());
    tables_.operations.push_back(operation);
    tables_.details.push_back(std::move(detail));
    return "";
  }

  std::size_t parameter_child(std::size_t node) {
    if (tables_.nodes[node].parameter == 0) {
      tables_.nodes[node].parameter = tables_.nodes.size();
      tables_.nodes.emplace_back();
    }
    return tables_.nodes[node].parameter;
  }

  std::size_t literal_child(std::size_t node, std::string_view segment) {
    auto& literals = tables_.nodes[node].literals;
    auto found =
        std::ranges::lower_bound(literals, segment, {}, &std::pair<std::string_view, std::size_t>::first);
    if (found != literals.end() && found->first == segment) return found->second;
    std::size_t child = tables_.nodes.size();
    literals.emplace(found, segment, child);
    tables_.nodes.emplace_back();
    return child;
  }

  // Which alternatives of an expression belong to an object type, for the expressions of operations that have
  // one in their path: HubSpot's documents list the union over all types there (hubspot.md section 8.1).
  void finish() {
    for (const Tables::Detail& detail : tables_.details) {
      if (detail.expression == nullptr ||
          !std::ranges::any_of(detail.parameters, &Tables::Parameter::is_object_type)) {
        continue;
      }
      Tables::Expression& expression = *detail.expression;
      if (!expression.by_object.empty()) continue;
      for (const auto& [name, scopes] : tables_.objects)
        expression.by_object[name] = narrowed(expression, name, scopes);
    }
  }

  static ScopeNeed narrowed(const Tables::Expression& expression, std::string_view name,
                            const Tables::ObjectScopes& scopes) {
    ScopeNeed result;
    std::string_view word = name == custom_objects ? name : scope_word(scopes.view);
    for (const ScopeNeed::All& all : expression.need.any_of) {
      if (mentions(all, name) || mentions(all, word)) result.any_of.push_back(all);
    }
    return result.any_of.empty() ? expression.need : result;
  }

  static constexpr std::size_t max_versions = 32;
  Tables& tables_;
};

Result<Catalogue> Catalogue::parse(std::string_view table) {
  auto tables = std::make_unique<Tables>();
  tables->text = table;
  // Rows point at versions.
  tables->versions.reserve(32);
  auto done = CatalogueReader(*tables).read();
  if (!done) return std::unexpected(done.error());
  return Catalogue(std::move(tables));
}

}  // namespace hubward::hubspot
