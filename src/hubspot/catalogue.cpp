// SPDX-License-Identifier: Apache-2.0
#include "hubspot/catalogue.hpp"

#include <algorithm>

#include "core/invariant.hpp"
#include "hubspot/catalogue_table.hpp"
#include "hubspot/catalogue_tables.hpp"

namespace hubward::hubspot {

namespace {

constexpr std::array<std::pair<Effect, std::string_view>, 5> effect_names = {{{Effect::View, "view"},
                                                                              {Effect::Create, "create"},
                                                                              {Effect::Edit, "edit"},
                                                                              {Effect::Delete, "delete"},
                                                                              {Effect::Export, "export"}}};

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::string_view word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace

std::string to_text(Effects effects) {
  std::vector<std::string_view> words;
  for (const auto& [effect, name] : effect_names) {
    if (effects.has(effect)) words.push_back(name);
  }
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::optional<Effect> effect_named(std::string_view name) {
  for (const auto& [effect, known] : effect_names) {
    if (known == name) return effect;
  }
  return std::nullopt;
}

std::string to_sentence(const Unmatched& unmatched, std::string_view method, const CanonicalPath& path) {
  switch (unmatched.why) {
    case Unmatched::Why::NoSuchMethod:
      return "HubSpot's operation at this path is not known with the method " + std::string(method) +
             "; known are: " + joined(unmatched.allowed);
    case Unmatched::Why::NoSuchVersion:
      return "this operation is not known in the version \"" + std::string(path.version()) +
             "\", or not with the version in this place of the path; known are: " + joined(unmatched.allowed);
    case Unmatched::Why::NoSuchOperation: break;
  }
  return "no operation of HubSpot is known at this path; what is not in the catalogue is denied";
}

Catalogue::Catalogue(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
Catalogue::Catalogue(Catalogue&&) noexcept = default;
Catalogue& Catalogue::operator=(Catalogue&&) noexcept = default;
Catalogue::~Catalogue() = default;

Catalogue Catalogue::built_in() {
  auto catalogue = parse(catalogue_table());
  invariant(catalogue.has_value(), catalogue ? "" : catalogue.error().message);
  return *std::move(catalogue);
}

std::span<const Operation> Catalogue::operations() const {
  return tables_->operations;
}

const Operation* Catalogue::named(std::string_view name) const {
  auto found = std::ranges::find(tables_->operations, name, &Operation::name);
  return found == tables_->operations.end() ? nullptr : &*found;
}

const ScopeNeed* Catalogue::scopes_of(const Operation& operation) const {
  auto index = static_cast<std::size_t>(&operation - tables_->operations.data());
  const Tables::Expression* expression = tables_->details.at(index).expression;
  return expression == nullptr ? nullptr : &expression->need;
}

// One lookup.
class CatalogueSearch {
 public:
  using Tables = Catalogue::Tables;

  CatalogueSearch(const Tables& tables, std::string_view method, const CanonicalPath& path)
      : tables_(tables), method_(method), path_(path) {}

  std::expected<Match, Unmatched> run() {
    const Tables::Node* node = walk(0, 0);
    if (node == nullptr) return std::unexpected(Unmatched{Unmatched::Why::NoSuchOperation, {}});
    for (std::size_t index : node->operations) {
      if (tables_.operations[index].method == method_) return in_version(index);
    }
    Unmatched unmatched{Unmatched::Why::NoSuchMethod, {}};
    for (std::size_t index : node->operations) unmatched.allowed.push_back(tables_.operations[index].method);
    return std::unexpected(std::move(unmatched));
  }

 private:
  // The node at which the path ends: literals win over parameters, as in HubSpot's own routing.
  const Tables::Node* walk(std::size_t node_index, std::size_t segment) const {
    const Tables::Node& node = tables_.nodes[node_index];
    if (segment == path_.size()) return ends_here(node) ? &node : nullptr;
    auto literal = std::ranges::lower_bound(node.literals, path_.segment(segment), {},
                                            &std::pair<std::string_view, std::size_t>::first);
    if (literal != node.literals.end() && literal->first == path_.segment(segment)) {
      if (const Tables::Node* found = walk(literal->second, segment + 1)) return found;
    }
    if (node.parameter == 0) return nullptr;
    if (const Tables::Node* found = walk(node.parameter, segment + 1)) return found;
    const Tables::Node& child = tables_.nodes[node.parameter];
    return child.tail ? &child : nullptr;
  }

  bool ends_here(const Tables::Node& node) const {
    return std::ranges::any_of(node.operations, [this](std::size_t index) { return fits_bound(index); });
  }

  // A path that only exists for one object type.
  bool fits_bound(std::size_t index) const {
    const Tables::Detail& detail = tables_.details[index];
    if (!detail.bound) return true;
    return std::ranges::all_of(detail.parameters, [&](const Tables::Parameter& parameter) {
      return !parameter.is_object_type || object_name(path_.segment(parameter.segment)) == *detail.bound;
    });
  }

  std::expected<Match, Unmatched> in_version(std::size_t index) const {
    const Tables::Detail& detail = tables_.details[index];
    std::string_view version = path_.version().empty() ? std::string_view("-") : path_.version();
    auto use = std::ranges::find_if(detail.uses, [&](const Tables::Use& one) {
      return one.version->name == version && ((one.places >> path_.version_index()) & 1U) != 0;
    });
    if (use != detail.uses.end()) return match(index, *use);
    Unmatched unmatched{Unmatched::Why::NoSuchVersion, {}};
    for (const Tables::Use& one : detail.uses) unmatched.allowed.push_back(one.version->name);
    return std::unexpected(std::move(unmatched));
  }

  Match match(std::size_t index, const Tables::Use& use) const {
    const Operation& operation = tables_.operations[index];
    const Tables::Detail& detail = tables_.details[index];
    Match match;
    match.operation = &operation;
    match.stage = use.version->stage;
    match.sunset = use.sunset;
    for (const Tables::Parameter& parameter : detail.parameters) {
      bool tail = operation.free_tail && parameter.segment == detail.parameters.back().segment;
      std::string_view value = tail ? path_.tail(parameter.segment) : path_.segment(parameter.segment);
      match.slots[match.used++] = {parameter.name, value};
      if (parameter.is_object_type) match.object_slots[match.objects_used++] = object_name(value);
    }
    if (detail.bound && match.objects_used == 0) match.object_slots[match.objects_used++] = *detail.bound;
    add_scopes(match, detail);
    return match;
  }

  void add_scopes(Match& match, const Tables::Detail& detail) const {
    if (detail.expression == nullptr) {
      bool viewing = match.operation->effects == Effects{Effect::View};
      for (const ObjectName& object : match.objects()) {
        const Tables::ObjectScopes& scopes = scopes_of(object);
        add(match, viewing ? scopes.view : scopes.change);
      }
      return;
    }
    const auto& narrowed = detail.expression->by_object;
    if (match.objects().empty() || narrowed.empty()) return add(match, detail.expression->need);
    for (const ObjectName& object : match.objects()) {
      auto found = narrowed.find(scope_key(object));
      add(match, found == narrowed.end() ? detail.expression->need : found->second);
    }
  }

  static void add(Match& match, const ScopeNeed& need) {
    if (!need.any_of.empty()) match.scope_slots[match.scopes_used++] = &need;
  }

  static std::string_view scope_key(const ObjectName& object) {
    return kind_of(object) == ObjectKind::Standard ? std::string_view(object.text)
                                                   : std::string_view("custom");
  }

  const Tables::ObjectScopes& scopes_of(const ObjectName& object) const {
    static const Tables::ObjectScopes none;
    auto found = tables_.objects.find(scope_key(object));
    return found == tables_.objects.end() ? none : found->second;
  }

  const Tables& tables_;
  std::string_view method_;
  const CanonicalPath& path_;
};

std::expected<Match, Unmatched> Catalogue::find(std::string_view method, const CanonicalPath& path) const {
  return CatalogueSearch(*tables_, method, path).run();
}

}  // namespace hubward::hubspot
