// SPDX-License-Identifier: Apache-2.0
#include "hubspot/objects.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/ascii.hpp"

namespace hubward::hubspot {

namespace {

struct Spelling {
  std::string_view spelled, name;
};

// Sorted by spelling. hubspot.md section 10.1; a test compares it with the catalogue's own rows.
constexpr std::array spellings = {
    Spelling{"0-1", "contacts"},
    Spelling{"0-101", "commerce_payments"},
    Spelling{"0-115", "users"},
    Spelling{"0-116", "postal_mail"},
    Spelling{"0-123", "orders"},
    Spelling{"0-136", "leads"},
    Spelling{"0-14", "quotes"},
    Spelling{"0-142", "carts"},
    Spelling{"0-162", "services"},
    Spelling{"0-18", "communications"},
    Spelling{"0-2", "companies"},
    Spelling{"0-27", "tasks"},
    Spelling{"0-3", "deals"},
    Spelling{"0-410", "courses"},
    Spelling{"0-420", "listings"},
    Spelling{"0-421", "appointments"},
    Spelling{"0-46", "notes"},
    Spelling{"0-47", "meetings"},
    Spelling{"0-48", "calls"},
    Spelling{"0-49", "emails"},
    Spelling{"0-5", "tickets"},
    Spelling{"0-53", "invoices"},
    Spelling{"0-54", "marketing_events"},
    Spelling{"0-69", "subscriptions"},
    Spelling{"0-7", "products"},
    Spelling{"0-74", "goal_targets"},
    Spelling{"0-8", "line_items"},
    Spelling{"0-970", "projects"},
    Spelling{"appointment", "appointments"},
    Spelling{"appointments", "appointments"},
    Spelling{"call", "calls"},
    Spelling{"calls", "calls"},
    Spelling{"cart", "carts"},
    Spelling{"carts", "carts"},
    Spelling{"commerce_payment", "commerce_payments"},
    Spelling{"commerce_payments", "commerce_payments"},
    Spelling{"commerce_subscription", "subscriptions"},
    Spelling{"commerce_subscriptions", "subscriptions"},
    Spelling{"communication", "communications"},
    Spelling{"communications", "communications"},
    Spelling{"companies", "companies"},
    Spelling{"company", "companies"},
    Spelling{"contact", "contacts"},
    Spelling{"contacts", "contacts"},
    Spelling{"contract", "contracts"},
    Spelling{"contracts", "contracts"},
    Spelling{"course", "courses"},
    Spelling{"courses", "courses"},
    Spelling{"deal", "deals"},
    Spelling{"deals", "deals"},
    Spelling{"discount", "discounts"},
    Spelling{"discounts", "discounts"},
    Spelling{"email", "emails"},
    Spelling{"emails", "emails"},
    Spelling{"fee", "fees"},
    Spelling{"feedback_submission", "feedback_submissions"},
    Spelling{"feedback_submissions", "feedback_submissions"},
    Spelling{"fees", "fees"},
    Spelling{"forecast", "forecasts"},
    Spelling{"forecasts", "forecasts"},
    Spelling{"goal", "goal_targets"},
    Spelling{"goal_target", "goal_targets"},
    Spelling{"goal_targets", "goal_targets"},
    Spelling{"goals", "goal_targets"},
    Spelling{"invoice", "invoices"},
    Spelling{"invoices", "invoices"},
    Spelling{"lead", "leads"},
    Spelling{"leads", "leads"},
    Spelling{"line_item", "line_items"},
    Spelling{"line_items", "line_items"},
    Spelling{"listing", "listings"},
    Spelling{"listings", "listings"},
    Spelling{"marketing_event", "marketing_events"},
    Spelling{"marketing_events", "marketing_events"},
    Spelling{"meeting", "meetings"},
    Spelling{"meetings", "meetings"},
    Spelling{"note", "notes"},
    Spelling{"notes", "notes"},
    Spelling{"order", "orders"},
    Spelling{"orders", "orders"},
    Spelling{"partner_client", "partner_clients"},
    Spelling{"partner_clients", "partner_clients"},
    Spelling{"partner_service", "partner_services"},
    Spelling{"partner_services", "partner_services"},
    Spelling{"payment", "commerce_payments"},
    Spelling{"payments", "commerce_payments"},
    Spelling{"postal_mail", "postal_mail"},
    Spelling{"price_book", "price_books"},
    Spelling{"price_book_item", "price_book_items"},
    Spelling{"price_book_items", "price_book_items"},
    Spelling{"price_books", "price_books"},
    Spelling{"product", "products"},
    Spelling{"products", "products"},
    Spelling{"project", "projects"},
    Spelling{"projects", "projects"},
    Spelling{"quote", "quotes"},
    Spelling{"quotes", "quotes"},
    Spelling{"service", "services"},
    Spelling{"services", "services"},
    Spelling{"subscription", "subscriptions"},
    Spelling{"subscriptions", "subscriptions"},
    Spelling{"task", "tasks"},
    Spelling{"tasks", "tasks"},
    Spelling{"tax", "taxes"},
    Spelling{"taxes", "taxes"},
    Spelling{"ticket", "tickets"},
    Spelling{"tickets", "tickets"},
    Spelling{"user", "users"},
    Spelling{"users", "users"},
};
static_assert(std::ranges::is_sorted(spellings, {}, &Spelling::spelled));

// Every call asks for a few of them, so they are found by hash: open addressing, at most half full.
constexpr std::size_t places = 256;
static_assert(spellings.size() <= places / 2);

constexpr std::size_t place_of(std::string_view text) {
  std::uint32_t hash = 2166136261;  // FNV-1a
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return (hash ^ (hash >> 16)) % places;
}

constexpr std::array<std::uint8_t, places> make_index() {
  std::array<std::uint8_t, places> index{};  // 0: free, else the row's number and one
  for (std::size_t row = 0; row < spellings.size(); ++row) {
    std::size_t at = place_of(spellings[row].spelled);
    while (index[at] != 0) at = (at + 1) % places;
    index[at] = static_cast<std::uint8_t>(row + 1);
  }
  return index;
}
constexpr std::array<std::uint8_t, places> by_hash = make_index();

const Spelling* find_spelling(std::string_view text) {
  for (std::size_t at = place_of(text); by_hash[at] != 0; at = (at + 1) % places)
    if (const Spelling& row = spellings[by_hash[at] - 1]; row.spelled == text) return &row;
  return nullptr;
}

constexpr std::size_t longest_spelling = 32;

bool is_type_id(std::string_view name, char family) {
  return name.size() > 2 && name[0] == family && name[1] == '-' &&
         std::ranges::all_of(name.substr(2), is_digit);
}

// "p_boats" and "p8801234_boats" without what stands before the name; empty for anything else.
std::string_view custom_suffix(std::string_view name) {
  if (name.size() < 3 || name[0] != 'p') return {};
  std::size_t at = 1;
  while (at < name.size() && is_digit(name[at])) ++at;
  return at + 1 < name.size() && name[at] == '_' ? name.substr(at + 1) : std::string_view();
}

bool has_type_id(std::string_view standard) {
  return std::ranges::any_of(
      spellings, [&](const Spelling& row) { return row.name == standard && is_type_id(row.spelled, '0'); });
}

bool custom_may_be_same(std::string_view a, std::string_view b) {
  std::string_view first = custom_suffix(a), second = custom_suffix(b);
  if (first.empty() && second.empty()) return false;  // two different ids
  return first.empty() || second.empty() || first == second;
}

}  // namespace

ObjectName object_name(std::string_view spelled) {
  std::string low = lower(spelled);
  if (const Spelling* found = find_spelling(low)) return {std::string(found->name)};
  return {std::move(low)};
}

ObjectKind kind_of(const ObjectName& object) {
  std::string_view name = object.text;
  if (is_type_id(name, '2') || !custom_suffix(name).empty()) return ObjectKind::Custom;
  if (name.size() > longest_spelling) return ObjectKind::Unknown;
  return find_spelling(name) != nullptr ? ObjectKind::Standard : ObjectKind::Unknown;
}

bool may_be_same(const ObjectName& a, const ObjectName& b) {
  if (a == b) return true;
  ObjectKind first = kind_of(a), second = kind_of(b);
  if (first == ObjectKind::Unknown && second == ObjectKind::Unknown) {
    return !(is_type_id(a.text, '0') && is_type_id(b.text, '0'));
  }
  if (first == ObjectKind::Standard && second == ObjectKind::Standard) return false;
  if (first == ObjectKind::Custom && second == ObjectKind::Custom) return custom_may_be_same(a.text, b.text);
  if (first != ObjectKind::Unknown && second != ObjectKind::Unknown) return false;
  // An unknown type id is of a standard type, and not of one whose id we know.
  const ObjectName& unknown = first == ObjectKind::Unknown ? a : b;
  const ObjectName& known = first == ObjectKind::Unknown ? b : a;
  if (!is_type_id(unknown.text, '0')) return true;
  return kind_of(known) == ObjectKind::Standard && !has_type_id(known.text);
}

}  // namespace hubward::hubspot
