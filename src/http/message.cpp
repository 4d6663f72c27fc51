// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "http/grammar.hpp"

namespace hubward::http {

namespace {

// As many as most messages have.
constexpr std::size_t usual_fields = 24;
// Bytes that are added on the way of a message.
constexpr std::size_t usual_additions = 128;

void wipe_all(std::string& text) {
  text.resize(text.capacity());
  wipe(std::span<char>(text));
  text.clear();
}

// A string that grows by itself frees its old bytes as they are.
void make_room_in(std::string& text, std::size_t bytes) {
  std::size_t needed = text.size() + bytes;
  if (needed <= text.capacity()) return;
  std::string larger;
  larger.reserve(std::max(needed, 2 * text.capacity()));
  larger.append(text);
  std::swap(text, larger);
  wipe_all(larger);
}

class TextBody final : public Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  ~TextBody() override { wipe_all(text_); }  // forms hold secrets

  Async<Result<std::string_view>> next() override {
    std::string_view piece = std::exchange(given_, true) ? std::string_view() : std::string_view(text_);
    return Async<Result<std::string_view>>::already(piece);
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  bool ready() const override { return true; }

 private:
  std::string text_;
  bool given_ = false;
};

}  // namespace

Fields::Fields(const Fields& other) : entries_(other.entries_) {
  reserve(other.used_);
  std::copy_n(other.text_.get(), other.used_, text_.get());
  used_ = other.used_;
}

Fields& Fields::operator=(const Fields& other) {
  Fields copy(other);
  swap(copy);
  return *this;
}

void Fields::reserve(std::size_t bytes) {
  if (bytes > capacity_) move_to_room_for(std::max<std::size_t>(bytes, 2 * std::size_t{capacity_}));
}

void Fields::move_to_room_for(std::size_t bytes) {
  invariant(bytes <= UINT32_MAX, "fields fit in memory");
  auto room = std::make_unique_for_overwrite<char[]>(bytes);
  std::copy_n(text_.get(), used_, room.get());
  if (text_) wipe(std::span<char>(text_.get(), used_));
  text_ = std::move(room);
  capacity_ = static_cast<std::uint32_t>(bytes);
}

// Answers where it stands now.
std::uint32_t Fields::append(std::string_view text) {
  std::size_t needed = used_ + text.size();
  reserve(needed);
  std::ranges::copy(text, text_.get() + used_);
  return std::exchange(used_, static_cast<std::uint32_t>(needed));
}

void Fields::add(std::string_view name, std::string_view value) {
  invariant(is_token(name), "a field name is a token");
  invariant(is_field_value(value), "a field value has no control bytes");
  reserve(used_ + name.size() + value.size());
  std::uint32_t at = append(name);
  entries_.push_back(
      {at, static_cast<std::uint32_t>(name.size()), append(value), static_cast<std::uint32_t>(value.size())});
}

void Fields::hold(std::string_view lines) {
  reserve(lines.size() + usual_additions);
  append(lines);
  entries_.reserve(usual_fields);
}

void Fields::add_held(std::string_view lines, std::string_view name, std::string_view value) {
  entries_.push_back(
      {static_cast<std::uint32_t>(name.data() - lines.data()), static_cast<std::uint32_t>(name.size()),
       static_cast<std::uint32_t>(value.data() - lines.data()), static_cast<std::uint32_t>(value.size())});
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::wipe_entry(const Entry& entry) {
  wipe(std::span<char>(text_.get() + entry.name, entry.name_length));
  wipe(std::span<char>(text_.get() + entry.value, entry.value_length));
}

std::size_t Fields::remove(std::string_view name) {
  return remove_if([name](const Field& field) { return same_ignoring_case(field.name, name); });
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i)
    if (Field field = (*this)[i]; same_ignoring_case(field.name, name)) return field.value;
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < size(); ++i) found += same_ignoring_case((*this)[i].name, name) ? 1 : 0;
  return found;
}

std::optional<Secret> Fields::take_secret(std::string_view name) {
  std::optional<std::string_view> value = find(name);
  if (!value) return std::nullopt;
  Secret secret(*value);
  remove(name);  // wipes
  return secret;
}

std::unique_ptr<Body> text_body(std::string text) {
  return std::make_unique<TextBody>(std::move(text));
}

Async<Result<std::string>> read_all(std::unique_ptr<Body> body, std::size_t limit) {
  std::string text;
  if (!body) co_return text;
  auto too_large = [limit] {
    return failure("BODY_TOO_LARGE", Fault::Caller, Retry::Never,
                   "the body is longer than the limit of " + std::to_string(limit) + " bytes");
  };
  std::uint64_t announced = body->length().value_or(0);
  if (announced > limit) co_return too_large();
  text.reserve(announced);
  for (;;) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return text;
    if (piece->size() > limit - text.size()) co_return too_large();
    make_room_in(text, piece->size());
    text.append(*piece);
  }
}

Response text_response(int status, std::string content_type, std::string text) {
  Response response;
  response.status = status;
  response.fields.add("Content-Type", content_type);
  response.body = text_body(std::move(text));
  return response;
}

}  // namespace hubward::http
