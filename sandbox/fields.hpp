// SPDX-License-Identifier: Apache-2.0
// State as JSON, both ways, from one list: a struct names its members in `each(visit)`, and to_state and
// from_state walk them. Members that the JSON does not have keep their value, so that old dumps load. Pure.
#pragma once

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/ascii.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"

namespace hubward::sandbox {

struct AnyVisitor {
  template <class T>
  void operator()(const char*, T&) {}
};
template <class T>
concept Described = requires(T& value) { value.each(AnyVisitor{}); };

template <class T>
Json to_state(const T& value);
template <class T>
void from_state(const Json& json, T& value);

// 2200-01-01: later times than this are of no use to a test, and arithmetic with them would overflow.
constexpr std::int64_t latest_millis = 7'258'118'400'000;

namespace state {

inline Json write(const Json& json) {
  return json;
}
inline Json write(const std::string& text) {
  return text;
}
inline Json write(TimePoint time) {
  return to_millis(time);
}
template <std::integral T>
Json write(T number) {
  return number;
}
template <class T>
Json write(const std::optional<T>& value) {
  return value ? write(*value) : Json();
}
template <Described T>
Json write(const T& value) {
  return to_state(value);
}
template <class T>
Json write(const std::vector<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push(write(item));
  return json;
}
template <class T>
Json write(const std::set<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push(write(item));
  return json;
}
inline std::string key_text(const std::string& key) {
  return key;
}
inline std::string key_text(std::uint64_t key) {
  return std::to_string(key);
}
template <class K, class T>
Json write(const std::map<K, T>& map) {
  Json json = Json::object();
  for (const auto& [key, value] : map) json.members().emplace_back(key_text(key), write(value));
  return json;
}

inline void read(const Json& json, Json& value) {
  value = json;
}
inline void read(const Json& json, std::string& value) {
  if (auto text = json.text()) value = *text;
}
inline void read(const Json& json, bool& value) {
  if (auto boolean = json.boolean()) value = *boolean;
}
inline void read(const Json& json, TimePoint& value) {
  if (auto number = json.integer()) value = from_millis(std::clamp<std::int64_t>(*number, 0, latest_millis));
}
template <std::integral T>
void read(const Json& json, T& value) {
  if (auto number = json.integer()) value = static_cast<T>(*number);
}
template <class T>
void read(const Json& json, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read(json, value.emplace());
}
template <Described T>
void read(const Json& json, T& value) {
  from_state(json, value);
}
template <class T>
void read(const Json& json, std::vector<T>& list) {
  list.clear();
  for (const Json& item : json.items()) read(item, list.emplace_back());
}
template <class T>
void read(const Json& json, std::set<T>& list) {
  list.clear();
  for (const Json& item : json.items()) {
    T value{};
    read(item, value);
    list.insert(std::move(value));
  }
}
inline void key_of(const std::string& text, std::string& key) {
  key = text;
}
inline void key_of(const std::string& text, std::uint64_t& key) {
  key = to_number(text).value_or(0);
}
template <class K, class T>
void read(const Json& json, std::map<K, T>& map) {
  map.clear();
  for (const auto& [name, item] : json.members()) {
    K key{};
    key_of(name, key);
    read(item, map[key]);
  }
}

}  // namespace state

template <class T>
Json to_state(const T& value) {
  Json json = Json::object();
  const_cast<T&>(value).each([&](const char* name, auto& member) { json.set(name, state::write(member)); });
  return json;
}

template <class T>
void from_state(const Json& json, T& value) {
  value.each([&](const char* name, auto& member) {
    if (const Json* found = json.find(name)) state::read(*found, member);
  });
}

}  // namespace hubward::sandbox
